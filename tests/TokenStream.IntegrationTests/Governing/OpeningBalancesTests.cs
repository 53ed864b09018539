using Microsoft.Extensions.Logging.Abstractions;
using TokenStream.ClickHouse;
using TokenStream.IntegrationTests.ClickHouse;
using TokenStream.Pricing;
using TokenStream.Scopes;
using TokenStream.Service.Governing;
using TokenStream.Service.Node;
using TokenStream.Storage;
using TokenStream.Windowing;
using Xunit;

namespace TokenStream.IntegrationTests.Governing;

/// <summary>
/// What tenants had spent before a pattern was known, as the store's SQL has it, beside a sum over every window and correction written. Two
/// input partitions take the pattern up in the middle of different minutes; minutes are sealed over that, corrections of either rules come
/// after it, and the period begins in the middle of it all.
/// </summary>
public sealed class OpeningBalancesTests(EmbeddedStore embedded) : IClassFixture<EmbeddedStore>
{
    private const long Window = 10_000;
    private const long Minute = 60_000;
    private const long Older = 3;
    private const long Newer = 7;
    private const string Each = "tenant=<each>";

    // 2026-04-01, 00:00 UTC: the period's start.
    private const long Start = 1_775_001_600_000;

    // When the two partitions take the pattern up: within minutes, neither at their beginning.
    private static readonly long[] TakenUpMs = [Start + (2 * Minute) + (3 * Window), Start + (3 * Minute) + (2 * Window)];

    [FactNeeding("engine")]
    public async Task They_equal_a_sum_over_all_that_older_rules_computed_in_the_period()
    {
        var store = new ClickHouseRollupStore(embedded.Client);
        var clock = new ManualTime();
        var balances = new OpeningBalances(embedded.Client, clock, NullLogger.Instance);
        var written = Rollups(new Random(5));
        await InsertAsync(store, written, partition: 0);
        await store.InsertMarksAsync(0, [Mark(0, 1, Newer)], CancellationToken.None);
        await store.InsertMarksAsync(0, [Mark(1, 1, Older)], CancellationToken.None);

        // One partition still decides under older rules: nothing is certain.
        Assert.Empty(await ReadAsync(balances));
        await InsertAsync(store, written, partition: 1);
        await store.InsertMarksAsync(0, [Mark(1, 2, Newer)], CancellationToken.None);
        Assert.Empty(await ReadAsync(balances));
        clock.Advance(TimeSpan.FromSeconds(29));
        Assert.Empty(await ReadAsync(balances));
        clock.Advance(TimeSpan.FromSeconds(1));
        var before = Assert.Single(await ReadAsync(balances));
        Assert.Equal((Each, Start), (before.Pattern, before.PeriodStartMs));
        Assert.Equal(Expected(written), Told(before.Balances));

        // Minutes are sealed over the mixed ones: a sealed minute tells only the newest rules of its windows.
        for (var partition = 0; partition < TakenUpMs.Length; partition++)
        {
            var range = new SealRange(0, "openings", partition, 0, Grain.Minute, 0, Start + (5 * Minute));
            await store.SealAsync(range, CancellationToken.None);
            await store.PublishSealAsync(range, CancellationToken.None);
        }

        await embedded.Client.ExecuteAsync(
            "INSERT INTO tokenstream.seals SELECT * REPLACE (published_at - 5400 AS published_at) FROM tokenstream.seals", CancellationToken.None);
        Assert.Empty(await ReadAsync(balances));
        clock.Advance(TimeSpan.FromSeconds(30));
        Assert.Equal(Expected(written), Told(Assert.Single(await ReadAsync(balances)).Balances));

        // A late correction under older rules, between two readings: they have to agree first.
        Assert.Empty(await ReadAsync(balances));
        Rollup[] late = [Rollup(0, Start + Minute, 0, 77, part: 9, Older)];
        await store.InsertAsync(0, late, CancellationToken.None);
        clock.Advance(TimeSpan.FromSeconds(30));
        Assert.Empty(await ReadAsync(balances));
        clock.Advance(TimeSpan.FromSeconds(30));
        Assert.Equal(Expected([.. written, .. late]), Told(Assert.Single(await ReadAsync(balances)).Balances));
    }

    private static Task<IReadOnlyList<TokenStream.Governing.Ledger.PatternOpening>> ReadAsync(OpeningBalances balances) =>
        balances.ReadAsync([(Each, Start)], [Rules(Older), Rules(Newer, Each)], CancellationToken.None);

