using Microsoft.Extensions.Logging.Abstractions;
using TokenStream.Detection;
using TokenStream.Runtime;
using TokenStream.Tests.Detection.Series;
using Xunit;
using static TokenStream.Tests.Detection.Series.DetectFeed;

namespace TokenStream.Tests.Runtime;

public sealed class DetectStageTests : IDisposable
{
    private const string Rollups = "tokenstream.rollups";
    private const string Series = "tokenstream.series";

    private readonly MemoryLog _log = new();
    private readonly StreamMetrics _metrics = new();
    private readonly DetectFeed _feed = new();
    private readonly List<ScoredPoint> _points = [];
    private DetectStageOptions _options = new() { SnapshotIntervalMs = 0, SnapshotSliceBytes = 1_000_000, SnapshotBytesPerSecond = long.MaxValue / 4, HistoryMs = long.MaxValue / 4 };

    [Fact]
    public async Task A_new_owner_goes_on_from_the_snapshot_that_the_commit_names()
    {
        var first = NewOwner();
        await RunAsync(first);
        Publish(Noon, 3);
        await RunAsync(first);
        Assert.Equal(_log.Topic(Rollups).Count, _log.Commit!.Offset);
        Publish(Noon + (3 * Minute), 2);
        var scored = _points.Count;
        var second = NewOwner();
        await RunAsync(second);
        Assert.StartsWith("td1 e=2 ", _log.Commit!.Metadata, StringComparison.Ordinal);
        Assert.Equal([Noon + (3 * Minute), Noon + (4 * Minute)], _points.Skip(scored).Select(point => point.MinuteMs).Distinct());

        // Each series' fingerprint counts all of its points: the first owner's, too.
        Assert.All(_points.Where(p => p.MinuteMs == Noon + (4 * Minute) && p.Measure.IsCount()), point => Assert.Equal(4, point.Expected.High));
    }

    [Fact]
    public async Task Wherever_an_owner_dies_the_same_points_are_scored_and_the_same_state_is_left()
    {
        var records = DetectFeed.Random(7);
        var whole = NewOwner();
        await RunAsync(whole);
        foreach (var record in records)
        {
            Publish(record);
        }

        await RunAsync(whole);
        var (expected, state) = (Texts(), StateOf(whole));
        for (var seed = 0; seed < 8; seed++)
        {
            var random = new Random(seed);
            _log.Topics.Clear();
            _log.Commit = null;
            _points.Clear();
            _options = _options with { SnapshotSliceBytes = random.Next(1, 20_000), PointsAStep = random.Next(1, 300), SnapshotChunkBytes = random.Next(50, 5_000) };
            var owner = NewOwner();
            await owner.StepAsync(1);
            foreach (var record in records)
            {
                Publish(record);
                if (random.Next(3) == 0)
                {
                    await owner.StepAsync(1);
                }

                owner.Source.LosesAnswer = random.Next(40) == 0;
                owner = random.Next(25) == 0 ? NewOwner() : owner;
            }

            owner.Source.LosesAnswer = false;
            await RunAsync(owner);
            Assert.Equal(expected, Texts());
            Assert.Equal(state, StateOf(owner));
        }
    }

    [Fact]
    public async Task What_the_log_had_before_the_first_start_is_history_and_stays_so_for_successors()
    {
        Publish(Noon, 3);
        var first = NewOwner();
        await first.StepAsync(1);
        var end = _log.Topic(Rollups).Count;
        Publish(Noon + (3 * Minute), 2);

        // The first owner dies before it has read anything.
        var second = NewOwner();
        await RunAsync(second);
        Assert.Contains($" h={end} ", _log.Commit!.Metadata, StringComparison.Ordinal);
        var counts = Assert.Single(second.Stage.Partitions).Processor.Counts;
        Assert.Equal((5, 3), (counts.Minutes, counts.HistoryMinutes));
    }

    [Fact]
    public async Task An_owner_that_cannot_commit_writes_no_snapshot_that_counts_and_deletes_none()
    {
        var stale = NewOwner();
        await RunAsync(stale);
        Publish(Noon, 3);
        var owner = NewOwner();
        await RunAsync(owner);
        var commit = _log.Commit;
        Publish(Noon + (3 * Minute), 1);
        await stale.StepAsync(1);
        await stale.StepAsync(1);
        Assert.Equal(commit, _log.Commit);
        var next = NewOwner();
        await RunAsync(next);
        Assert.Equal(_log.Topic(Rollups).Count, _log.Commit!.Offset);
        Assert.Equal(4, Assert.Single(next.Stage.Partitions).Processor.ScoredMs is { } scored ? (scored - Noon) / Minute + 1 : 0);
    }

