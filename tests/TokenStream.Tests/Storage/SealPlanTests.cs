using TokenStream.Storage;
using TokenStream.Windowing;
using Xunit;

namespace TokenStream.Tests.Storage;

public sealed class SealPlanTests
{
    private const long Day = 1_772_323_200_000;
    private const long Minute = 60_000;
    private const long Hour = 3_600_000;

    [Fact]
    public void Only_whole_grains_are_due_finer_ones_first()
    {
        var due = Plan(Day).Due([Mark(1, Day + (2 * Hour) + (5 * Minute) + 10_000)]);
        Assert.Equal(
            [
                new SealRange(1, "t", 0, 4, Grain.Minute, Day, Day + (2 * Hour) + (5 * Minute)),
                new SealRange(1, "t", 0, 4, Grain.Hour, Day, Day + (2 * Hour)),
            ],
            due);
    }

    [Theory]
    [InlineData(Day + Minute - 10_000, 0)]
    [InlineData(Day + Minute, 1)]
    [InlineData(Day + Hour - 10_000, 1)]
    [InlineData(Day + Hour, 2)]
    [InlineData(Day + (24 * Hour) - 10_000, 2)]
    [InlineData(Day + (24 * Hour), 3)]
    public void A_grain_is_due_from_its_end_on(long closedThrough, int grains)
    {
        Assert.Equal(grains, Plan(Day).Due([Mark(1, closedThrough)]).Count);
    }

    [Fact]
    public void What_is_sealed_is_not_due_again_and_a_replayed_seal_takes_nothing_back()
    {
        var plan = Plan(Day);
        var first = plan.Due([Mark(1, Day + (3 * Minute))]).Single();
        plan.Published(first);
        Assert.Empty(plan.Due([Mark(1, Day + (3 * Minute))]));
        plan.Published(first with { UptoMs = Day + Minute });
        Assert.Equal(Day + (3 * Minute), plan.Due([Mark(2, Day + (4 * Minute))]).Single().SinceMs);
    }

    [Fact]
    public void Of_several_marks_of_a_partition_the_last_decision_counts()
    {
        var due = Plan(Day).Due([Mark(3, Day + (2 * Minute)), Mark(4, Day + (3 * Minute)), Mark(2, Day + Minute)]);
        Assert.Equal(Day + (3 * Minute), due.Single().UptoMs);
    }

    [Fact]
    public void Partitions_and_epochs_are_sealed_each_by_itself()
    {
        var plan = Plan(Day);
        plan.Published(new SealRange(1, "t", 0, 4, Grain.Minute, Day, Day + Minute));
        var due = plan.Due([Mark(2, Day + Minute), Mark(2, Day + Minute) with { Partition = 1 }, Mark(2, Day + Minute) with { Epoch = 2 }]);
        Assert.DoesNotContain(due, range => range is { Epoch: 1, Partition: 0, Grain: Grain.Minute });
        Assert.Contains(due, range => range is { Epoch: 1, Partition: 1, Grain: Grain.Minute });
        Assert.Contains(due, range => range is { Epoch: 2, Partition: 0, Grain: Grain.Minute });
    }

    [Fact]
    public void Before_the_first_event_nothing_is_due()
    {
        Assert.Empty(Plan(Day).Due([Mark(1, AggregateCommit.Never)]));
    }

    /// <summary>A plan that has sealed everything of partition 0 through a time.</summary>
    private static SealPlan Plan(long sealedThrough)
    {
        var plan = new SealPlan(4, GrainSizes.Standard);
        foreach (var grain in new[] { Grain.Minute, Grain.Hour, Grain.Day })
        {
            plan.Published(new SealRange(1, "t", 0, 4, grain, 0, sealedThrough));
        }

        return plan;
    }

    private static Mark Mark(long decision, long closedThrough) => new()
    {
        Epoch = 1,
        Topic = "t",
        Partition = 0,
        Decision = decision,
        Position = decision * 10,
        ClosedThroughMs = closedThrough,
        StreamTimeMs = closedThrough + 30_000,
        RulesVersion = 1,
        NeededOffset = decision * 10,
        IdsFrom = 0,
        Counts = new MarkCounts(0, 0, 0, 0, 0, 0, new Dictionary<string, long>()),
    };
}
