using FsCheck;
using FsCheck.Fluent;
using TokenStream.Detection;
using TokenStream.Detection.Episodes;
using TokenStream.Windowing;
using Xunit;

namespace TokenStream.Tests.Detection.Episodes;

public sealed class EpisodeSnapshotTests
{
    [Fact]
    public void A_restart_at_any_minute_is_as_none() => Prop.ForAll(
        Gen.Choose(0, int.MaxValue).ToArbitrary(),
        seed =>
        {
            var whole = Run(seed, restart: _ => false);
            var random = new Random(seed);
            var cut = Run(seed, restart: _ => random.Next(10) == 0);
            Assert.Equal(whole.Told.Select(AnomalyFormat.Write), cut.Told.Select(AnomalyFormat.Write));
            Assert.Equal(whole.Snapshot(), cut.Snapshot());
            return whole.Told.Count > 0;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(40));

    [Fact]
    public void Damaged_bytes_are_refused()
    {
        var bytes = Run(1, restart: _ => false).Snapshot();
        var random = new Random(2);
        for (var i = 0; i < 2_000; i++)
        {
            var damaged = bytes[..random.Next(bytes.Length)].ToArray();
            if (damaged.Length > 0)
            {
                damaged[random.Next(damaged.Length)] ^= (byte)(1 << random.Next(8));
            }

            // Whatever still reads is a book; nothing else may escape.
            if (Record.Exception(() => Read(damaged)) is { } refused)
            {
                Assert.IsType<FormatException>(refused);
            }
        }
    }

    [Fact]
    public void Members_and_alerts_agree_on_every_record() => Prop.ForAll(
        Gen.Choose(0, int.MaxValue).ToArbitrary(),
        seed =>
        {
            var world = Run(seed, restart: _ => false);
            var ended = new HashSet<string>();
            foreach (var anomaly in world.Told)
            {
                Assert.True(AnomalyFormat.TryRead(AnomalyFormat.Write(anomaly), out _));
                Assert.True(anomaly.Kind == AnomalyKind.Digest || !ended.Contains(anomaly.Id), "told of after its end");
                Assert.Equal(anomaly.EndedMs is null, anomaly.End is null);
                if (anomaly.EndedMs is not null)
                {
                    ended.Add(anomaly.Id);
                }
            }

            // After an hour of quiet all has ended.
            Assert.All(world.Told, anomaly => Assert.Contains(anomaly.Id, ended));
            Assert.Equal(0, world.Book.OpenAlerts);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(40));

    private static EpisodeBook Read(byte[] bytes)
    {
        var reader = new BlockReader(bytes);
        return EpisodeBook.Read(ref reader, new EpisodeOptions(), _ => new DetectorOfMeasure("evidence", 1));
    }

    /// <summary>Hours of trouble of all kinds, then an hour of quiet.</summary>
    private static EpisodeWorld Run(int seed, Func<int, bool> restart)
    {
        var random = new Random(seed);
        var world = new EpisodeWorld(new EpisodeOptions
        {
            MaxAlertsPerHour = 1 + random.Next(4), GroupTenants = 2 + random.Next(3), MaxEpisodes = 30,
        });
        for (var tenant = 0; tenant < 6; tenant++)
        {
            var model = random.Next(2) == 0 ? "opus" : "haiku";
            world.Spends($"t{tenant}", 0.02m + tenant, model, random.Next(4) == 0 ? "openai" : "anthropic");
            world.AddCost($"t{tenant}");
            world.AddCost($"t{tenant}", "chat");
            world.AddCost($"t{tenant}", "chat", "opus");
            world.Add(SeriesMeasure.Requests, $"t{tenant}", "chat", null, 100, 1e10);
            world.Add(SeriesMeasure.LatencyP95, $"t{tenant}", "search", null, 800);
        }

        var trouble = new Dictionary<TestSeries, (double Times, int Minutes)>();
        for (var minute = 0; minute < 240; minute++)
        {
            foreach (var series in world.Series.Where(_ => random.Next(60) == 0))
            {
                var times = random.Next(3) switch { 0 => 0, 1 => double.NaN, _ => 2 + (random.NextDouble() * 4) };
                trouble[series] = (times, random.Next(1, 40));
            }

            if (random.Next(80) == 0)
            {
                foreach (var series in world.Series.Where(series => series.Measure == SeriesMeasure.LatencyP95))
                {
                    trouble[series] = (4, 20);
                }
            }

            foreach (var (series, (times, left)) in trouble.ToList())
            {
                _ = left > 1 ? (trouble[series] = (times, left - 1)) == default : trouble.Remove(series);
            }

            if (random.Next(5) == 0)
            {
                var series = world.Series[random.Next(world.Series.Count)];
                var minuteMs = world.NowMs - (EpisodeWorld.Minute * random.Next(1, 5));
                world.Book.Correct(series.Path, series.Measure, minuteMs, series.Expected * random.Next(1, 4));
            }

            if (random.Next(40) == 0)
            {
                world.Book.Drop(random.Next(world.Series.Count));
            }

            if (restart(minute))
            {
                world.Restart();
            }

            world.Next([.. trouble.Select(one => (one.Key, one.Value.Times))]);
        }

        world.For(75);
        return world;
    }
}
