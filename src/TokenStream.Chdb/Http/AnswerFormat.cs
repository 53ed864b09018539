using System.Collections.Frozen;
using System.Text;

namespace TokenStream.Chdb.Http;

/// <summary>What an answer's format means for sending it.</summary>
/// <param name="Name">As ClickHouse spells it.</param>
/// <param name="ContentType">For the response header.</param>
/// <param name="CanStream">
/// True where blocks formatted one by one and put behind each other are one answer. The engine formats each block on its own, so JSON,
/// Parquet and all that have a head or foot must be formatted whole.
/// </param>
internal sealed record AnswerFormat(string Name, string ContentType, bool CanStream)
{
    private static readonly FrozenSet<string> Streamed = FrozenSet.ToFrozenSet(
        [
            "TabSeparated", "TSV", "TabSeparatedRaw", "TSVRaw", "Raw", "CSV", "TSKV", "LineAsString", "RawBLOB", "JSONEachRow", "JSONLines", "NDJSON",
            "JSONCompactEachRow", "JSONStringsEachRow", "JSONCompactStringsEachRow", "RowBinary", "Native", "MsgPack", "Null",
        ],
        StringComparer.OrdinalIgnoreCase);

    /// <summary>The format of a name; one that the engine does not know it will refuse itself.</summary>
    internal static AnswerFormat Of(string name) => new(name, TypeOf(name), Streamed.Contains(name));

    /// <summary>The FORMAT that ends a statement, or null where it names none.</summary>
    internal static string? Named(ReadOnlySpan<byte> sql)
    {
        string? named = null;
        var scanner = new SqlScanner(sql);
        var depth = 0;
        for (var token = scanner.Next(); token is not (SqlToken.End or SqlToken.Unfinished); token = scanner.Next())
        {
            if (token == SqlToken.Other)
            {
                depth += scanner.Current[0] switch { (byte)'(' => 1, (byte)')' => -1, _ => 0 };
            }
            else if (token == SqlToken.Word && depth == 0 && scanner.Is("FORMAT"u8))
            {
                named = scanner.Next() == SqlToken.Word ? Encoding.UTF8.GetString(scanner.Current) : named;
            }
        }
        return named;
    }

    private static string TypeOf(string name)
    {
        bool Begins(string start) => name.StartsWith(start, StringComparison.OrdinalIgnoreCase);
        bool Holds(string part) => name.Contains(part, StringComparison.OrdinalIgnoreCase);
        if (Begins("TabSeparated") || Begins("TSV") || Begins("TSKV") || Begins("Raw"))
        {
            return "text/tab-separated-values; charset=UTF-8";
        }
        if (Begins("CSV"))
        {
            return $"text/csv; charset=UTF-8; header={(Holds("WithNames") ? "present" : "absent")}";
        }
        if (Begins("JSON") || Begins("NDJSON"))
        {
            return Holds("EachRow") || Holds("Lines") || Begins("NDJSON") ? "application/x-ndjson; charset=UTF-8" : "application/json; charset=UTF-8";
        }
        if (Begins("XML"))
        {
            return "application/xml; charset=UTF-8";
        }
        return Begins("Pretty") || Begins("Values") || Begins("Vertical") || Begins("Markdown") || Begins("LineAs")
            ? "text/plain; charset=UTF-8"
            : "application/octet-stream";
    }
}
