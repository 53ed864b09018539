using System.Globalization;
using TokenStream.ClickHouse;
using TokenStream.Detection;

namespace TokenStream.Service.Detecting;

/// <summary>Reads the minutes of a place from the store as the detect stage sees them: what is zero, and what is missing.</summary>
internal sealed class StoredSeries(ClickHouseClient client)
{
    public const int StepSeconds = 60;

    /// <summary>A detector knows eight days: so much before the asked span is scored too, so that its first points have a past.</summary>
    public const long PastSeconds = 8 * 86_400;

    private const string Blocked = "sum(used.result_blocked_policy + used.result_blocked_budget)";
    private const string Served = $"(sum(used.requests) - {Blocked})";

    /// <summary>Adds a series of a measure for a place, from eight days before the asked span on.</summary>
    public async Task AddAsync(
        SeriesTable table, SeriesPath place, SeriesMeasure measure, long fromSeconds, long untilSeconds, CancellationToken cancellation)
    {
        var pastSeconds = fromSeconds - PastSeconds;
        var where = $"environment = {{environment:String}} AND tenant_id = {{tenant:String}} AND window_start >= {Time(pastSeconds)} AND " +
            $"window_start < {Time(untilSeconds)}" +
            (place.Feature is null ? "" : " AND feature = {feature:String}") + (place.Model is null ? "" : " AND model = {model:String}");
        (string, string)[] parameters =
        [
            ("environment", place.Environment), ("tenant", place.Tenant!), ("feature", place.Feature ?? ""), ("model", place.Model ?? ""),
        ];
        var rows = await client.QueryAsync(
            $"""
            SELECT toUnixTimestamp(window_start), toString({Expression(measure)})
            FROM tokenstream.usage_1m AS used WHERE {where} GROUP BY window_start ORDER BY window_start
            """,
            cancellation,
            parameters);
        var closed = (await client.QueryAsync(
            $"""
            SELECT toUnixTimestamp(min(through)) FROM
            (
                SELECT topic, partition, max(closed_through) AS through FROM tokenstream.marks
                WHERE (topic, partition) IN (SELECT topic, partition FROM tokenstream.counted_1m WHERE {where})
                GROUP BY topic, partition
            )
            """,
            cancellation,
            parameters))[0][0];
        var closedSeconds = Math.Max(0, long.Parse(closed ?? "0", CultureInfo.InvariantCulture));
        Add(table, Name(place, measure), measure.IsCount(), [.. rows.Select(Minute)], Math.Min(untilSeconds, closedSeconds));
    }

    /// <summary>
    /// A count begins with its first minute; from there on a minute without a row is zero, as far as everything is closed. Other measures have
    /// no value without requests. What is not closed yet is not known, and not zero.
    /// </summary>
    internal static void Add(
        SeriesTable table, string name, bool isCount, IReadOnlyList<(long Seconds, double Value)> rows, long closedSeconds)
    {
        if (rows.Count == 0 || rows[0].Seconds + StepSeconds > closedSeconds)
        {
            return;
        }

        var series = table.Names.Count;
        table.Names.Add(name);
        table.HasIsoTimes = true;
        var expected = rows[0].Seconds;
        foreach (var (seconds, value) in rows)
        {
            Fill(seconds);
            if (seconds + StepSeconds <= closedSeconds)
            {
                table.Add(series, seconds, value);
            }

            expected = seconds + StepSeconds;
        }

        Fill(closedSeconds - StepSeconds + 1);

        void Fill(long until)
        {
            for (; expected < until; expected += StepSeconds)
            {
                table.Add(series, expected, isCount ? 0 : double.NaN);
            }
        }
    }

    /// <summary>What an axis says.</summary>
    public static string Unit(SeriesMeasure measure) => measure switch
    {
        SeriesMeasure.Cost => "USD a minute",
        SeriesMeasure.CostPerRequest => "USD",
        SeriesMeasure.CacheShare or SeriesMeasure.ErrorShare => "share, 0 to 1",
        SeriesMeasure.TokensOutPerRequest => "tokens",
        SeriesMeasure.LatencyP95 or SeriesMeasure.TtftP95 => "ms",
        _ => "a minute",
    };

    private static string Name(SeriesPath place, SeriesMeasure measure) =>
        $"{AnomalyText.Subject(measure)} of {AnomalyText.Place(place)} ({Unit(measure)})";

    /// <summary>The sums of the store in the terms of the detect stage: refunds are no demand, blocked requests are in no mean.</summary>
    private static string Expression(SeriesMeasure measure) => measure switch
    {
        SeriesMeasure.Cost => "greatest(0, toFloat64(sum(used.cost_usd)))",
        SeriesMeasure.Requests => "greatest(0, sum(used.requests))",
        SeriesMeasure.TokensIn => "greatest(0, sum(used.tokens_in))",
        SeriesMeasure.TokensOut => "greatest(0, sum(used.tokens_out))",
        SeriesMeasure.Errors => "greatest(0, sum(used.result_error + used.result_timeout))",
        SeriesMeasure.CostPerRequest => $"if({Served} > 0, greatest(0, toFloat64(sum(used.cost_usd))) / {Served}, NULL)",
        SeriesMeasure.CacheShare =>
            $"if(sum(used.tokens_in) > 0 AND sum(used.cached_unknown) <= intDiv(sum(used.attempts) - {Blocked}, 10), " +
            "least(1, greatest(0, sum(used.tokens_cached) / sum(used.tokens_in))), NULL)",
        SeriesMeasure.ErrorShare =>
            $"if(sum(used.attempts) > {Blocked}, least(1, sum(used.result_error + used.result_timeout) / (sum(used.attempts) - {Blocked})), NULL)",
        SeriesMeasure.TokensOutPerRequest => $"if({Served} > 0, greatest(0, sum(used.tokens_out)) / {Served}, NULL)",
        SeriesMeasure.LatencyP95 => "tokenstream_quantile(sumMap(used.latency_ms_histogram), 0.95)",
        _ => "tokenstream_quantile(sumMap(used.ttft_ms_histogram), 0.95)",
    };

    private static (long Seconds, double Value) Minute(string?[] row) => (
        long.Parse(row[0]!, CultureInfo.InvariantCulture),
        row[1] is { } value ? double.Parse(value, CultureInfo.InvariantCulture) : double.NaN);

    private static string Time(long seconds) => string.Create(CultureInfo.InvariantCulture, $"toDateTime({Math.Max(0, seconds)}, 'UTC')");
}
