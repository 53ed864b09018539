using FsCheck;
using FsCheck.Fluent;
using TokenStream.Governing.Ledger;
using TokenStream.Windowing;
using Xunit;

namespace TokenStream.Tests.Governing.Ledger;

public sealed class SumTierTests
{
    private const long Start = 1_700_000_000_000 / 600_000 * 600_000;

    [Fact]
    public void Differences_of_samples_are_the_sums_of_windows_in_any_order()
    {
        Check.QuickThrowOnFailure(Prop.ForAll(ArbMap.Default.ArbFor<int>(), seed =>
        {
            var random = new Random(seed);
            var (tier, total, windows) = (new SumTier(60_000), new SpendMeasures(), new Dictionary<long, SpendMeasures>());
            tier.Want(SumColumns.Money | SumColumns.Requests, 30 * 60_000);
            var now = Start;
            for (var i = 0; i < 200; i++)
            {
                now += random.Next(4) * 10_000L;
                var window = Math.Max(Start, now - (random.Next(5) == 0 ? random.Next(60) * 10_000L : 0));
                var change = new SpendMeasures { Cost = random.Next(-5, 100) * (Int128)random.NextInt64(1, long.MaxValue / 128), Requests = random.Next(3) };
                tier.Add(window, change, total);
                total += change;
                windows[window] = windows.GetValueOrDefault(window) + change;
            }

            for (var from = Math.Max(Start, (now / 60_000 * 60_000) - (29 * 60_000)); from <= now; from += 60_000)
            {
                var want = windows.Where(window => window.Key >= from).Aggregate(default(SpendMeasures), (sum, window) => sum + window.Value);
                Assert.Equal(want.Cost, total.Cost - tier.Before(from, SumColumn.Cost, total));
                Assert.Equal(want.Requests, total.Requests - tier.Before(from, SumColumn.Requests, total));
            }
        }));
    }

    [Fact]
    public void A_lookback_that_began_before_the_first_spend_holds_all_of_it()
    {
        var tier = new SumTier(10_000);
        tier.Want(SumColumns.Money, 3_600_000);
        tier.Add(Start, new SpendMeasures { Cost = 7 }, default);
        Assert.Equal(0, tier.Before(Start - 3_000_000, SumColumn.Cost, new SpendMeasures { Cost = 7 }));
        Assert.Equal(7, tier.Before(Start + 10_000, SumColumn.Cost, new SpendMeasures { Cost = 7 }));
    }

    [Fact]
    public void A_window_before_the_first_one_counts_where_it_lies()
    {
        var (tier, total) = (new SumTier(10_000), new SpendMeasures());
        tier.Want(SumColumns.Money, 3_600_000);
        tier.Add(Start, new SpendMeasures { Cost = 7 }, total);
        total.Cost = 7;
        tier.Add(Start - 600_000, new SpendMeasures { Cost = 5 }, total);
        total.Cost = 12;
        Assert.Equal(0, tier.Before(Start - 600_000, SumColumn.Cost, total));
        Assert.Equal(5, tier.Before(Start - 590_000, SumColumn.Cost, total));
        Assert.Equal(5, tier.Before(Start, SumColumn.Cost, total));
        Assert.Equal(12, tier.Before(Start + 10_000, SumColumn.Cost, total));
    }

    [Fact]
    public void Years_of_silence_cost_no_memory_and_no_time()
    {
        var (tier, total) = (new SumTier(10_000), new SpendMeasures());
        tier.Want(SumColumns.Money, 3_600_000);
        tier.Add(Start - (3L * 365 * 86_400_000), new SpendMeasures { Cost = 7 }, total);
        total.Cost = 7;
        tier.Add(Start, new SpendMeasures { Cost = 5 }, total);
        total.Cost = 12;
        Assert.Equal(7, tier.Before(Start, SumColumn.Cost, total));
        Assert.Equal(12, tier.Before(Start + 10_000, SumColumn.Cost, total));
        Assert.InRange(tier.Count, 1, 10);
    }

    [Fact]
    public void Sums_wider_than_64_bits_are_exact()
    {
        var (tier, total) = (new SumTier(10_000), new SpendMeasures());
        tier.Want(SumColumns.Money, 3_600_000);
        Int128 amount = (Int128)long.MaxValue * 1000;
        tier.Add(Start, new SpendMeasures { Cost = 1 }, total);
        total.Cost = 1;
        tier.Add(Start + 10_000, new SpendMeasures { Cost = amount }, total);
        total.Cost += amount;
        Assert.Equal(1, tier.Before(Start + 10_000, SumColumn.Cost, total));
        Assert.Equal(amount, tier.Before(Start + 20_000, SumColumn.Cost, total) - tier.Before(Start + 10_000, SumColumn.Cost, total));
    }
}
