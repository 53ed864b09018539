using System.Globalization;
using System.Runtime.CompilerServices;
using TokenStream.Storage;
using Xunit;

namespace TokenStream.IntegrationTests.ClickHouse;

/// <summary>What <see cref="IRollupStore"/> promises, kept by ClickHouse's own engine.</summary>
public sealed class RollupStoreContractTests(EmbeddedStore embedded) : IClassFixture<EmbeddedStore>
{
    private const long Minute = 60_000;
    private const long Hour = 60 * Minute;
    private const long Day = 24 * Hour;

    // 2026-03-01, 00:00 UTC.
    private const long Start = 1_772_323_200_000;

    // 2024-05-01, 00:00 UTC.
    private const long LongAgo = 1_714_521_600_000;

    private static readonly string[] AllGrains = ["10s", "1m", "1h", "1d"];

    private static readonly Grain[] SealedGrains = [Grain.Minute, Grain.Hour, Grain.Day];

    [FactNeeding("engine")]
    public async Task A_repeated_block_counts_once()
    {
        var walk = Walk();
        var rollups = new[] { walk.Rollup(Start, 1, 2, 5), walk.Rollup(Start, 2, 1, 1), walk.Rollup(Start - 10_000, 1, 7, 3, part: 4) };
        await walk.InsertAsync(rollups);
        await walk.InsertAsync(rollups);
        Assert.Equal("", await walk.DifferencesAsync());
    }

    /// <summary>The server notes a block before it keeps it: killed in between, it would drop the block whenever it comes.</summary>
    [FactNeeding("engine")]
    public async Task The_server_drops_no_block_on_its_own_account()
    {
        var dropping = await embedded.Client.QueryAsync(
            """
            SELECT name FROM system.tables
            WHERE database = 'tokenstream' AND extract(engine_full, 'deduplication_window = (\d+)') NOT IN ('', '0')
            """,
            CancellationToken.None);

        Assert.Empty(dropping);
    }

    [FactNeeding("engine")]
    public async Task Rows_repeated_in_other_blocks_count_once()
    {
        var walk = Walk();
        var rollups = Enumerable.Range(0, 12).Select(i => walk.Rollup(Start + (i * 10_000), i % 3, i + 1, i * 1_000_000_007L, i % 4)).ToArray();
        await walk.InsertAsync(rollups);
        await walk.InsertAsync(rollups[..5]);
        await walk.InsertAsync(rollups[5..]);
        Assert.Equal("", await walk.DifferencesAsync());
        await OptimizeAsync();
        Assert.Equal("", await walk.DifferencesAsync());
    }

    [FactNeeding("engine")]
    public async Task Money_is_exact_to_the_picodollar()
    {
        var walk = Walk();
        await walk.InsertAsync(
            walk.Rollup(Start, 1, 1, 1), walk.Rollup(Start + 10_000, 1, 1, Int128.Parse("9999999999999999999999999", null)),
            walk.Rollup(Start + 20_000, 1, 1, -3, cell: "refund"));
        Assert.Equal("", await walk.DifferencesAsync());
    }

    [FactNeeding("engine")]
    public async Task A_seal_changes_no_sum_at_any_step()
    {
        var walk = Walk();
        await walk.InsertAsync([.. Enumerable.Range(0, 30).Select(i => walk.Rollup(Start + (i * 10_000), i % 2, i + 1, i, 0, 0, $"cell {i % 3}"))]);
        await walk.SealAsync(Grain.Minute, Start, Start + (3 * Minute));
        Assert.Equal("", await walk.DifferencesAsync());
        await walk.SealAsync(Grain.Minute, Start, Start + (3 * Minute));
        Assert.Equal("", await walk.DifferencesAsync());
        await walk.PublishAsync(Grain.Minute, Start + (3 * Minute));
        Assert.Equal("", await walk.DifferencesAsync());
        await walk.SettleAsync();
        Assert.Equal("", await walk.DifferencesAsync());
        await DeleteAsync(walk, "rollups_10s", Start + (3 * Minute));
        Assert.DoesNotContain("1m", await walk.DifferencesAsync(), StringComparison.Ordinal);
    }

    [FactNeeding("engine")]
    public async Task A_stale_seal_of_fewer_rows_cannot_win()
    {
        var walk = Walk();
        var rows = Enumerable.Range(0, 6).Select(i => walk.Rollup(Start + (i * 10_000), 1, i + 1, 10)).ToArray();
        await walk.InsertAsync(rows);
        await walk.SealAsync(Grain.Minute, Start, Start + Minute);
        await DeleteAsync(walk, "rollups_10s", Start + 20_000);
        await walk.SealAsync(Grain.Minute, Start, Start + Minute);
        await walk.PublishAsync(Grain.Minute, Start + Minute);
        await walk.SettleAsync();
        Assert.DoesNotContain("1m", await walk.DifferencesAsync(), StringComparison.Ordinal);
        await OptimizeAsync();
        Assert.DoesNotContain("1m", await walk.DifferencesAsync(), StringComparison.Ordinal);
    }

