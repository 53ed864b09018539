using TokenStream.Tests.Pricing;
using TokenStream.Windowing;
using Xunit;
using static TokenStream.Tests.Windowing.AggregateFixture;

namespace TokenStream.Tests.Windowing;

/// <summary>What events add to their keys, whatever the order and wherever decisions fall.</summary>
public sealed class AggregateSumsTests
{
    /// <summary>Two dollars a million input tokens, ten a million output tokens: 2,000,000 and 10,000,000 picodollars a token.</summary>
    private static readonly AggregateRules Priced = Rules with { Prices = PriceFiles.Model("{input: 2, output: 10}") };

    [Fact]
    public void A_request_is_booked_with_its_tokens_and_its_cost()
    {
        var measures = Single(Priced, "tokens_in:100", "tokens_out:7");
        Assert.Equal((100L, 7L, 1L, 1L), (measures.TokensIn, measures.TokensOut, measures.Requests, measures.Ok));
        Assert.Equal(200_000_000, measures.CostInput);
        Assert.Equal(70_000_000, measures.CostOutput);
        Assert.Equal(270_000_000, measures.ListCost);
    }

    [Theory]
    [InlineData("exact", 107, 270_000_000, 0)]
    [InlineData("semantic", 107, 270_000_000, 0)]
    [InlineData("prefix", 0, 0, 270_000_000)]
    [InlineData("none", 0, 0, 270_000_000)]
    public void Hits_of_the_gateways_cache_cost_nothing_and_are_saved(string status, long avoided, long saved, long cost)
    {
        var measures = Single(Priced, "tokens_in:100", "tokens_out:7", $"cache_status:\"{status}\"");
        Assert.Equal((avoided, (Int128)saved, (Int128)cost), (measures.AvoidedTokens, measures.Saved, measures.Cost));
        Assert.Equal(107 - avoided, measures.TokensIn + measures.TokensOut);
        Assert.Equal(1, measures.Requests);
    }

    [Fact]
    public void Usage_without_a_price_is_counted_as_unpriced()
    {
        using var partition = new AggregateFixture(Priced);
        partition.Read(partition.Event(Start, "model:\"unknown\"", "tokens_in:100", "tokens_out:7"), Start);
        partition.Close(Start + 40_000);
        var rollup = partition.Rollups.Single();
        Assert.Equal([100, 0, 0, 0, 7, 0, 0], ((ReadOnlySpan<long>)rollup.Measures.Unpriced).ToArray());
        Assert.Equal((Int128.Zero, ""), (rollup.Measures.Cost, rollup.Key.PriceCell));
    }

    [Fact]
    public void An_adjustment_takes_back_and_is_no_request()
    {
        var measures = Single(Priced, "kind:\"adjustment\"", "adjusts:\"e\"", "tokens_in:-100", "tokens_out:-7");
        Assert.Equal((-100L, -7L, 1L, 1L, 0L), (measures.TokensIn, measures.TokensOut, measures.Adjustments, measures.Events, measures.Requests));
        Assert.Equal((Int128)(-270_000_000), measures.Cost);
    }

    [Fact]
    public void A_cost_beyond_64_bits_is_refused_and_changes_no_sum()
    {
        using var partition = new AggregateFixture(Rules with { Prices = PriceFiles.Model("{input: 20, output: 10}") });
        Assert.Equal(ReadOutcome.Refused, partition.Read(partition.Event(Start, "tokens_in:1000000000000"), Start));
        Assert.Equal(AggregateProcessor.CostOutOfRange, partition.Processor.Refusal);
        Assert.Equal(ReadOutcome.Counted, partition.Read(partition.Event(Start), Start));
        partition.Close(Start + 40_000);
        Assert.Equal(1, partition.Rollups.Single().Measures.TokensIn);
        Assert.Equal(1, partition.Marks.Sum(m => m.Counts.Refused[AggregateProcessor.CostOutOfRange]));
    }

    [Fact]
    public void Sums_beyond_64_bits_of_money_stay_exact()
    {
        using var partition = new AggregateFixture(Rules with { Prices = PriceFiles.Model("{input: 9, output: 10}") });
        for (var i = 0; i < 5; i++)
        {
            Assert.Equal(ReadOutcome.Counted, partition.Read(partition.Event(Start, "tokens_in:1000000000000", "tokens_out:0"), Start));
        }

        partition.Close(Start + 40_000);
        Assert.Equal((Int128)9_000_000_000_000_000_000 * 5, partition.Rollups.Single().Measures.Cost);
    }

