using System.Buffers;

namespace TokenStream.Chdb.Gate;

/// <summary>
/// Cuts SQL into tokens the way the engine does. The tokens cover every byte, in order, for any input whatever. The engine's own function
/// <c>tokenizeQuery</c> is the reference; where its rules are richer than a reader needs (signs beyond ASCII, names that begin with a digit
/// or a dollar, texts in hexadecimal), the token is <see cref="SqlTokenKind.Unsure"/> instead of a guess: a gate that reads a text
/// differently from the engine guards nothing.
/// </summary>
internal ref struct SqlTokenizer(ReadOnlySpan<byte> sql)
{
    private static readonly SearchValues<byte> HexDigits = SearchValues.Create("0123456789abcdefABCDEF"u8);
    private static readonly SearchValues<byte> DecimalDigits = SearchValues.Create("0123456789_"u8);

    private readonly ReadOnlySpan<byte> _sql = sql;
    private int _at;

    /// <summary>The next token; false at the end of the text.</summary>
    internal bool TryNext(out SqlToken token)
    {
        if (_at == _sql.Length)
        {
            token = default;
            return false;
        }
        var start = _at;
        var kind = Step(_sql[start..], out var length);
        // Behind a point the engine knows no hexadecimal: it cuts .0x1F into a number and a name.
        if (kind == SqlTokenKind.Number && start > 0 && _sql[start - 1] == (byte)'.' &&
            _sql[start..(start + length)].IndexOfAny((byte)'x', (byte)'X') >= 0)
        {
            kind = SqlTokenKind.Unsure;
        }
        _at += length;
        token = new SqlToken(kind, start, length);
        return true;
    }

    private static SqlTokenKind Step(ReadOnlySpan<byte> rest, out int length)
    {
        var first = rest[0];
        if (IsBlank(first))
        {
            length = 1;
            while (length < rest.Length && IsBlank(rest[length]))
            {
                length++;
            }
            return SqlTokenKind.Blank;
        }
        if (IsWord(first))
        {
            return WordOrNumber(rest, out length);
        }
        switch (first)
        {
            case (byte)'-' when rest.StartsWith("--"u8):
            case (byte)'/' when rest.StartsWith("//"u8):
            case (byte)'#' when rest.StartsWith("# "u8) || rest.StartsWith("#!"u8):
                var line = rest.IndexOf((byte)'\n');
                length = line < 0 ? rest.Length : line;
                return SqlTokenKind.Comment;
            case (byte)'/' when rest.StartsWith("/*"u8):
                return NestedComment(rest, out length);
            case (byte)'\'':
                return Quoted(rest, SqlTokenKind.Text, out length);
            case (byte)'`' or (byte)'"':
                return Quoted(rest, SqlTokenKind.QuotedName, out length);
            case (byte)'$':
                return Heredoc(rest, out length);
            default:
                length = 1;
                return "()[]{},.;:?*/+-%=<>!|"u8.Contains(first) ? SqlTokenKind.Symbol : SqlTokenKind.Unsure;
        }
    }

    /// <summary>The engine's white space within ASCII: tab, line feed, vertical tab, form feed, carriage return, space.</summary>
    private static bool IsBlank(byte value) => value is (byte)' ' or (>= 9 and <= 13);

    private static bool IsWord(byte value) => char.IsAsciiLetterOrDigit((char)value) || value == (byte)'_';

    private static SqlTokenKind WordOrNumber(ReadOnlySpan<byte> rest, out int length)
    {
        length = 1;
        while (length < rest.Length && (IsWord(rest[length]) || rest[length] == (byte)'$'))
        {
            length++;
        }
        var run = rest[..length];
        if (char.IsAsciiDigit((char)run[0]))
        {
            return IsNumber(run) ? SqlTokenKind.Number : SqlTokenKind.Unsure;
        }
        // x'41' and b'01' are texts whose inside knows no backslash.
        var prefixesText = length == 1 && rest.Length > 1 && rest[1] == (byte)'\'';
        return prefixesText ? SqlTokenKind.Unsure : SqlTokenKind.Word;
    }

    /// <summary>Decimal digits with single underscores and at most one exponent, or <c>0x</c> and hexadecimal digits.</summary>
    private static bool IsNumber(ReadOnlySpan<byte> run)
    {
        if (run.Length > 2 && run[0] == (byte)'0' && (run[1] | 0x20) == (byte)'x')
        {
            return run[2..].IndexOfAnyExcept(HexDigits) < 0;
        }
        var exponent = run.IndexOfAny((byte)'e', (byte)'E');
        var digits = exponent < 0 ? run : run[..exponent];
        var power = exponent < 0 ? [] : run[(exponent + 1)..];
        return power.IndexOfAnyExceptInRange((byte)'0', (byte)'9') < 0
            && digits.IndexOfAnyExcept(DecimalDigits) < 0
            && digits.IndexOf("__"u8) < 0
            && digits[^1] != (byte)'_';
    }

    private static SqlTokenKind NestedComment(ReadOnlySpan<byte> rest, out int length)
    {
        var depth = 1;
        length = 2;
        while (length + 1 < rest.Length)
        {
            var pair = rest.Slice(length, 2);
            if (pair.SequenceEqual("/*"u8))
            {
                depth++;
                length += 2;
            }
            else if (pair.SequenceEqual("*/"u8))
            {
                depth--;
                length += 2;
                if (depth == 0)
                {
                    return SqlTokenKind.Comment;
                }
            }
            else
            {
                length++;
            }
        }
        length = rest.Length;
        return SqlTokenKind.Unsure;
    }

    /// <summary>A backslash takes the next byte with it; the quote written twice stands for itself.</summary>
    private static SqlTokenKind Quoted(ReadOnlySpan<byte> rest, SqlTokenKind kind, out int length)
    {
        var quote = rest[0];
        for (var at = 1; at < rest.Length; at++)
        {
            if (rest[at] == (byte)'\\')
            {
                at++;
            }
            else if (rest[at] == quote)
            {
                if (at + 1 == rest.Length || rest[at + 1] != quote)
                {
                    length = at + 1;
                    return kind;
                }
                at++;
            }
        }
        length = rest.Length;
        return SqlTokenKind.Unsure;
    }

    private static SqlTokenKind Heredoc(ReadOnlySpan<byte> rest, out int length)
    {
        length = 1;
        var tagEnd = 1;
        while (tagEnd < rest.Length && IsWord(rest[tagEnd]))
        {
            tagEnd++;
        }
        if (tagEnd == rest.Length || rest[tagEnd] != (byte)'$')
        {
            return SqlTokenKind.Unsure;
        }
        var tag = rest[..(tagEnd + 1)];
        var close = rest[tag.Length..].IndexOf(tag);
        if (close < 0)
        {
            return SqlTokenKind.Unsure;
        }
        length = tag.Length + close + tag.Length;
        return SqlTokenKind.Heredoc;
    }
}
