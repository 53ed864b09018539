using TokenStream.Detection;
using TokenStream.Detection.Series;
using Xunit;
using static TokenStream.Tests.Detection.Series.DetectFeed;

namespace TokenStream.Tests.Detection.Series;

public sealed class SeriesTableTests
{
    [Fact]
    public void A_point_allocates_nothing()
    {
        var shared = new FingerprintDetector();
        var table = new SeriesTable(100_000, _ => shared);
        var usage = new MinuteUsage();
        for (var tenant = 0; tenant < 200; tenant++)
        {
            usage.Tenant("prod", $"tenant{tenant}").Add(0, Value(0, 1, Noon, $"tenant{tenant}", 10));
        }

        var points = 0;
        PointTaker take = (in ScoredPoint point, IPointProbe probe) =>
        {
            points++;
            if (!double.IsNaN(point.Value))
            {
                probe.Score(point.Value);
            }
        };
        table.Fill(usage, Noon, _ => { });
        table.Score(Noon, take, _ => { });
        var (before, allocated) = (points, 0L);
        for (var minute = 1; minute <= 3; minute++)
        {
            table.Fill(null, Noon + (minute * Minute), _ => { });
            var started = GC.GetAllocatedBytesForCurrentThread();
            table.Score(Noon + (minute * Minute), take, _ => { });
            allocated += GC.GetAllocatedBytesForCurrentThread() - started;
        }

        Assert.Equal(3 * 4000, points - before);
        Assert.InRange(allocated, 0, 3 * 200);
    }

    [Fact]
    public void States_of_a_hundred_thousand_series_lie_in_few_arrays()
    {
        var arena = new StateArena(2_500);
        var slots = Enumerable.Range(0, 10_000).Select(_ => arena.Take()).ToList();
        Assert.Equal(Enumerable.Range(0, 10_000), slots);
        Assert.InRange(arena.Bytes, 10_000 * 2_500, 10_000 * 2_600);
        arena[7].Fill(7);
        arena[8].Fill(8);
        Assert.True(arena[7].SequenceEqual(Enumerable.Repeat((byte)7, 2_500).ToArray()));
        arena.Give(7);
        Assert.Equal(7, arena.Take());
    }
}
