using System.Text;

namespace TokenStream.ClickHouse;

/// <summary>
/// ClickHouse's TabSeparated format: rows end with a line feed, fields are separated by tabs, both escaped by a backslash inside.
/// </summary>
internal static class TabSeparated
{
    /// <summary>The rows of an answer; a NULL (<c>\N</c>) is null.</summary>
    public static List<string?[]> ReadRows(string text)
    {
        var rows = new List<string?[]>();
        foreach (var line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var fields = line.Split('\t');
            rows.Add(Array.ConvertAll(fields, field => field == "\\N" ? null : Unescape(field)));
        }

        return rows;
    }

    /// <summary>A value as ClickHouse expects it in a query's parameter.</summary>
    public static string Escape(string value)
    {
        var text = new StringBuilder(value.Length + 8);
        foreach (var c in value)
        {
            _ = c switch
            {
                '\\' => text.Append("\\\\"),
                '\t' => text.Append("\\t"),
                '\n' => text.Append("\\n"),
                '\r' => text.Append("\\r"),
                '\0' => text.Append("\\0"),
                '\'' => text.Append("\\'"),
                _ => text.Append(c),
            };
        }

        return text.ToString();
    }

    private static string Unescape(string field)
    {
        if (!field.Contains('\\', StringComparison.Ordinal))
        {
            return field;
        }

        var text = new StringBuilder(field.Length);
        for (var i = 0; i < field.Length; i++)
        {
            if (field[i] != '\\' || i + 1 == field.Length)
            {
                text.Append(field[i]);
                continue;
            }

            i++;
            text.Append(field[i] switch { 't' => '\t', 'n' => '\n', 'r' => '\r', '0' => '\0', 'b' => '\b', 'f' => '\f', var c => c });
        }

        return text.ToString();
    }
}
