using TokenStream.Service.Demo;
using TokenStream.Tests.Pricing;
using TokenStream.Tests.Windowing;
using TokenStream.Windowing;
using Xunit;
using static TokenStream.Tests.Windowing.AggregateFixture;

namespace TokenStream.Tests.Service.Demo;

public sealed class LiveTotalsTests
{
    /// <summary>A dollar a thousand tokens: an event of one token in and one out costs 0.002 dollars.</summary>
    private static readonly AggregateRules Dear = Rules with { Prices = PriceFiles.Model("{input: 1000, output: 1000}"), RollupsPartitions = 1 };

    [Fact]
    public void Provisional_values_are_spend_of_the_moment_and_a_final_one_replaces_them()
    {
        using var partition = new AggregateFixture(Dear);
        var totals = new LiveTotals();
        for (var i = 0; i < 3; i++)
        {
            partition.Read(partition.Event(Start), Start);
            partition.Processor.WriteProvisional(100, (to, _, value) => totals.Take(to, value));
        }

        Assert.Equal((3 / 30.0, 0L), (totals.Snapshot().EventsPerSecond, totals.Snapshot().Events));
        Assert.Equal(0.006m * 3600 / 30, totals.Snapshot().SpendPerHourUsd);
        Assert.Equal(0.006m, totals.Snapshot().SpendUsd);

        partition.ReadTick(Start + 40_000);
        Publish(partition.Processor, totals);
        Assert.Equal((3L, 0.006m), (totals.Snapshot().Events, totals.Snapshot().SpendUsd));
        Assert.Equal(("a", 0.006m, 3L), totals.Snapshot().Tenants.Single());
    }

    [Fact]
    public void An_older_provisional_value_that_comes_later_changes_nothing()
    {
        using var partition = new AggregateFixture(Dear);
        var totals = new LiveTotals();
        var written = new List<byte[]>();
        for (var i = 0; i < 2; i++)
        {
            partition.Read(partition.Event(Start), Start);
            partition.Processor.WriteProvisional(100, (_, _, value) => written.Add(value.ToArray()));
        }

        totals.Take(0, written[1]);
        totals.Take(0, written[0]);
        Assert.Equal(2 / 30.0, totals.Snapshot().EventsPerSecond);
    }

    [Fact]
    public void A_decision_that_is_published_twice_counts_once()
    {
        using var partition = new AggregateFixture(Dear);
        var totals = new LiveTotals();
        var record = partition.Event(Start);
        partition.Read(record, Start);
        partition.Read(record, Start);
        partition.Read("not an event", Start);
        partition.ReadTick(Start + 40_000);
        var decision = partition.Processor.Decide()!;

        // Values alone twice, as a crash before the marks leaves them; then everything once more, as one after the marks does.
        partition.Processor.WriteValues(decision, (to, _, value) => totals.Take(to, value));
        for (var times = 0; times < 2; times++)
        {
            partition.Processor.WriteValues(decision, (to, _, value) => totals.Take(to, value));
            partition.Processor.WriteMarks(decision, (to, _, value) => totals.Take(to, value), (_, _, _) => { });
        }

        var snapshot = totals.Snapshot();
        Assert.Equal((1L, 0.002m, 1L, 1L), (snapshot.Events, snapshot.SpendUsd, snapshot.Duplicates, snapshot.Refused));
    }

    private static void Publish(AggregateProcessor processor, LiveTotals totals)
    {
        var decision = processor.Decide()!;
        processor.WriteValues(decision, (to, _, value) => totals.Take(to, value));
        processor.WriteMarks(decision, (to, _, value) => totals.Take(to, value), (_, _, _) => { });
        processor.Published(decision);
    }
}