    private static SortedDictionary<string, (Int128 Cost, long Tokens, long Requests)> Told(IReadOnlyDictionary<Scope, SpendMeasures> balances) =>
        new(balances.ToDictionary(pair => pair.Key.Text, pair => (pair.Value.Cost, pair.Value.Tokens, pair.Value.Requests)), StringComparer.Ordinal);

    /// <summary>By brute force: no view, no grain, no seal.</summary>
    private static SortedDictionary<string, (Int128 Cost, long Tokens, long Requests)> Expected(IEnumerable<Rollup> rollups) => new(
        rollups.Where(rollup => rollup.Block.RulesVersion < Newer && rollup.Block.WindowStartMs >= Start)
            .GroupBy(rollup => $"tenant={rollup.Key.TenantId}")
            .ToDictionary(group => group.Key, group => (
                group.Aggregate(Int128.Zero, (sum, rollup) => sum + rollup.Measures.CostInput + rollup.Measures.CostOutput),
                group.Sum(rollup => rollup.Measures.TokensIn + rollup.Measures.TokensOut),
                group.Sum(rollup => rollup.Measures.Requests))),
        StringComparer.Ordinal);

    private static Rollup[] Rollups(Random random)
    {
        var rollups = new List<Rollup>();
        for (var partition = 0; partition < TakenUpMs.Length; partition++)
        {
            for (var window = Start - (2 * Minute); window < Start + (6 * Minute); window += Window)
            {
                var rules = window < TakenUpMs[partition] ? Older : Newer;
                for (var tenant = 0; tenant < 3; tenant++)
                {
                    rollups.Add(Rollup(partition, window, tenant, random.Next(1, 1000), part: 0, rules));
                    if (random.Next(3) == 0)
                    {
                        // Decided before the pattern was taken up, or after; of a newer window only after.
                        rollups.Add(Rollup(partition, window, tenant, random.Next(1, 1000), part: 5, rules == Newer ? Newer : random.Next(2) == 0 ? Older : Newer));
                    }
                }
            }
        }

        // A tenant that is there before the period alone, and one that comes with the pattern.
        rollups.Add(Rollup(0, Start - Window, 8, 50, part: 0, Older));
        rollups.Add(Rollup(0, TakenUpMs[0], 9, 50, part: 0, Newer));
        return [.. rollups];
    }

    private static Rollup Rollup(int partition, long windowMs, int tenant, int amount, long part, long rules) => new()
    {
        Block = new RollupBlockHeader(0, "openings", partition, windowMs, part, Math.Max(1, part), 100, rules, Final: true),
        Key = new RollupKey("prod", $"t{tenant}", "app", "search", "openai", "gpt-5", "v1", "", "", "", "", "cell"),
        Measures = new RollupMeasures
        {
            Events = amount,
            Requests = amount,
            Attempts = amount,
            Ok = amount,
            TokensIn = amount * 10,
            TokensOut = amount * 3,
            CostInput = amount * (Int128)1_000_000_007,
            CostOutput = amount,
            ListCost = amount,
        },
        LatencyMs = new SparseHistogram([(ushort)HistogramScale.Bucket(100)], [amount]),
        Users = new SparseRegisters([(ushort)tenant], [3]),
    };

    private static async Task InsertAsync(ClickHouseRollupStore store, Rollup[] rollups, int partition)
    {
        foreach (var part in new[] { 0L, 5L })
        {
            var block = rollups.Where(rollup => rollup.Block.Partition == partition && rollup.Block.Part == part).ToArray();
            await store.InsertAsync(0, block, CancellationToken.None);
        }
    }

    private static Mark Mark(int partition, long decision, long rules) => new()
    {
        Epoch = 0, Topic = "openings", Partition = partition, Decision = decision, Position = 100, ClosedThroughMs = Start, StreamTimeMs = Start,
        RulesVersion = rules, NeededOffset = 100, IdsFrom = 0, Counts = new MarkCounts(1, 1, 0, 0, 0, 0, new Dictionary<string, long>()),
    };

    private static RulesRecord Rules(long version, params string[] patterns) => new()
    {
        Version = version,
        Source = "start",
        By = "",
        At = DateTimeOffset.UnixEpoch,
        Prices = PriceBookWriter.Write(PriceBook.Empty.Content),
        PricesHash = "",
        LabelKeys = [],
        GraceMs = 0,
        DuplicateHorizonMs = 0,
        RollupsPartitions = 1,
        SpendPartitions = 1,
        Scopes = new RulesScopes { Patterns = patterns },
    };

    /// <summary>Time that stands still until it is moved.</summary>
    private sealed class ManualTime : TimeProvider
    {
        private long _ticks;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _ticks;

        public void Advance(TimeSpan by) => _ticks += by.Ticks;
    }
}
