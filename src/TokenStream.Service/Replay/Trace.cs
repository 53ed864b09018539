using System.Globalization;
using TokenStream.Service.Node;

namespace TokenStream.Service.Replay;

/// <summary>One request of a trace.</summary>
internal sealed record TraceRow(long Number, long TimeMs, long TokensIn, long TokensOut)
{
    public long? TokensCached { get; init; }

    public long? LatencyMs { get; init; }

    public long? TtftMs { get; init; }

    public string? Model { get; init; }

    public string? Provider { get; init; }

    public string? Tenant { get; init; }

    public string? App { get; init; }

    public string? Feature { get; init; }

    public string? User { get; init; }

    public string? Session { get; init; }

    public string? PromptHash { get; init; }

    public bool Failed { get; init; }
}

/// <summary>A trace in memory, in order of time.</summary>
internal sealed class Trace
{
    /// <summary>Where traces begin that tell only the time since their start.</summary>
    private static readonly DateTimeOffset RelativeStart = new(2024, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>More than any count an event may have, and in seconds still less than 64 bits of milliseconds.</summary>
    private const long MostNumber = 1_000_000_000_000_000;

    private Trace(IReadOnlyList<TraceRow> rows) => Rows = rows;

    public IReadOnlyList<TraceRow> Rows { get; }

    /// <summary>Reads a CSV file, gzipped or not. Throws <see cref="FormatException"/> with line and column where it is none.</summary>
    public static Trace Read(string file, string? map)
    {
        using var text = new StreamReader(TextFiles.Open(file));
        return Read(text, map);
    }

    public static Trace Read(TextReader text, string? map)
    {
        var csv = new CsvReader(text);
        var header = csv.Read() ?? throw new FormatException("the trace is empty");
        var columns = TraceMap.For(header, map);
        var rows = new List<TraceRow>();
        while (csv.Read() is { } row)
        {
            if (row is not [""])
            {
                rows.Add(ReadRow(columns, row, rows.Count, csv.Line));
            }
        }

        // Ties keep the order of the file, so that the same file gives the same events.
        return rows.Count > 0 ? new Trace([.. rows.OrderBy(r => r.TimeMs)]) : throw new FormatException("the trace has no rows");
    }

    private static TraceRow ReadRow(TraceMap map, List<string> row, long number, int line)
    {
        var tokensIn = Whole(map, "tokens_in", row, line) ?? 0;
        var cached = Whole(map, "tokens_cached", row, line);
        if (Decimal(map, "cached_percent", row, line) is { } percent)
        {
            cached = (long)Math.Floor(tokensIn * Math.Clamp(percent, 0, 100) / 100);
        }

        return new TraceRow(number, Time(map, row, line), tokensIn, Whole(map, "tokens_out", row, line) ?? 0)
        {
            TokensCached = cached,
            LatencyMs = Duration(map, "latency", row, line),
            TtftMs = Duration(map, "ttft", row, line),
            Model = map.Text("model", row),
            Provider = map.Text("provider", row),
            Tenant = map.Text("tenant", row),
            App = map.Text("app", row),
            Feature = map.Text("feature", row),
            User = map.Text("user", row),
            Session = map.Text("session", row),
            PromptHash = map.Text("prompt_hash", row),
            Failed = IsTrue(map.Text("failed", row)) || map.Text("succeeded", row) is { } succeeded && !IsTrue(succeeded),
        };
    }

    private static bool IsTrue(string? text) => string.Equals(text, "true", StringComparison.OrdinalIgnoreCase) || text == "1";

    private static long Time(TraceMap map, List<string> row, int line)
    {
        var text = map.Text("time", row, out var unit) ?? throw new FormatException($"line {line}: the time is missing");
        if (unit == "iso")
        {
            return DateTimeOffset.TryParse(
                text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time)
                ? time.ToUnixTimeMilliseconds()
                : throw new FormatException($"line {line}: '{text}' is not a time");
        }

        var number = Decimal(map, "time", row, line)!.Value;
        var ms = (long)Math.Floor(unit.EndsWith("ms", StringComparison.Ordinal) ? number : number * 1000);
        return map.IsRelative ? RelativeStart.ToUnixTimeMilliseconds() + ms : ms;
    }

    private static long? Duration(TraceMap map, string field, List<string> row, int line)
    {
        if (map.Text(field, row, out var unit) is null)
        {
            return null;
        }

        var value = Decimal(map, field, row, line)!.Value;
        return Math.Max(0, (long)Math.Round(unit == "s" ? value * 1000 : value));
    }

    private static long? Whole(TraceMap map, string field, List<string> row, int line) =>
        Decimal(map, field, row, line) is not { } value ? null
        : value == Math.Floor(value) && value >= 0 ? (long)value
        : throw new FormatException($"line {line}: {field} is '{value}', not a count");

    private static decimal? Decimal(TraceMap map, string field, List<string> row, int line)
    {
        if (map.Text(field, row) is not { } text)
        {
            return null;
        }

        return decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && Math.Abs(value) <= MostNumber
            ? value
            : throw new FormatException($"line {line}: {field} is '{text}', not a number of at most {MostNumber}");
    }
}
