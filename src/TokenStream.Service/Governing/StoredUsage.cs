using System.Globalization;
using TokenStream.ClickHouse;
using TokenStream.Governing;
using TokenStream.Pricing;
using TokenStream.Scopes;
using TokenStream.Windowing;

namespace TokenStream.Service.Governing;

/// <summary>Usage of one attribution in one minute or hour, as the store has it.</summary>
internal readonly record struct StoredRow(long TimeMs, SimulatedUsage Usage);

/// <summary>
/// Usage as stored rollups tell it, in the measures that budgets count. The bound on unpriced usage is reckoned anew, for whole rows;
/// rollups do not hold users, nor the batch tier of unpriced usage.
/// </summary>
internal sealed class StoredUsage(ClickHouseClient client, PriceBook prices, RateSet configuredBound)
{
    private const int FirstSum = 7;
    private const int FirstUnpriced = 12;
    private const int Classes = 6;

    private const string Cost =
        "cost_input_usd + cost_cache_read_usd + cost_cache_write_5m_usd + cost_cache_write_1h_usd + cost_output_usd + cost_reasoning_usd + cost_units_usd";

    private const string Unpriced =
        "unpriced_input, unpriced_cache_read, unpriced_cache_write_5m, unpriced_cache_write_1h, unpriced_output, unpriced_reasoning";

    private const string Columns =
        "window_start, environment, tenant_id, app, feature, provider, model, price_cell, requests, tokens_in, tokens_out, rules_version, " +
        "cost_input_usd, cost_cache_read_usd, cost_cache_write_5m_usd, cost_cache_write_1h_usd, cost_output_usd, cost_reasoning_usd, cost_units_usd, " + Unpriced;

    private readonly UnpricedBounds _bounds = new(prices, configuredBound);
    private readonly Dictionary<string, UnpricedBound> _byProvider = new(StringComparer.Ordinal);

    /// <summary>The minutes of a span, half-open, by time.</summary>
    public async Task<IReadOnlyList<StoredRow>> ReadMinutesAsync(long fromMs, long untilMs, CancellationToken cancellation) => Rows(await client.QueryAsync(
        $"""
        SELECT toUnixTimestamp(window_start), {Sums}
        FROM tokenstream.counted_1m
        WHERE window_start >= toDateTime({Seconds(fromMs)}, 'UTC') AND window_start < toDateTime({Seconds(untilMs)}, 'UTC')
        GROUP BY window_start, environment, tenant_id, app, feature, provider, model
        ORDER BY window_start
        """,
        cancellation));

    /// <summary>
    /// What was computed under rules older than a version, of all windows from a time on, which is a whole minute. Minutes are taken before
    /// the first window of the version, windows of ten seconds from there on: a sealed minute tells only the highest version of its windows.
    /// </summary>
    public async Task<IReadOnlyList<StoredRow>> ReadBeforeAsync(long fromMs, long rulesVersion, CancellationToken cancellation)
    {
        var first = (await client.QueryAsync(
            string.Create(CultureInfo.InvariantCulture, $"SELECT toUnixTimestamp(toStartOfMinute(min(window_start))), count() FROM tokenstream.counted_10s WHERE part = 0 AND rules_version >= {rulesVersion}"),
            cancellation))[0];
        var mixedMs = first[1] == "0" ? long.MaxValue : long.Parse(first[0]!, CultureInfo.InvariantCulture) * 1000;
        var mixed = Seconds(Math.Clamp(mixedMs, fromMs, uint.MaxValue * 1000L));
        return Rows(await client.QueryAsync(
            string.Create(
                CultureInfo.InvariantCulture,
                $"""
                SELECT toUnixTimestamp(toStartOfHour(window_start)) AS hour, {Sums}
                FROM
                (
                    SELECT {Columns} FROM tokenstream.counted_1m
                    WHERE window_start >= toDateTime({Seconds(fromMs)}, 'UTC') AND window_start < toDateTime({mixed}, 'UTC') AND rules_version < {rulesVersion}
                    UNION ALL
                    SELECT {Columns} FROM tokenstream.counted_10s
                    WHERE window_start >= toDateTime({mixed}, 'UTC') AND rules_version < {rulesVersion}
                )
                GROUP BY hour, environment, tenant_id, app, feature, provider, model
                """),
            cancellation));
    }

