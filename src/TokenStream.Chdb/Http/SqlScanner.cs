namespace TokenStream.Chdb.Http;

/// <summary>What a token of SQL is, as far as finding an INSERT's data and an answer's FORMAT needs it.</summary>
internal enum SqlToken
{
    /// <summary>The text is over.</summary>
    End,

    /// <summary>A bare word: keyword or identifier.</summary>
    Word,

    /// <summary>A name in backquotes or double quotes.</summary>
    QuotedName,

    /// <summary>A text or heredoc.</summary>
    Text,

    /// <summary>A number, or any one other character.</summary>
    Other,

    /// <summary>A quote or comment that does not end.</summary>
    Unfinished,
}

/// <summary>
/// Walks over SQL token by token, skipping blanks and comments. It never fails: what it does not know is <see cref="SqlToken.Other"/>.
/// </summary>
internal ref struct SqlScanner(ReadOnlySpan<byte> sql)
{
    private readonly ReadOnlySpan<byte> _sql = sql;

    /// <summary>Where the last token begins.</summary>
    internal int Start { get; private set; }

    /// <summary>Where the last token ends; the next one is looked for from here.</summary>
    internal int End { get; private set; }

    internal readonly ReadOnlySpan<byte> Current => _sql[Start..End];

    internal readonly bool Is(ReadOnlySpan<byte> word) => System.Text.Ascii.EqualsIgnoreCase(Current, word);

    internal SqlToken Next()
    {
        if (!SkipBlanks())
        {
            Start = _sql.Length;
            End = _sql.Length;
            return SqlToken.Unfinished;
        }
        Start = End;
        if (Start == _sql.Length)
        {
            return SqlToken.End;
        }
        var first = _sql[Start];
        if (IsWord(first) && !char.IsAsciiDigit((char)first))
        {
            End = WordEnd(Start);
            return SqlToken.Word;
        }
        switch (first)
        {
            case (byte)'\'':
                return Quoted(SqlToken.Text);
            case (byte)'`' or (byte)'"':
                return Quoted(SqlToken.QuotedName);
            case (byte)'$':
                return Heredoc();
            default:
                End = char.IsAsciiDigit((char)first) ? WordEnd(Start) : Start + 1;
                return SqlToken.Other;
        }
    }

    private static bool IsWord(byte value) => char.IsAsciiLetterOrDigit((char)value) || value == (byte)'_' || value >= 0x80;

    private readonly int WordEnd(int from)
    {
        while (from < _sql.Length && IsWord(_sql[from]))
        {
            from++;
        }
        return from;
    }

    private SqlToken Quoted(SqlToken kind)
    {
        var quote = _sql[Start];
        for (var at = Start + 1; at < _sql.Length; at++)
        {
            if (_sql[at] == (byte)'\\')
            {
                at++;
            }
            else if (_sql[at] == quote)
            {
                if (at + 1 == _sql.Length || _sql[at + 1] != quote)
                {
                    End = at + 1;
                    return kind;
                }
                at++;
            }
        }
        End = _sql.Length;
        return SqlToken.Unfinished;
    }

    private SqlToken Heredoc()
    {
        var tagEnd = WordEnd(Start + 1);
        if (tagEnd == _sql.Length || _sql[tagEnd] != (byte)'$')
        {
            End = Start + 1;
            return SqlToken.Other;
        }
        var tag = _sql[Start..(tagEnd + 1)];
        var close = _sql[(tagEnd + 1)..].IndexOf(tag);
        End = close < 0 ? _sql.Length : tagEnd + 1 + close + tag.Length;
        return close < 0 ? SqlToken.Unfinished : SqlToken.Text;
    }

    /// <summary>False where a comment does not end.</summary>
    private bool SkipBlanks()
    {
        while (End < _sql.Length)
        {
            var rest = _sql[End..];
            if (rest[0] <= (byte)' ')
            {
                End++;
            }
            else if (rest.StartsWith("--"u8) || rest.StartsWith("#!"u8) || rest.StartsWith("# "u8))
            {
                var line = rest.IndexOf((byte)'\n');
                End = line < 0 ? _sql.Length : End + line + 1;
            }
            else if (rest.StartsWith("/*"u8))
            {
                if (!SkipComment())
                {
                    return false;
                }
            }
            else
            {
                return true;
            }
        }
        return true;
    }

    /// <summary>ClickHouse's comments nest.</summary>
    private bool SkipComment()
    {
        var depth = 0;
        for (; End + 1 < _sql.Length; End++)
        {
            if (_sql[End] == (byte)'/' && _sql[End + 1] == (byte)'*')
            {
                depth++;
                End++;
            }
            else if (_sql[End] == (byte)'*' && _sql[End + 1] == (byte)'/')
            {
                End++;
                if (--depth == 0)
                {
                    End++;
                    return true;
                }
            }
        }
        return false;
    }
}
