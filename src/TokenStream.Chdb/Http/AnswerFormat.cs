using System.Collections.Frozen;
using System.Text;

namespace TokenStream.Chdb.Http;

/// <summary>What an answer's format means for sending it.</summary>
/// <param name="Name">As the statement or the request spells it.</param>
/// <param name="ContentType">For the response header.</param>
/// <param name="CanStream">
/// True where blocks formatted one by one and put behind each other are one answer, but for a head that each repeats. The engine formats
/// each block on its own, so JSON, Parquet and all that have a foot must be formatted whole.
/// </param>
/// <param name="Head">What each block begins with.</param>
internal sealed record AnswerFormat(string Name, string ContentType, bool CanStream, BlockHead Head)
{
    private static readonly FrozenDictionary<string, BlockHead> Streamed = Heads().ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    /// <summary>Whether this is the binary format of ClickHouse's own clients.</summary>
    internal bool IsNative => Name.Equals("Native", StringComparison.OrdinalIgnoreCase);

    /// <summary>The format of a name; one that the engine does not know it will refuse itself.</summary>
    internal static AnswerFormat Of(string name)
    {
        var canStream = Streamed.TryGetValue(name, out var head);
        return new AnswerFormat(name, TypeOf(name), canStream, head);
    }

    /// <summary>The FORMAT clause that a statement ends with, or null where it has none.</summary>
    internal static (string Name, int Start, int End)? Named(ReadOnlySpan<byte> sql)
    {
        (string, int, int)? named = null;
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
                var start = scanner.Start;
                named = scanner.Next() == SqlToken.Word ? (Encoding.UTF8.GetString(scanner.Current), start, scanner.End) : named;
            }
        }
        return named;
    }

    private static Dictionary<string, BlockHead> Heads()
    {
        var heads = new Dictionary<string, BlockHead>();
        string[] without =
        [
            "TabSeparated", "TSV", "TabSeparatedRaw", "TSVRaw", "Raw", "CSV", "TSKV", "LineAsString", "RawBLOB", "JSONEachRow", "JSONLines",
            "NDJSON", "JSONCompactEachRow", "JSONStringsEachRow", "JSONCompactStringsEachRow", "RowBinary", "Native", "MsgPack", "Null",
        ];
        foreach (var name in without)
        {
            heads[name] = BlockHead.None;
        }
        foreach (var name in new[] { "TabSeparated", "TSV", "JSONCompactEachRow", "JSONCompactStringsEachRow" })
        {
            heads[name + "WithNames"] = BlockHead.Line;
            heads[name + "WithNamesAndTypes"] = BlockHead.TwoLines;
        }
        heads["CSVWithNames"] = BlockHead.QuotedLine;
        heads["CSVWithNamesAndTypes"] = BlockHead.TwoQuotedLines;
        heads["RowBinaryWithNames"] = BlockHead.BinaryNames;
        heads["RowBinaryWithNamesAndTypes"] = BlockHead.BinaryNamesAndTypes;
        return heads;
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
            return Holds("EachRow") || Holds("Lines") || Begins("NDJSON")
                ? "application/x-ndjson; charset=UTF-8"
                : "application/json; charset=UTF-8";
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
