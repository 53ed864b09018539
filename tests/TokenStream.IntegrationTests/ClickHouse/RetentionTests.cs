using System.Globalization;
using TokenStream.Storage;
using Xunit;

namespace TokenStream.IntegrationTests.ClickHouse;

/// <summary>What goes after its time and what never does. A store of its own: retention looks at all rows there are.</summary>
public sealed class RetentionTests(EmbeddedStore embedded) : IClassFixture<EmbeddedStore>
{
    private const long Minute = 60_000;
    private const long Hour = 60 * Minute;
    private const long Day = 24 * Hour;

    // 2024-05-06, a Monday, 00:00 UTC.
    private const long LongAgo = 1_714_953_600_000;

    private static readonly Grain[] SealedGrains = [Grain.Minute, Grain.Hour, Grain.Day];

    [FactNeeding("engine")]
    public async Task Rows_go_once_they_are_sealed_and_were_written_long_ago()
    {
        var walk = new StoreWalk(embedded.Client, "retention");
        await walk.InsertAsync([.. Enumerable.Range(0, 10).Select(i => walk.Rollup(LongAgo + (i * Hour), 1, i + 1, i))]);
        await walk.InsertAsync(walk.Rollup(LongAgo, 1, 1, 1, part: 3));
        var written = TimeProvider.System.GetUtcNow();

        // Old enough, but in no coarser grain yet.
        Assert.Equal(0, await DropAsync(walk, written.AddDays(8)));
        Assert.Equal("", await walk.DifferencesAsync());

        foreach (var grain in SealedGrains)
        {
            await walk.SealAsync(grain, LongAgo, LongAgo + Day);
            await walk.PublishAsync(grain, LongAgo + Day);
        }

        await walk.SettleAsync();
        Assert.Equal(0, await DropAsync(walk, written.AddDays(6)));
        Assert.Equal((11, 11, 11, 2), await CountsAsync());

        Assert.InRange(await DropAsync(walk, written.AddDays(8)), 1, 10);
        Assert.Equal((0, 11, 11, 2), await CountsAsync());
        Assert.DoesNotContain(Lines(await walk.DifferencesAsync()), line => !line.StartsWith("10s", StringComparison.Ordinal));

        await DropAsync(walk, written.AddDays(101));
        Assert.Equal((0, 0, 11, 2), await CountsAsync());
        await DropAsync(walk, written.AddDays(801));
        Assert.Equal((0, 0, 0, 2), await CountsAsync());
        Assert.DoesNotContain(Lines(await walk.DifferencesAsync()), line => line.StartsWith("1d", StringComparison.Ordinal));

        // The same trace replayed once more under another topic: its new rows are not old.
        var again = new StoreWalk(embedded.Client, "again");
        await again.InsertAsync(again.Rollup(LongAgo, 1, 7, 7));
        Assert.Equal(0, await DropAsync(again, written.AddDays(6)));
        Assert.Equal("", await again.DifferencesAsync());
    }

    [FactNeeding("engine")]
    public async Task Superseded_seals_are_cleared_and_the_highest_stays()
    {
        await embedded.Client.ExecuteAsync(
            """
            INSERT INTO tokenstream.seals (grain, rollups_partition, topic, partition, epoch, sealed_through, published_at)
            SELECT '1m', 5, 'cleared', 0, 0, toDateTime(60 * number, 'UTC'), now() - 86400 FROM numbers(5000)
            """,
            CancellationToken.None);
        var walk = new StoreWalk(embedded.Client, "cleared");
        await walk.Store.DropExpiredAsync(TimeProvider.System.GetUtcNow(), CancellationToken.None);
        var seal = Assert.Single(await walk.Store.ReadSealsAsync(5, CancellationToken.None));
        Assert.Equal(4999 * Minute, seal.UptoMs);
        var rows = await embedded.Client.QueryAsync("SELECT count() FROM tokenstream.seals WHERE topic = 'cleared'", CancellationToken.None);
        Assert.Equal("1", rows[0][0]);
    }

    [FactNeeding("engine")]
    public async Task How_budgets_stood_goes_400_days_after_it_was_written()
    {
        await embedded.Client.ExecuteAsync(
            """
            INSERT INTO tokenstream.budget_state_records (topic, slot, budget, scope)
            SELECT 'kept', now() - 86400 * 800, 'b', toString(number) FROM numbers(3)
            """,
            CancellationToken.None);
        var walk = new StoreWalk(embedded.Client, "kept");
        var written = TimeProvider.System.GetUtcNow();
        foreach (var (days, left) in new[] { (399, "3"), (401, "0") })
        {
            await walk.Store.DropExpiredAsync(written.AddDays(days), CancellationToken.None);
            var rows = await embedded.Client.QueryAsync(
                "SELECT count() FROM tokenstream.budget_state_records WHERE topic = 'kept'", CancellationToken.None);
            Assert.Equal(left, rows[0][0]);
        }
    }

    private static Task<int> DropAsync(StoreWalk walk, DateTimeOffset now) => walk.Store.DropExpiredAsync(now, CancellationToken.None);

    private static string[] Lines(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    private async Task<(int TenSeconds, int Minutes, int Hours, int Days)> CountsAsync()
    {
        var rows = await embedded.Client.QueryAsync(
            """
            SELECT (SELECT count() FROM tokenstream.rollups_10s WHERE topic = 'retention'), (SELECT count() FROM tokenstream.rollups_1m WHERE topic = 'retention'),
                (SELECT count() FROM tokenstream.rollups_1h WHERE topic = 'retention'), (SELECT count() FROM tokenstream.rollups_1d WHERE topic = 'retention')
            """,
            CancellationToken.None);
        var counts = Array.ConvertAll(rows[0], text => int.Parse(text!, CultureInfo.InvariantCulture));
        return (counts[0], counts[1], counts[2], counts[3]);
    }
}
