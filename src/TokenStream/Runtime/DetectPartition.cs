using TokenStream.Detection;
using TokenStream.Detection.Series;
using TokenStream.Windowing;

namespace TokenStream.Runtime;

/// <summary>A rollups partition whose series this worker keeps.</summary>
internal sealed class DetectPartition(
    TopicPartition partition, DetectStageOptions options, Action<TopicPartition, long, FormatException> damaged) : IPartitionReader
{
    private readonly List<Rollup> _values = [];
    private long _scored;

    public TopicPartition Partition { get; } = partition;

    public int Number => Partition.Partition;

    /// <summary>Whether it was taken over; before, records are passed over, since they are read again.</summary>
    public bool IsStarted { get; set; }

    /// <summary>Why the partition does not read, for people; null where it does.</summary>
    public string? Stopped { get; private set; }

    /// <summary>What was committed last.</summary>
    public DetectCommit Commit { get; set; } = new(0, 0, 0, 0, "");

    public DetectProcessor Processor { get; private set; } = null!;

    public SnapshotTable Snapshots { get; private set; } = null!;

    /// <summary>The offset after the last record read.</summary>
    public long Position { get; private set; }

    /// <summary>
    /// Whether more minutes are due than one step scores: nothing is read meanwhile, and what was fetched is fetched again.
    /// </summary>
    public bool IsHolding { get; private set; }

    /// <summary>Anomalies that are not published yet.</summary>
    public List<Anomaly> Anomalies { get; } = [];

    public long SinceSnapshotMs { get; set; }

    public long SnapshotBytes { get; set; }

    public long SnapshotNumber { get; set; }

    /// <summary>The snapshot that is being written; null between two.</summary>
    public DetectSnapshot? Writing { get; set; }

    /// <summary>Minutes scored since the last look of whoever snapshots.</summary>
    public bool HasScored { get; set; }

    /// <summary>What was told of its counts already.</summary>
    public DetectCounts Told { get; set; } = new();

    /// <summary>As of the last look; null before the first. Read from any thread.</summary>
    public volatile DetectGauges? Gauges;

    /// <summary>Begins at an offset, with what is known by then.</summary>
    public void Begin(DetectProcessor processor, SnapshotTable snapshots, long offset)
    {
        (Processor, Snapshots, Position, Writing, IsHolding, Told) = (processor, snapshots, offset, null, false, new DetectCounts());
        (SinceSnapshotMs, HasScored, IsStarted) = (0, false, true);
        Anomalies.Clear();
    }

    /// <summary>Begins again at what is committed.</summary>
    public void Restart()
    {
        Writing?.Writer.Abandon();
        (IsStarted, Writing, IsHolding) = (false, null, false);
        Anomalies.Clear();
    }

    public void Stop(string reason) => Stopped = reason;

    /// <summary>A step began: as much may be scored again.</summary>
    public void BeginStep() => _scored = 0;

    public void Read(in Record record)
    {
        if (Stopped is not null || !IsStarted || IsHolding)
        {
            return;
        }

        Position = record.Offset + 1;
        if (record.Offset < Commit.HistoryEnd && record.TimestampMs < Commit.HistoryFromMs)
        {
            return;
        }

        try
        {
            if (RollupDecoder.Read(record.Value, _values) is { } mark)
            {
                Processor.Read(mark);
                ScoreDue();
            }

            foreach (var value in _values)
            {
                Processor.Read(value);
            }
        }
        catch (FormatException failure)
        {
            damaged(Partition, record.Offset, failure);
        }
        catch (InvalidOperationException fork)
        {
            Stop(fork.Message);
        }
        finally
        {
            _values.Clear();
        }
    }

    /// <summary>
    /// Scores what the last record made due, and no more than a step may. Whether it is history is a matter of the record, so that a restart
    /// sees it the same way.
    /// </summary>
    public void ScoreDue()
    {
        IsHolding = false;
        while (Processor.IsDue)
        {
            if (_scored > options.PointsAStep)
            {
                IsHolding = true;
                return;
            }

            Processor.ScoreNext(Position <= Commit.HistoryEnd, Anomalies);
            _scored += Processor.SeriesCount + 1;
            HasScored = true;
        }
    }
}

/// <summary>A snapshot that is being written, a slice in each step.</summary>
/// <param name="Offset">Where it stands: whoever restores it reads on from there.</param>
internal sealed record DetectSnapshot(string Name, long Offset, DetectSnapshotWriter Writer);
