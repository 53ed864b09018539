using TokenStream.Windowing;
using Xunit;

namespace TokenStream.IntegrationTests.ClickHouse;

public sealed class MarksTests(EmbeddedStore embedded) : IClassFixture<EmbeddedStore>
{
    // 2026-03-01, 00:00 UTC.
    private const long Start = 1_772_323_200_000;

    [FactNeeding("engine")]
    public async Task Marks_that_come_on_every_rollups_partition_count_once()
    {
        var walk = new StoreWalk(embedded.Client, "conserved");
        await walk.InsertAsync(walk.Rollup(Start, 1, 9, 1), walk.Rollup(Start, 2, 3, 1, part: 2));
        var marks = new[] { Mark("conserved", 1, read: 10, counted: 9, refused: 1), Mark("conserved", 2, read: 8, counted: 3, duplicate: 1, ticks: 1, refused: 3) };
        await walk.Store.InsertMarksAsync(0, marks, CancellationToken.None);
        await walk.Store.InsertMarksAsync(1, marks, CancellationToken.None);
        await walk.Store.InsertMarksAsync(1, marks[1..], CancellationToken.None);
        Assert.Equal(
            [["2", "0", "18", "12", "1", "4", "1", "0", "12"]],
            await embedded.Client.QueryAsync(Conservation("conserved"), CancellationToken.None));
    }

    [FactNeeding("engine")]
    public async Task A_missing_mark_and_an_unaccounted_record_show()
    {
        var walk = new StoreWalk(embedded.Client, "leaky");
        await walk.Store.InsertMarksAsync(0, [Mark("leaky", 3, read: 10, counted: 8, refused: 2)], CancellationToken.None);
        Assert.Equal(
            [["1", "2", "10", "8", "0", "2", "0", "0", "0"]], await embedded.Client.QueryAsync(Conservation("leaky"), CancellationToken.None));
        await walk.Store.InsertMarksAsync(0, [Mark("leaky", 4, read: 10, counted: 3, refused: 5)], CancellationToken.None);
        Assert.Equal("2", (await embedded.Client.QueryAsync(
            "SELECT unaccounted FROM tokenstream.conservation WHERE topic = 'leaky'", CancellationToken.None))[0][0]);
    }

    [FactNeeding("engine")]
    public async Task A_partition_without_a_record_yet_has_a_mark()
    {
        var walk = new StoreWalk(embedded.Client, "silent");
        var mark = Mark("silent", 1, read: 0, counted: 0) with { ClosedThroughMs = -1, StreamTimeMs = -1 };
        await walk.Store.InsertMarksAsync(0, [mark], CancellationToken.None);
        Assert.Equal([["1970-01-01 00:00:00.000"]], await embedded.Client.QueryAsync(
            "SELECT closed_through FROM tokenstream.conservation WHERE topic = 'silent'", CancellationToken.None));
    }

    private static string Conservation(string topic) =>
        "SELECT decisions, missing_decisions, read, counted, duplicate, refused, ticks, unaccounted, rolled_up FROM tokenstream.conservation " +
        $"WHERE topic = '{topic}'";

    /// <summary>The refused records have two reasons.</summary>
    private static Mark Mark(string topic, long decision, long read, long counted, long duplicate = 0, long ticks = 0, long refused = 0) => new()
    {
        Epoch = 0,
        Topic = topic,
        Partition = StoreWalk.Partition,
        Decision = decision,
        Position = decision * 100,
        ClosedThroughMs = Start + (decision * 10_000),
        StreamTimeMs = Start + (decision * 10_000) + 30_123,
        RulesVersion = 1,
        NeededOffset = decision * 100,
        IdsFrom = 0,
        Counts = new MarkCounts(
            read, counted, duplicate, 1, 0, ticks, new Dictionary<string, long> { ["too_long"] = refused / 2, ["not_json"] = refused - (refused / 2) }),
    };
}
