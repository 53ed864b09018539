namespace TokenStream.ClickHouse;

/// <summary>Cuts a file of SQL into its statements, at semicolons outside of texts, quoted names and comments.</summary>
internal static class SqlStatements
{
    /// <summary>
    /// The statements, without comments around them; those inside of one stay. Throws <see cref="FormatException"/> where a text does not
    /// end.
    /// </summary>
    public static List<string> Split(string sql)
    {
        var statements = new List<string>();
        var start = 0;
        var empty = true;
        for (var i = 0; i < sql.Length;)
        {
            var end = SkipComment(sql, i);
            if (end > i)
            {
                // Comments in front of a statement belong to the file.
                i = end;
                start = empty ? i : start;
                continue;
            }

            if (sql[i] == ';')
            {
                Add(statements, sql[start..i], empty);
                start = ++i;
                empty = true;
                continue;
            }

            empty &= char.IsWhiteSpace(sql[i]);
            i = sql[i] is '\'' or '"' or '`' ? SkipQuoted(sql, i) : sql[i] == '$' ? SkipHeredoc(sql, i) : i + 1;
        }

        Add(statements, sql[start..], empty);
        return statements;
    }

    private static void Add(List<string> statements, string text, bool empty)
    {
        if (!empty)
        {
            statements.Add(text.Trim());
        }
    }

    private static int SkipComment(string sql, int i)
    {
        if (sql.AsSpan(i).StartsWith("--"))
        {
            var end = sql.IndexOf('\n', i);
            return end < 0 ? sql.Length : end + 1;
        }

        if (!sql.AsSpan(i).StartsWith("/*"))
        {
            return i;
        }

        var close = sql.IndexOf("*/", i + 2, StringComparison.Ordinal);
        return close < 0 ? throw new FormatException("A comment does not end.") : close + 2;
    }

    private static int SkipQuoted(string sql, int i)
    {
        var quote = sql[i];
        for (i++; i < sql.Length; i++)
        {
            if (sql[i] == '\\')
            {
                i++;
            }
            else if (sql[i] == quote)
            {
                // A doubled quote is one inside of the text: it begins the rest of it here.
                return i + 1;
            }
        }

        throw new FormatException($"A text in {quote} does not end.");
    }

    /// <summary>A text between two equal <c>$tag$</c>; a lone dollar sign is none.</summary>
    private static int SkipHeredoc(string sql, int i)
    {
        var end = i + 1;
        while (end < sql.Length && (char.IsAsciiLetterOrDigit(sql[end]) || sql[end] == '_'))
        {
            end++;
        }

        if (end == sql.Length || sql[end] != '$')
        {
            return i + 1;
        }

        var tag = sql[i..(end + 1)];
        var close = sql.IndexOf(tag, end + 1, StringComparison.Ordinal);
        return close < 0 ? throw new FormatException($"A text in {tag} does not end.") : close + tag.Length;
    }
}