    [Fact]
    public async Task After_lost_offsets_no_epoch_is_used_twice()
    {
        Publish(Noon, 3);
        var first = NewOwner();
        await RunAsync(first);
        _log.Commit = null;
        var second = NewOwner();
        await RunAsync(second);
        Assert.StartsWith("td1 e=2 ", _log.Commit!.Metadata, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_its_snapshot_it_learns_anew_and_what_it_learns_from_is_history()
    {
        var first = NewOwner();
        await RunAsync(first);
        Publish(Noon, 3);
        await RunAsync(first);
        _log.Topic(Series).Clear();
        var second = NewOwner();
        await RunAsync(second);
        var counts = Assert.Single(second.Stage.Partitions).Processor.Counts;
        Assert.Equal((3, 3), (counts.Minutes, counts.HistoryMinutes));
    }

    [Fact]
    public async Task Older_snapshots_are_deleted_and_damaged_records_are_passed_over()
    {
        var owner = NewOwner();
        await RunAsync(owner);
        Publish(Noon, 1);
        await RunAsync(owner);
        _log.Topic(Rollups).Add(([], [(byte)'R', 1, 255]));
        Publish(Noon + Minute, 1);
        await RunAsync(owner);
        var standing = _log.Topic(Series).GroupBy(record => System.Text.Encoding.UTF8.GetString(record.Key)).Where(key => key.Last().Value is not null);
        Assert.Single(standing.Select(key => key.Key.Split('/')[1]).Distinct());
        Assert.Equal(Noon + Minute, Assert.Single(owner.Stage.Partitions).Processor.ScoredMs);
        Assert.Empty(owner.Stage.Stopped);
    }

    [Fact]
    public async Task Two_owners_of_a_decision_stop_the_partition_and_say_so()
    {
        var owner = NewOwner();
        await RunAsync(owner);
        Publish(Noon, 1);
        Publish(MarkOf(0, 1, Noon + Minute) with { Position = 5 });
        await RunAsync(owner);
        Assert.Contains("two owners", Assert.Single(owner.Stage.Stopped).Reason, StringComparison.Ordinal);
    }

    public void Dispose() => _metrics.Dispose();

    private Owner NewOwner()
    {
        var source = _log.NewOwner(Rollups);
        var stage = new DetectStage(
            source,
            new MemorySink(_log),
            new MemoryCompactedLog(_log, Series),
            _ => new FingerprintDetector(),
            _options with { RetryMs = 0 },
            _metrics,
            TimeProvider.System,
            NullLogger.Instance);
        return new Owner(source, stage, Watch);
    }

    private void Watch(DetectStage stage)
    {
        foreach (var partition in stage.Partitions.Where(partition => partition.IsStarted))
        {
            partition.Processor.Scored = (in ScoredPoint point, IPointProbe probe) => _points.Add(point);
        }
    }

    private static async Task RunAsync(Owner owner)
    {
        for (var i = 0; i < 50 || Assert.Single(owner.Stage.Partitions) is { IsHolding: true } or { Writing: not null, Stopped: null }; i++)
        {
            await owner.StepAsync(1);
        }
    }

    /// <summary>So many minutes of one tenant, each with its own decision.</summary>
    private void Publish(long fromMs, int minutes)
    {
        for (var minute = fromMs; minute < fromMs + (minutes * Minute); minute += Minute)
        {
            _feed.Records.Clear();
            _feed.Decide(0, minute + Minute, d => Value(0, d, minute, "acme", 5));
            _feed.Records.ForEach(Publish);
        }
    }

    private void Publish(object record) => _log.Topic(Rollups).Add(([], RollupRecords.Of(record)));

    /// <summary>What was scored, each point once however often it was.</summary>
    private List<string> Texts() => [.. _points.Select(point => point.ToString()).Distinct().Order(StringComparer.Ordinal)];

    private static List<byte[]> StateOf(Owner owner) => DetectProcessorTests.Snapshot(Assert.Single(owner.Stage.Partitions).Processor);

    private sealed record Owner(MemoryLog.MemorySource Source, DetectStage Stage, Action<DetectStage> Watch)
    {
        public async Task StepAsync(long elapsedMs)
        {
            Source.Poll(TimeSpan.Zero, Stage);
            await Stage.StepAsync(elapsedMs);
            Watch(Stage);
        }
    }
}