    [FactNeeding("engine")]
    public async Task Corrections_count_in_every_grain_before_and_after_its_seal()
    {
        var walk = Walk();
        await walk.InsertAsync(walk.Rollup(Start, 1, 5, 50), walk.Rollup(Start, 1, 1, 7, part: 2), walk.Rollup(Start + 10_000, 1, 1, 9, part: 2));
        Assert.Equal("", await walk.DifferencesAsync());
        foreach (var grain in SealedGrains)
        {
            await walk.SealAsync(grain, Start, Start + Day);
            await walk.PublishAsync(grain, Start + Day);
            await walk.SettleAsync();
            Assert.Equal("", await walk.DifferencesAsync());
        }

        await walk.InsertAsync(walk.Rollup(Start, 1, 3, 11, part: 8), walk.Rollup(Start + Hour, 2, 1, 1, part: 8));
        Assert.Equal("", await walk.DifferencesAsync());
        await OptimizeAsync();
        Assert.Equal("", await walk.DifferencesAsync());
    }

    [FactNeeding("engine")]
    public async Task The_highest_seal_counts_whoever_speaks_last()
    {
        var walk = Walk();
        await walk.PublishAsync(Grain.Minute, Start + Hour);
        await walk.PublishAsync(Grain.Minute, Start + Minute);
        await walk.PublishAsync(Grain.Hour, Start + Hour);
        var seals = await walk.Store.ReadSealsAsync(StoreWalk.RollupsPartition, CancellationToken.None);
        var ours = seals.Where(seal => seal.Topic == walk.Topic).OrderBy(seal => seal.Grain).ToList();
        Assert.Equal([walk.Range(Grain.Minute, Start + Hour, Start + Hour), walk.Range(Grain.Hour, Start + Hour, Start + Hour)], ours);
    }

    [FactNeeding("engine")]
    public async Task A_reset_voids_older_epochs_from_its_start_on()
    {
        var walk = Walk();
        await walk.InsertAsync([.. Enumerable.Range(0, 12).Select(i => walk.Rollup(Start + (i * 10_000), 1, i + 1, 1))]);
        await walk.InsertAsync(walk.Rollup(Start + Minute, 1, 1, 1, part: 9), walk.Rollup(Start, 1, 1, 1, part: 9));
        foreach (var grain in SealedGrains)
        {
            await walk.SealAsync(grain, Start, Start + Day);
            await walk.PublishAsync(grain, Start + Day);
        }

        await walk.SettleAsync();
        await walk.ResetAsync(2, Start + Minute + 20_000);
        Assert.Equal("", await walk.DifferencesAsync());
        await walk.InsertAsync([.. Enumerable.Range(0, 4).Select(i => walk.Rollup(Start + Minute + 20_000 + (i * 10_000), 1, 100 + i, 1, epoch: 2))]);
        Assert.Equal("", await walk.DifferencesAsync());
    }

    [FactNeeding("engine")]
    public async Task A_trace_of_two_years_ago_outlives_merges_and_retention()
    {
        var walk = Walk();
        await walk.InsertAsync([.. Enumerable.Range(0, 20).Select(i => walk.Rollup(LongAgo + (i * 30 * Day), 1, i + 1, 1))]);
        foreach (var grain in SealedGrains)
        {
            await walk.SealAsync(grain, LongAgo, LongAgo + (600 * Day));
            await walk.PublishAsync(grain, LongAgo + (600 * Day));
        }

        await walk.SettleAsync();
        await OptimizeAsync();
        await walk.Store.DropExpiredAsync(TimeProvider.System.GetUtcNow() + TimeSpan.FromDays(6), CancellationToken.None);
        Assert.Equal("", await walk.DifferencesAsync());
    }

    private Task OptimizeAsync() => Task.WhenAll(AllGrains.Select(
        grain => embedded.Client.ExecuteAsync($"OPTIMIZE TABLE tokenstream.rollups_{grain} FINAL", CancellationToken.None)));

    /// <summary>As retention would, if the rows were old.</summary>
    private Task DeleteAsync(StoreWalk walk, string table, long uptoMs) => embedded.Client.ExecuteAsync(
        $$"""
        ALTER TABLE tokenstream.{{table}} DELETE WHERE topic = {topic:String} AND window_start < toDateTime({upto:UInt32}, 'UTC')
        SETTINGS mutations_sync = 1
        """,
        CancellationToken.None,
        ("topic", walk.Topic),
        ("upto", (uptoMs / 1000).ToString(CultureInfo.InvariantCulture)));

    private StoreWalk Walk([CallerMemberName] string name = "") => new(embedded.Client, name);
}
