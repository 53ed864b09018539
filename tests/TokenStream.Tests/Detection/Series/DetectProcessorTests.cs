using FsCheck;
using FsCheck.Fluent;
using TokenStream.Detection;
using TokenStream.Windowing;
using Xunit;
using static TokenStream.Tests.Detection.Series.DetectFeed;

namespace TokenStream.Tests.Detection.Series;

public sealed class DetectProcessorTests
{
    private readonly DetectFeed _feed = new();

    [Fact]
    public void Every_series_has_the_value_that_looking_through_everything_gives()
    {
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(12), Prop.ForAll((int seed) =>
        {
            var (naive, records) = (new NaiveDetect(), DetectFeed.Random(seed));
            foreach (var record in records)
            {
                naive.Read(record);
            }

            var points = Run(New(), records);
            Assert.NotEmpty(points);
            Assert.Equal(naive.Points.Order(Order), points.Select(PointOf).Order(Order));
        }));
    }

    [Fact]
    public void A_restart_from_a_snapshot_anywhere_goes_on_bit_for_bit()
    {
        var anomalies = 0;
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(25), Prop.ForAll((int seed, int place, int pace) =>
        {
            var records = DetectFeed.Random(seed);
            var cut = (place & int.MaxValue) % records.Count;
            var whole = New();
            Run(whole, records.Take(cut));
            var writer = whole.BeginSnapshot(chunkBytes: 300);
            var chunks = new List<byte[]>();
            var (points, told, toldAgain) = (new List<ScoredPoint>(), new List<Anomaly>(), new List<Anomaly>());

            // The snapshot is written while the processor goes on, in slices of some bytes a record: what changes meanwhile is copied.
            var isWhole = false;
            foreach (var record in records.Skip(cut))
            {
                isWhole = isWhole || writer.Continue(1 + ((pace & int.MaxValue) % 5000), (number, bytes) => chunks.Add(bytes.ToArray()));
                points.AddRange(Run(whole, [record], told));
            }

            while (!isWhole)
            {
                isWhole = writer.Continue(1, (number, bytes) => chunks.Add(bytes.ToArray()));
            }

            var restored = DetectProcessor.Restore(chunks, new DetectOptions(), _ => new FingerprintDetector());
            Assert.Equal(points.Select(TextOf), Run(restored, records.Skip(cut), toldAgain).Select(TextOf));
            Assert.Equal(told.Select(AnomalyFormat.Write), toldAgain.Select(AnomalyFormat.Write));
            Assert.Equal(Snapshot(whole), Snapshot(restored));
            anomalies += told.Count;
        }));

        // Cuts between which nothing is told would prove little.
        Assert.True(anomalies > 0);
    }

    [Fact]
    public void A_minute_without_traffic_is_zero_and_a_share_has_no_value_in_it()
    {
        _feed.Decide(0, Noon + Minute, d => Value(0, d, Noon, "acme", 5));
        _feed.Decide(0, Noon + (2 * Minute));
        var points = Run(New(), _feed.Records);
        Assert.Equal(5, Of(points, SeriesMeasure.Requests, Noon).Value);
        Assert.Equal(0.4, Of(points, SeriesMeasure.CacheShare, Noon).Value);
        Assert.Equal(0, Of(points, SeriesMeasure.Requests, Noon + Minute).Value);
        Assert.True(double.IsNaN(Of(points, SeriesMeasure.CacheShare, Noon + Minute).Value));
    }

    [Fact]
    public void Tenants_of_an_input_too_far_behind_are_missing_and_others_are_not()
    {
        _feed.Decide(1, Noon + Window, d => Value(1, d, Noon, "late", 5));
        _feed.Decide(0, Noon + Minute, d => Value(0, d, Noon, "acme", 5));
        _feed.Decide(1, Noon + Minute);
        _feed.Decide(0, Noon + (3 * Minute), d => Value(0, d, Noon + Minute, "acme", 6));
        Assert.Equal(Noon, Run(New(), _feed.Records)[^1].MinuteMs);

        // Input 1 has closed Noon + 1 min; from more than two minutes on it holds nothing back.
        _feed.Decide(0, Noon + (3 * Minute) + Window);
        var points = Run(New(), _feed.Records);
        Assert.Equal(6, Of(points, SeriesMeasure.Requests, Noon + Minute).Value);
        Assert.True(double.IsNaN(Of(points, SeriesMeasure.Requests, Noon + Minute, "late").Value));
        Assert.Equal(default, Of(points, SeriesMeasure.Requests, Noon + Minute, "late").Score);
    }

    [Fact]
    public void An_input_that_ended_its_day_with_nothing_to_read_is_silent_and_not_missing()
    {
        const long Midnight = Noon + (12 * 60 * Minute);
        _feed.Decide(1, Midnight - (10 * Minute), d => Value(1, d, Midnight - (11 * Minute), "quiet", 5));
        _feed.Decide(0, Midnight - (10 * Minute), d => Value(0, d, Midnight - (11 * Minute), "acme", 5));
        _feed.Decide(1, Midnight, read: 0);
        _feed.Decide(0, Midnight + (5 * Minute), d => Value(0, d, Midnight + Minute, "acme", 6));
        var points = Run(New(), _feed.Records);
        Assert.Equal(0, Of(points, SeriesMeasure.Requests, Midnight + Minute, "quiet").Value);
        Assert.Equal(6, Of(points, SeriesMeasure.Requests, Midnight + Minute).Value);
    }

    [Fact]
    public void A_correction_counts_before_its_minute_is_scored_and_changes_nothing_after()
    {
        _feed.Decide(0, Noon + Window, d => Value(0, d, Noon, "acme", 5));
        _feed.Decide(0, Noon + Minute, d => Value(0, d, Noon, "acme", 2, part: d));
        _feed.Decide(0, Noon + Minute, d => Value(0, d, Noon, "acme", 100, part: d));
        _feed.Decide(0, Noon + (2 * Minute), d => Value(0, d, Noon - (30 * Minute), "acme", 100, part: d));
        var processor = New();
        var points = Run(processor, _feed.Records);
        Assert.Equal([(Noon, 7.0), (Noon + Minute, 0.0)], points.Where(p => p is { Measure: SeriesMeasure.Requests, Path: { Feature: null, Model: null } }).Select(p => (p.MinuteMs, p.Value)));
        Assert.Equal(2, processor.Counts.Corrections);
    }

    [Fact]
    public void After_lost_records_minutes_are_missing_up_to_where_each_input_speaks_again()
    {
        _feed.Decide(0, Noon + Minute, d => Value(0, d, Noon, "acme", 5));
        var processor = New();
        Run(processor, _feed.Records);
        processor.Lose();
        _feed.Records.Clear();
        _feed.Decide(0, Noon + (3 * Minute), d => Value(0, d, Noon + (2 * Minute), "acme", 3));
        _feed.Decide(0, Noon + (4 * Minute), d => Value(0, d, Noon + (3 * Minute), "acme", 4));
        var points = Run(processor, _feed.Records);
        Assert.True(double.IsNaN(Of(points, SeriesMeasure.Requests, Noon + Minute).Value));
        Assert.True(double.IsNaN(Of(points, SeriesMeasure.Requests, Noon + (2 * Minute)).Value));
        Assert.Equal(4, Of(points, SeriesMeasure.Requests, Noon + (3 * Minute)).Value);
    }

    [Fact]
    public void Series_that_were_quiet_for_eight_days_are_dropped_and_their_numbers_used_again()
    {
        const long Day = 24 * 60 * Minute;
        _feed.Decide(0, Noon + Minute, d => Value(0, d, Noon, "gone", 5), d => Value(0, d, Noon, "stays", 5));
        for (var day = 1; day <= 8; day++)
        {
            var at = Noon + (day * Day);
            _feed.Decide(0, at + Minute, d => Value(0, d, at, "stays", 5));
        }

        var processor = New();
        Run(processor, _feed.Records);
        Assert.Equal(2, processor.PlaceCount / 4);
        _feed.Records.Clear();
        _feed.Decide(0, Noon + (8 * Day) + (2 * Minute));
        Run(processor, _feed.Records);
        Assert.Equal(1, processor.PlaceCount / 4);
        Assert.True(processor.Counts.Idle > 0);
        _feed.Records.Clear();
        _feed.Decide(0, Noon + (8 * Day) + (3 * Minute), d => Value(0, d, Noon + (8 * Day) + (2 * Minute), "new", 5));
        var points = Run(processor, _feed.Records);
        Assert.Equal(processor.SeriesCount, points.Max(p => p.Series) + 1);
    }

    [Fact]
    public void Nothing_is_scored_of_a_gap_in_which_every_series_would_have_gone()
    {
        _feed.Decide(0, Noon + Minute, d => Value(0, d, Noon, "acme", 5));
        var back = Noon + (400 * 24 * 60 * Minute);
        _feed.Decide(0, back + Minute, d => Value(0, d, back, "acme", 6));
        var processor = New();
        var points = Run(processor, _feed.Records);
        Assert.Equal(2, processor.Counts.Minutes);
        Assert.Equal(6, Of(points, SeriesMeasure.Requests, back).Value);
    }

    [Fact]
    public void The_least_active_leave_where_there_is_no_room_and_a_less_active_one_does_not_come_in()
    {
        _feed.Decide(0, Noon + Minute, d => Value(0, d, Noon, "busy", 1000), d => Value(0, d, Noon, "little", 2));
        var processor = New(40);
        Run(processor, _feed.Records);
        Assert.Equal(40, processor.SeriesCount);
        _feed.Records.Clear();
        _feed.Decide(0, Noon + (2 * Minute), d => Value(0, d, Noon + Minute, "middle", 100), d => Value(0, d, Noon + Minute, "busy", 1000));
        var points = Run(processor, _feed.Records);
        Assert.Equal(["busy", "middle"], points.Select(p => p.Path.Tenant!).Distinct().Order(StringComparer.Ordinal));
        Assert.Equal(20, processor.Counts.Evicted);
        _feed.Records.Clear();
        _feed.Decide(0, Noon + (3 * Minute), d => Value(0, d, Noon + (2 * Minute), "tiny", 1));
        points = Run(processor, _feed.Records);
        Assert.Equal(40, processor.SeriesCount);
        Assert.Equal(["busy", "middle"], points.Where(p => p.Measure == SeriesMeasure.Cost && p.Path.Model is null).Select(p => p.Path.Tenant!).Distinct().Order(StringComparer.Ordinal));
        Assert.Equal(20, processor.Counts.Refused);
    }

    [Fact]
    public void Two_owners_of_one_decision_are_told_apart()
    {
        var processor = New();
        processor.Read(MarkOf(0, 1, Noon));
        Assert.Throws<InvalidOperationException>(() => processor.Read(MarkOf(0, 1, Noon) with { Position = 7 }));
    }

    [Fact]
    public void Money_is_the_excess_times_what_a_unit_costs()
    {
        _feed.Decide(0, Noon + Minute, d => Value(0, d, Noon, "acme", 10));
        var points = Run(New(), _feed.Records);

        // Ten requests of 740 picodollars: 600 for 60 uncached tokens, 40 for 40 cached ones, 100 for 10 of output.
        Assert.Equal(1, Of(points, SeriesMeasure.Cost, Noon).CostPerUnit);
        Assert.Equal(740, Of(points, SeriesMeasure.Requests, Noon).CostPerUnit);
        Assert.Equal(6.4, Of(points, SeriesMeasure.TokensIn, Noon).CostPerUnit, 12);
        Assert.Equal(10, Of(points, SeriesMeasure.TokensOut, Noon).CostPerUnit);
        Assert.Equal(10, Of(points, SeriesMeasure.CostPerRequest, Noon).CostPerUnit);
        Assert.Equal(100, Of(points, SeriesMeasure.TokensOutPerRequest, Noon).CostPerUnit);

        // A share of 1 less would make 1,000 tokens cost 10 instead of 1 each.
        Assert.Equal(-9_000, Of(points, SeriesMeasure.CacheShare, Noon).CostPerUnit);
    }

    [Fact]
    public void A_detector_of_another_version_begins_cold_and_others_go_on()
    {
        _feed.Decide(0, Noon + Minute, d => Value(0, d, Noon, "acme", 10));
        var processor = New();
        Run(processor, _feed.Records);
        var chunks = Snapshot(processor);
        var restored = DetectProcessor.Restore(
            chunks, new DetectOptions(), measure => new FingerprintDetector(version: measure == SeriesMeasure.Cost ? 2 : 1));
        _feed.Records.Clear();
        _feed.Decide(0, Noon + (2 * Minute), d => Value(0, d, Noon + Minute, "acme", 10));
        var points = Run(restored, _feed.Records);
        Assert.Equal(0, Of(points, SeriesMeasure.Cost, Noon + Minute).Expected.High);
        Assert.Equal(1, Of(points, SeriesMeasure.Requests, Noon + Minute).Expected.High);
    }

    [Fact]
    public void A_damaged_snapshot_is_refused_or_read_and_nothing_else()
    {
        var processor = New();
        Run(processor, DetectFeed.Random(1).Take(300));
        var chunks = Snapshot(processor);
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(300), Prop.ForAll((int chunk, int place, byte bits) =>
        {
            var damaged = chunks.Select(bytes => bytes.ToArray()).ToList();
            var bytes = damaged[(chunk & int.MaxValue) % damaged.Count];
            bytes[(place & int.MaxValue) % bytes.Length] ^= bits;
            try
            {
                DetectProcessor.Restore(damaged, new DetectOptions(), _ => new FingerprintDetector());
            }
            catch (FormatException)
            {
                // Said, and learnt anew.
            }
        }));
        Assert.Throws<FormatException>(() => DetectProcessor.Restore([.. chunks.SkipLast(1)], new DetectOptions(), _ => new FingerprintDetector()));
    }

    internal static List<byte[]> Snapshot(DetectProcessor processor)
    {
        var chunks = new List<byte[]>();
        Assert.True(processor.BeginSnapshot(chunkBytes: 300).Continue(long.MaxValue, (_, bytes) => chunks.Add(bytes.ToArray())));
        return chunks;
    }

    private static DetectProcessor New(int limit = 100_000)
    {
        var shared = new FingerprintDetector();
        return new DetectProcessor(new DetectOptions { MaxSeries = limit }, _ => shared);
    }

    /// <summary>The points of all minutes that the records make due.</summary>
    private static List<ScoredPoint> Run(DetectProcessor processor, IEnumerable<object> records, List<Anomaly>? anomalies = null)
    {
        var points = new List<ScoredPoint>();
        anomalies ??= [];
        processor.Scored = (in ScoredPoint point, IPointProbe probe) =>
        {
            // What the probe says of the value itself is what was scored, and asking changes nothing.
            if (!double.IsNaN(point.Value))
            {
                Assert.NotEqual(point.Score, probe.Score(point.Value + 1));
                Assert.Equal(point.Score, probe.Score(point.Value));
            }

            points.Add(point);
        };
        foreach (var record in records)
        {
            if (record is Rollup value)
            {
                processor.Read(value);
                continue;
            }

            processor.Read((Mark)record);
            while (processor.IsDue)
            {
                processor.ScoreNext(isHistory: false, anomalies);
            }
        }

        return points;
    }

    private static ScoredPoint Of(List<ScoredPoint> points, SeriesMeasure measure, long minuteMs, string tenant = "acme") =>
        Assert.Single(points, p => p.Measure == measure && p.MinuteMs == minuteMs && p.Path is { Model: null } && p.Path.Tenant == tenant &&
            p.Path.Feature == (measure.IsCount() ? null : "chat"));

    private static NaivePoint PointOf(ScoredPoint point) =>
        new(NaiveDetect.PlaceOf(point.Path.Tenant!, point.Path.Feature, point.Path.Model), point.Measure, point.MinuteMs, point.Value);

    private static string TextOf(ScoredPoint point) => point.ToString();

    private static readonly Comparer<NaivePoint> Order = Comparer<NaivePoint>.Create((a, b) =>
        a.MinuteMs.CompareTo(b.MinuteMs) is not 0 and var byMinute ? byMinute :
        string.CompareOrdinal(a.Place, b.Place) is not 0 and var byPlace ? byPlace : a.Measure.CompareTo(b.Measure));
}
