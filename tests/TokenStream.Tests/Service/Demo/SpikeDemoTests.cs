using TokenStream.Detection;
using TokenStream.Kafka;
using TokenStream.Pricing;
using TokenStream.Service.Commands;
using TokenStream.Service.Demo.Spike;
using TokenStream.Service.Node;
using TokenStream.Service.Options;
using TokenStream.Tests.Windowing;
using TokenStream.Windowing;
using Xunit;

namespace TokenStream.Tests.Service.Demo;

/// <summary>The demo's story through the real aggregate and detect processors, without a node around them.</summary>
public sealed class SpikeDemoTests : IDisposable
{
    private const long MinuteMs = 60_000;

    /// <summary>A Wednesday's half past ten.</summary>
    private const long StoryFromMs = 1_772_620_200_000;
    private const int HistoryMinutes = 36 * 60;

    private readonly SpikeTraffic _traffic = new("test", seed: 47);
    private readonly AggregateProcessor _aggregate =
        new("t", 0, AggregateFixture.Rules with { Prices = DefaultPriceBook.Book, RollupsPartitions = 1 }, AggregateCommit.First(0, 1, 1));

    private readonly DetectProcessor _detect = new(new DetectOptions(), Detectors());
    private readonly SpikeWatch _watch = new("", new TopicLayout(), Detectors()) { StoryFromMs = StoryFromMs };
    private readonly List<Rollup> _values = [];
    private readonly List<Anomaly> _anomalies = [];
    private long _offset;

    public void Dispose() => _aggregate.Dispose();

    [Fact]
    public void A_lost_cache_is_told_with_its_cause_in_money_and_so_is_its_end()
    {
        var view = new SpikeView(_watch, HistoryMinutes) { StoryFromMs = StoryFromMs };
        Play(-HistoryMinutes, 10, isCacheLost: false);
        Assert.Null(_watch.Main);

        Play(10, 22, isCacheLost: true);
        var main = _watch.Main;
        Assert.NotNull(main);
        Assert.InRange((main.OpenedMs - StoryFromMs) / MinuteMs, 10, 12);
        Assert.Equal(AnomalyDirection.Up, _watch.Told.First(anomaly => anomaly.Measure == SeriesMeasure.Cost).Direction);
        var cause = Assert.IsType<Cause>(main.Cause);
        Assert.Equal((CauseFactor.CacheShare, "prompt_version", "47"), (cause.Shares[0].Factor, cause.Shares[0].Dimension, cause.Shares[0].Value));
        Assert.Equal(0.92, cause.Shares[0].Before, 0.02);
        Assert.Equal(0.11, cause.Shares[0].After, 0.02);

        Play(22, 60, isCacheLost: false);
        Assert.Equal(AnomalyEnd.Quiet, _watch.Main!.End);
        view.Phase = SpikePhase.Repaired;
        Assert.Contains(view.NewLines(), line => line.Contains("cache share fell", StringComparison.OrdinalIgnoreCase));
        Assert.Equal(CauseFactor.CacheShare, _watch.Main!.Cause!.Shares[0].Factor);
        Assert.StartsWith("The anomaly lasted from", view.Summary(), StringComparison.Ordinal);
        Assert.NotNull(view.Render());
    }

    [Fact]
    public void The_chart_shows_value_expectation_and_anomaly()
    {
        SpikePoint[] points = [new(0, 6e12, new Expectation(6e12, 5e12), 0), new(MinuteMs, 12e12, new Expectation(6e12, 5e12), 20)];
        var lines = SpikeChart.Draw(points, minuteMs => minuteMs > 0);
        Assert.Equal(13, lines.Count);
        Assert.DoesNotContain("deepskyblue1", lines[0], StringComparison.Ordinal);
        Assert.Contains("[red]", lines[0], StringComparison.Ordinal);
        Assert.Contains("[deepskyblue1]\u2588[/][red]\u2588[/]", lines[^2], StringComparison.Ordinal);
        Assert.Single(SpikeChart.Draw([], _ => false));
    }

    [Fact]
    public void A_log_with_a_past_of_its_own_is_refused()
    {
        var folder = Directory.CreateTempSubdirectory("tokenstream-spike-").FullName;
        try
        {
            Assert.Equal(folder, UpCommand.DemoDirectory("spike", folder, new NodeOptions()));
            File.WriteAllText(Path.Combine(folder, "log"), "");
            var used = Assert.Throws<NodeStartException>(() => UpCommand.DemoDirectory("spike", folder, new NodeOptions()));
            Assert.Contains("is not empty", used.Message, StringComparison.Ordinal);
            Assert.Throws<NodeStartException>(() => UpCommand.DemoDirectory("spike", null, new NodeOptions { Kafka = "broker:9092" }));
            Assert.Equal("./data-demo-runaway", UpCommand.DemoDirectory("runaway", null, new NodeOptions()));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static Func<SeriesMeasure, ISeriesDetector> Detectors()
    {
        var detector = SeriesDetectors.Create(SeriesDetectors.Default, 60);
        return _ => detector;
    }

    private void Play(int from, int to, bool isCacheLost)
    {
        for (var minute = from; minute < to; minute++)
        {
            foreach (var sent in _traffic.Minute(StoryFromMs + (minute * MinuteMs), isCacheLost))
            {
                _aggregate.Read(_offset++, sent.TimeMs, sent.Value);
            }

            if (_aggregate.Decide() is { } decision)
            {
                _aggregate.WriteValues(decision, Take);
                _aggregate.WriteMarks(decision, Take, (_, _, _) => { });
                _aggregate.Published(decision);
            }
        }
    }

    private void Take(int partition, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        _watch.Take(isAnomaly: false, partition, value);
        _values.Clear();
        if (RollupDecoder.Read(value, _values) is { } mark)
        {
            _detect.Read(mark);
            while (_detect.IsDue)
            {
                _detect.ScoreNext(isHistory: false, _anomalies);
            }
        }

        _values.ForEach(_detect.Read);
        _anomalies.ForEach(anomaly => _watch.Take(isAnomaly: true, 0, AnomalyFormat.Write(anomaly)));
        _anomalies.Clear();
    }
}
