using System.Globalization;
using System.Text;
using TokenStream.Pricing;
using TokenStream.Windowing;
using Xunit;

namespace TokenStream.Tests.Windowing;

/// <summary>A window's tables grow while references into them are held: nothing may be lost where they do.</summary>
public sealed class WindowGrowthTests
{
    [Fact]
    public void A_window_takes_more_keys_than_it_has_room_for_at_first()
    {
        const int Keys = 5_000;
        const int EventsAKey = 3;
        var processor = new AggregateProcessor("t", 0, new AggregateRules { Version = 1, Prices = PriceBook.Empty }, Begin());
        for (var i = 0; i < Keys * EventsAKey; i++)
        {
            Assert.Equal(ReadOutcome.Counted, processor.Read(i, 1_772_366_400_000, Event(i, $"tenant-{i % Keys}", $"user-{i}")));
        }

        Assert.Equal(Keys, processor.OpenKeys);
        Assert.Equal(Keys * EventsAKey, processor.OpenWindows.Sum(window => Enumerable.Range(0, window.Count).Sum(i => window.Measures(in window[i]).Events)));
        processor.Dispose();
    }

    [Fact]
    public void A_key_counts_its_users_through_every_size_of_its_sketch()
    {
        const int Users = 20_000;
        var processor = new AggregateProcessor("t", 0, new AggregateRules { Version = 1, Prices = PriceBook.Empty }, Begin());
        for (var i = 0; i < Users; i++)
        {
            processor.Read(i, 1_772_366_400_000, Event(i, "tenant", $"user-{i}"));
        }

        var window = processor.OpenWindows.Single();
        var registers = new List<ushort>();
        var ranks = new List<byte>();
        window.ReadUniques(window[0].Users, registers, ranks);

        // The raw estimate of HyperLogLog over 4,096 registers, whose standard error is 1.6 %; 20,000 lies beyond the small-range correction.
        var sum = ranks.Sum(rank => Math.Pow(2, -rank)) + (4096 - ranks.Count);
        Assert.InRange(0.7213 / (1 + (1.079 / 4096)) * 4096 * 4096 / sum, Users * 0.93, Users * 1.07);
        processor.Dispose();
    }

    private static AggregateCommit Begin() => AggregateCommit.First(0, 1, 1);

    private static byte[] Event(int number, string tenant, string user) => Encoding.UTF8.GetBytes(string.Create(
        CultureInfo.InvariantCulture,
        $$"""{"event_id":"e-{{number}}","time":1772366400000,"tenant_id":"{{tenant}}","user_id":"{{user}}","provider":"p","model":"m","tokens_in":1,"tokens_out":1}"""));
}
