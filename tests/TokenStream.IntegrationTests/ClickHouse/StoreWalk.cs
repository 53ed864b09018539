using System.Globalization;
using TokenStream.ClickHouse;
using TokenStream.Pricing;
using TokenStream.Storage;
using TokenStream.Windowing;

namespace TokenStream.IntegrationTests.ClickHouse;

/// <summary>
/// One input partition's rollups in a store, under a topic and tenants of their own, beside a brute-force sum of every identity written:
/// <see cref="DifferencesAsync"/> compares all four views with it.
/// </summary>
internal sealed class StoreWalk(ClickHouseClient client, string name)
{
    public const int Partition = 3;
    public const int RollupsPartition = 1;

    private readonly Dictionary<(int Epoch, long Window, long Part, string Tenant, string Cell), Rollup> _written = [];

    public ClickHouseRollupStore Store { get; } = new(client);

    public string Topic => name;

    /// <summary>Only this tenant's rows are looked at; part of the name of each.</summary>
    public string Tenant(int number) => $"{name}-{number}";

    public Rollup Rollup(long windowMs, int tenant, long requests, Int128 cost, long part = 0, int epoch = 0, string cell = "cell") => new()
    {
        Block = new RollupBlockHeader(epoch, Topic, Partition, windowMs, part, Math.Max(1, part), 100, 7, Final: true),
        Key = new RollupKey("prod", Tenant(tenant), "app", "search", "openai", "gpt-5", "v1", "", "", "", "", cell),
        Measures = new RollupMeasures
        {
            Events = requests,
            Requests = requests,
            Attempts = requests,
            Ok = requests,
            TokensIn = requests * 10,
            TokensOut = requests * 3,
            CostInput = cost,
            CostOutput = cost * 2,
            ListCost = cost * 4,
            Unpriced = Unpriced(requests),
        },
        LatencyMs = new SparseHistogram([(ushort)HistogramScale.Bucket(100), (ushort)HistogramScale.Bucket(5000)], [requests, 1]),
        Users = new SparseRegisters([(ushort)(tenant * 7), (ushort)(windowMs / 10_000 % 4096)], [3, 1]),
    };

    public Task InsertAsync(params Rollup[] rollups)
    {
        foreach (var rollup in rollups)
        {
            _written[(rollup.Block.Epoch, rollup.Block.WindowStartMs, rollup.Block.Part, rollup.Key.TenantId, rollup.Key.PriceCell)] = rollup;
        }

        return Store.InsertAsync(RollupsPartition, rollups, CancellationToken.None);
    }

    public SealRange Range(Grain grain, long sinceMs, long uptoMs, int epoch = 0) => new(epoch, Topic, Partition, RollupsPartition, grain, sinceMs, uptoMs);

    public Task SealAsync(Grain grain, long sinceMs, long uptoMs) => Store.SealAsync(Range(grain, sinceMs, uptoMs), CancellationToken.None);

    public Task PublishAsync(Grain grain, long uptoMs) => Store.PublishSealAsync(Range(grain, 0, uptoMs), CancellationToken.None);

    /// <summary>Lets the seals said so far have settled: says them again as of an hour and a half ago.</summary>
    public Task SettleAsync() => client.ExecuteAsync(
        """
        INSERT INTO tokenstream.seals SELECT * REPLACE (published_at - 5400 AS published_at)
        FROM tokenstream.seals WHERE topic = {topic:String}
        """,
        CancellationToken.None,
        ("topic", Topic));

    /// <summary>Void from a time on: the brute force forgets the rows of lower epochs.</summary>
    public Task ResetAsync(int epoch, long startMs)
    {
        foreach (var identity in _written.Keys.Where(key => key.Epoch < epoch && key.Window >= startMs).ToList())
        {
            _written.Remove(identity);
        }

        return Store.RecordResetAsync(Topic, Partition, epoch, startMs, CancellationToken.None);
    }

    /// <summary>Says where the views differ from the sums of what was written; empty where they do not.</summary>
    public async Task<string> DifferencesAsync()
    {
        var differences = new List<string>();
        foreach (var (view, ms) in new[] { ("10s", 10_000L), ("1m", 60_000L), ("1h", 3_600_000L), ("1d", 86_400_000L) })
        {
            var expected = _written.Values
                .GroupBy(rollup => (Window: rollup.Block.WindowStartMs / ms * ms / 1000, rollup.Key.TenantId))
                .ToDictionary(group => group.Key, Expected);
            foreach (var row in await ViewAsync(view))
            {
                var key = (long.Parse(row[0]!, CultureInfo.InvariantCulture), row[1]!);
                var got = string.Join(' ', row.Skip(2));
                if (!expected.Remove(key, out var want) || want != got)
                {
                    differences.Add($"{view} {key}: {got} instead of {want ?? "nothing"}");
                }
            }

            differences.AddRange(expected.Select(entry => $"{view} {entry.Key}: nothing instead of {entry.Value}"));
        }

        return string.Join('\n', differences);
    }

    private Task<IReadOnlyList<string?[]>> ViewAsync(string grain) => client.QueryAsync(
        $$"""
        SELECT toUnixTimestamp(window_start), tenant_id, requests, tokens_in, tokens_out, toString(cost_usd), toString(list_cost_usd), unpriced_tokens,
            late_requests, arraySum(mapValues(latency_ms_histogram)), length(users_sketch)
        FROM tokenstream.usage_{{grain}} WHERE startsWith(tenant_id, {name:String})
        """,
        CancellationToken.None,
        ("name", name + "-"));

    private static string Expected(IEnumerable<Rollup> group)
    {
        var rows = group.ToList();
        var cost = rows.Aggregate(Int128.Zero, (sum, rollup) => sum + rollup.Measures.Cost);
        var list = rows.Aggregate(Int128.Zero, (sum, rollup) => sum + rollup.Measures.ListCost);
        return string.Join(
            ' ',
            rows.Sum(rollup => rollup.Measures.Requests),
            rows.Sum(rollup => rollup.Measures.TokensIn),
            rows.Sum(rollup => rollup.Measures.TokensOut),
            Dollars(cost),
            Dollars(list),
            rows.Sum(rollup => rollup.Measures.Unpriced[(int)TokenClass.Input] + rollup.Measures.Unpriced[(int)TokenClass.Reasoning]),
            rows.Where(rollup => rollup.Block.Part > 0).Sum(rollup => rollup.Measures.Requests),
            rows.Sum(rollup => rollup.LatencyMs.Counts.Sum()),
            rows.SelectMany(rollup => rollup.Users.Registers).Distinct().Count());
    }

    /// <summary>Picodollars as ClickHouse spells a Decimal: without trailing zeros.</summary>
    private static string Dollars(Int128 pico)
    {
        var digits = Int128.Abs(pico).ToString(CultureInfo.InvariantCulture).PadLeft(13, '0');
        var fraction = digits[^12..].TrimEnd('0');
        return (pico < 0 ? "-" : "") + digits[..^12] + (fraction.Length > 0 ? "." + fraction : "");
    }

    private static PerTokenClass Unpriced(long requests)
    {
        var unpriced = default(PerTokenClass);
        unpriced[(int)TokenClass.Input] = requests;
        unpriced[(int)TokenClass.Reasoning] = 1;
        unpriced[(int)TokenClass.Units] = 1_000;
        return unpriced;
    }
}