    [Fact]
    public void What_has_no_room_folds_into_other_and_totals_stay_exact()
    {
        int[] bounds = [32, 3, 2_000, 2, 256, 1, 5_000, 2_000, 2_000, 2_000, 2_000];
        using var partition = new AggregateFixture(Priced with { Bounds = bounds });
        for (var i = 0; i < 1_000; i++)
        {
            partition.Read(
                partition.Event(Start, $"tenant_id:\"t{i % 10}\"", $"feature:\"f{i % 7}\"", $"model:\"{(i % 3 == 0 ? "m" : $"other-{i % 5}")}\"", "tokens_in:3"), Start);
        }

        partition.Close(Start + 40_000);
        var rollups = partition.Rollups;
        Assert.Equal(3_000, rollups.Sum(r => r.Measures.TokensIn));
        Assert.Equal(1_000, rollups.Sum(r => r.Measures.Requests));
        Assert.Equal(["t0", "t1", "t2", "~other"], rollups.Select(r => r.Key.TenantId).Distinct().Order(StringComparer.Ordinal));
        Assert.Equal(["f0", "f1", "~other"], rollups.Select(r => r.Key.Feature).Distinct().Order(StringComparer.Ordinal));

        // The book names model m: it keeps its name although the one place was taken first or later by any other.
        Assert.Equal(334 * 3, rollups.Where(r => r.Key.Model == "m").Sum(r => r.Measures.TokensIn));
        Assert.Equal((Int128)334 * (6_000_000 + 10_000_000), rollups.Aggregate(Int128.Zero, (sum, r) => sum + r.Measures.Cost));
        Assert.Equal(rollups.Count, rollups.Select(r => (r.Key, r.Block.Part)).Distinct().Count());
    }

    [Fact]
    public void Beyond_the_most_keys_all_values_but_the_prices_own_fold()
    {
        using var partition = new AggregateFixture(Priced with { MaxKeys = 10 });
        for (var i = 0; i < 500; i++)
        {
            partition.Read(partition.Event(Start, $"tenant_id:\"t{i}\""), Start);
        }

        partition.Close(Start + 40_000);
        Assert.Equal(11, partition.Rollups.Count);
        Assert.Equal(500, partition.Rollups.Sum(r => r.Measures.Events));
        Assert.Equal((490L, "m"), partition.Rollups.Where(r => r.Key.TenantId == "~other").Select(r => (r.Measures.Events, r.Key.Model)).Single());
    }

    [Fact]
    public void Where_decisions_fall_changes_no_window()
    {
        for (var seed = 1; seed <= 20; seed++)
        {
            var contents = new HashSet<string>();
            foreach (var every in new[] { 1, 7, 100, int.MaxValue })
            {
                using var partition = new AggregateFixture(Priced);
                var random = new Random(seed);
                var time = Start;
                for (var i = 0; i < 1_500; i++)
                {
                    time += random.Next(100);
                    partition.Read(RandomEvent(partition, random, time - random.Next(20_000)), time);
                    if (i % every == every - 1)
                    {
                        partition.Publish();
                    }
                }

                partition.Close(time + 3_600_000);
                Assert.Equal(0, partition.Marks.Sum(m => m.Counts.Late));
                contents.Add(partition.Content());
            }

            Assert.True(contents.Count == 1, $"seed {seed}");
        }
    }

    [Fact]
    public void Order_within_grace_changes_no_window()
    {
        for (var seed = 1; seed <= 20; seed++)
        {
            var contents = new HashSet<string>();
            for (var shuffle = 0; shuffle < 4; shuffle++)
            {
                using var partition = new AggregateFixture(Priced);
                var random = new Random(seed);
                var records = Enumerable.Range(0, 1_000).Select(_ => RandomEvent(partition, random, Start + random.Next(30_000))).ToArray();
                new Random((seed * 100) + shuffle).Shuffle(records);
                foreach (var record in records)
                {
                    partition.Read(record, Start + 30_000);
                    partition.Publish();
                }

                partition.Close(Start + 3_600_000);
                contents.Add(partition.Content());
            }

            Assert.True(contents.Count == 1, $"seed {seed}");
        }
    }

    private static string RandomEvent(AggregateFixture partition, Random random, long time) => partition.Event(
        time, $"tenant_id:\"t{random.Next(3)}\"", $"model:\"{(random.Next(4) == 0 ? "x" : "m")}\"", $"tokens_in:{random.Next(5_000)}",
        $"tokens_out:{random.Next(500)}", $"latency_ms:{random.Next(30_000)}", $"user_id:\"u{random.Next(400)}\"",
        $"result_type:\"{(random.Next(5) == 0 ? "error" : "ok")}\"", $"cache_status:\"{(random.Next(8) == 0 ? "exact" : "none")}\"");

    private static RollupMeasures Single(AggregateRules rules, params string[] fields)
    {
        using var partition = new AggregateFixture(rules);
        Assert.Equal(ReadOutcome.Counted, partition.Read(partition.Event(Start, fields), Start));
        partition.Close(Start + 40_000);
        return partition.Rollups.Single().Measures;
    }
}