    /// <summary>Cost and tokens of a scope's published spend, of all windows from a time on: users are told there alone.</summary>
    public async Task<SpendMeasures> ReadScopeAsync(Scope scope, long fromMs, CancellationToken cancellation)
    {
        var row = (await client.QueryAsync(
            $$"""
            SELECT toInt128(sum(cost_usd) * 1000000000000), sum(tokens) FROM tokenstream.spend_by_scope
            WHERE scope = {scope:String} AND window_start >= toDateTime({{Seconds(fromMs)}}, 'UTC')
            """,
            cancellation,
            ("scope", scope.Text)))[0];
        return new SpendMeasures { Cost = Int128.Parse(row[0]!, CultureInfo.InvariantCulture), Tokens = Long(row[1]) };
    }

    /// <summary>Whether everything that will still be stored is computed under a version or a later one.</summary>
    /// <remarks>
    /// A partition takes up new rules within a minute, at its next decision. One that has decided nothing for ten minutes has nothing open, and
    /// decides next under the newest.
    /// </remarks>
    public async Task<bool> IsPastAsync(long rulesVersion, CancellationToken cancellation)
    {
        var row = (await client.QueryAsync(
            string.Create(
                CultureInfo.InvariantCulture,
                $"""
                SELECT count(), countIf(version < {rulesVersion} AND written > now() - 600)
                FROM (SELECT argMax(rules_version, (epoch, decision)) AS version, max(written_at) AS written FROM tokenstream.marks GROUP BY topic, partition)
                """),
            cancellation))[0];
        return row[0] != "0" && row[1] == "0";
    }

    private static string Sums =>
        $"""
        environment, tenant_id, app, feature, provider, model,
        toInt128(sum({Cost}) * 1000000000000), toInt128(sumIf({Cost}, position(price_cell, '|tier=batch') > 0) * 1000000000000),
        sum(tokens_in + tokens_out), sumIf(tokens_in + tokens_out, position(price_cell, '|tier=batch') > 0), sum(requests),
        {string.Join(", ", Unpriced.Split(", ").Select(column => $"sum({column})"))}
        """;

    private static string Seconds(long timeMs) => (timeMs / 1000).ToString(CultureInfo.InvariantCulture);

    private StoredRow[] Rows(IReadOnlyList<string?[]> rows) => [.. rows.Select(Row)];

    private StoredRow Row(string?[] row)
    {
        var timeMs = long.Parse(row[0]!, CultureInfo.InvariantCulture) * 1000;
        var unpriced = default(PerTokenClass);
        for (var i = 0; i < Classes; i++)
        {
            unpriced[i] = Long(row[FirstUnpriced + i]);
        }

        var measures = new SpendMeasures
        {
            Cost = Int128.Parse(row[FirstSum]!, CultureInfo.InvariantCulture),
            BatchCost = Int128.Parse(row[FirstSum + 1]!, CultureInfo.InvariantCulture),
            UnpricedBound = BoundOf(row[5]!).Cost(unpriced, timeMs, out var unbound),
            Tokens = Long(row[FirstSum + 2]),
            BatchTokens = Long(row[FirstSum + 3]),
            Requests = Long(row[FirstSum + 4]),
        };
        measures.UnboundTokens = unbound;
        return new StoredRow(timeMs, new SimulatedUsage(["", row[1]!, row[2]!, row[3]!, row[4]!, row[5]!, row[6]!, ""], measures));
    }

    private UnpricedBound BoundOf(string provider) =>
        _byProvider.TryGetValue(provider, out var bound) ? bound : _byProvider[provider] = _bounds.Of(provider);

    private static long Long(string? text) => long.Parse(text!, CultureInfo.InvariantCulture);
}
