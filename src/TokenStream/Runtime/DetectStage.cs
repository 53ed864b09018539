using System.Collections.Concurrent;
using System.Text;
using Microsoft.Extensions.Logging;
using TokenStream.Detection;

namespace TokenStream.Runtime;

/// <summary>
/// Drives the detect processors of the rollups partitions that one worker owns, publishes what they find, and keeps snapshots of them on a
/// compacted topic: docs/detection.md. What is found is a function of the log alone, so whoever takes over finds the same again, with the same
/// ids; that it is published more than once after a crash changes nothing.
/// </summary>
public sealed class DetectStage : IStage
{
    private const long LookMs = 1_000;

    private readonly IRecordSource _source;
    private readonly IRecordSink _sink;
    private readonly ICompactedLog _seriesLog;
    private readonly Func<SeriesMeasure, ISeriesDetector> _detectors;
    private readonly DetectStageOptions _options;
    private readonly StreamMetrics _metrics;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;

    // Only the worker's thread changes it; health is read from others.
    private readonly ConcurrentDictionary<TopicPartition, DetectPartition> _partitions = [];
    private long _waitMs;
    private long _sinceLookMs;

    /// <param name="source">Reads the rollups topic, as a member of a group.</param>
    /// <param name="sink">Takes anomalies and snapshots.</param>
    /// <param name="seriesLog">The topic of snapshots.</param>
    /// <param name="detectors">The detector of each measure; called once for each measure and partition.</param>
    /// <param name="options">Names and limits.</param>
    /// <param name="metrics">Where is counted.</param>
    /// <param name="clock">Says how far back history reaches at a first start, and nothing else.</param>
    /// <param name="logger">Where is told.</param>
    public DetectStage(
        IRecordSource source,
        IRecordSink sink,
        ICompactedLog seriesLog,
        Func<SeriesMeasure, ISeriesDetector> detectors,
        DetectStageOptions options,
        StreamMetrics metrics,
        TimeProvider clock,
        ILogger logger)
    {
        (_source, _sink, _seriesLog, _detectors) = (source, sink, seriesLog, detectors);
        (_options, _metrics, _clock, _logger) = (options, metrics, clock, logger);
        metrics.Detect.Observe(() => _partitions.Values.Select(p => p.Gauges).OfType<DetectGauges>());
    }

    /// <summary>Partitions that do not read, with the reason.</summary>
    public IEnumerable<(TopicPartition Partition, string Reason)> Stopped =>
        _partitions.Values.Where(p => p.Stopped is not null).Select(p => (p.Partition, p.Stopped!)).ToArray();

    /// <summary>Whether the group has given this worker any partition.</summary>
    public bool HasPartitions => !_partitions.IsEmpty;

    internal IEnumerable<DetectPartition> Partitions => _partitions.Values;

    public (long Offset, IPartitionReader Reader) Assigned(TopicPartition partition)
    {
        var owned = new DetectPartition(partition, _options, Damaged);
        _partitions[partition] = owned;

        // Where there is a record at all: a gap is the start's to tell of, and no reason not to read.
        var (start, end) = _source.QueryWatermarks(partition);
        return (_source.Committed(partition)?.Offset is { } offset && offset >= start && offset <= end ? offset : start, owned);
    }

    // Effects are performed to their end between two polls: nothing is in flight here but a snapshot that nobody will ask for.
    public void Revoked(TopicPartition partition) => _partitions.TryRemove(partition, out _);

    public void Lost(TopicPartition partition) => _partitions.TryRemove(partition, out _);

    public async ValueTask StepAsync(long elapsedMs)
    {
        (_waitMs, _sinceLookMs) = (_waitMs - elapsedMs, _sinceLookMs + elapsedMs);
        try
        {
            foreach (var partition in _partitions.Values.Where(p => p.Stopped is null))
            {
                partition.SinceSnapshotMs += elapsedMs;
                await StepAsync(partition);
            }
        }
        catch (PublishFailedException failure)
        {
            Log.PublishFailed(_logger, failure.Message);
            _metrics.PublishFailures.Add(1);
            RestartAll();
        }
        catch (SourceFailedException failure)
        {
            Log.DetectWaits(_logger, failure.Message);
            RestartAll();
        }

        Look();
    }

    private async ValueTask StepAsync(DetectPartition partition)
    {
        if (!partition.IsStarted)
        {
            if (_waitMs <= 0)
            {
                await StartAsync(partition);
            }

            return;
        }

        partition.BeginStep();
        if (partition.IsHolding)
        {
            partition.ScoreDue();
            if (!partition.IsHolding)
            {
                _source.Seek(partition.Partition, partition.Position);
            }
        }

        await PublishAsync(partition);
        await SnapshotAsync(partition);
    }

    /// <summary>Takes over a partition. What a crash right after each step means stands beside it.</summary>
    private async ValueTask StartAsync(DetectPartition partition)
    {
        var (start, end) = _source.QueryWatermarks(partition.Partition);
        var nowMs = _clock.GetUtcNow().ToUnixTimeMilliseconds();
        var fresh = new DetectCommit(start, 0, end, nowMs - _options.HistoryMs, "");
        var committed = _source.Committed(partition.Partition) is { } known ? DetectCommit.Parse(known.Offset, known.Metadata) : fresh;
        if (committed.Offset > end)
        {
            Log.DetectSnapshotGone(_logger, partition.Partition, "the log ends before what was committed");
            committed = fresh with { Epoch = committed.Epoch };
        }

        // 1. The epoch is raised, and where history ends is settled: an owner before cannot commit, and no two write snapshots of one name. Crash: the
        // next raises it again, and keeps to the same end of history.
        if (!await CommitAsync(partition, committed with { Epoch = committed.Epoch + 1 }))
        {
            return;
        }

        // 2. The snapshot that the commit names, and what there is of others: after lost offsets they know of epochs that the commit does not, and none
        // is used twice.
        var snapshots = new SnapshotTable(partition.Number);
        _seriesLog.ReadAll(partition.Number, (_, _, key, value, isDeletion) => snapshots.Read(key, value, isDeletion, committed.Snapshot));
        if (snapshots.HighestEpoch >= partition.Commit.Epoch &&
            !await CommitAsync(partition, partition.Commit with { Epoch = snapshots.HighestEpoch + 1 }))
        {
            return;
        }

        var processor = Restore(partition, snapshots, out var problem);
        if (processor is null && committed.Snapshot.Length > 0)
        {
            // 3. Without it, what the log has is learnt from anew, and brings no anomaly. Crash: the commit has settled it.
            Log.DetectSnapshotGone(_logger, partition.Partition, problem);
            if (!await CommitAsync(partition, fresh with { Epoch = partition.Commit.Epoch }))
            {
                return;
            }
        }

        processor ??= new DetectProcessor(_options.Detect, _detectors);
        var offset = partition.Commit.Offset;
        if (offset < start)
        {
            processor.Lose();
            Log.DetectGap(_logger, partition.Partition, offset, start);
            offset = start;
        }

        partition.Begin(processor, snapshots, offset);
        _source.Seek(partition.Partition, offset);
        Log.DetectStarts(_logger, partition.Partition, processor.SeriesCount, end - offset, Math.Max(0, partition.Commit.HistoryEnd - offset));
    }

    private DetectProcessor? Restore(DetectPartition partition, SnapshotTable snapshots, out string problem)
    {
        problem = "it is not on its topic any more";
        if (snapshots.Take(partition.Commit.Snapshot) is not { } chunks)
        {
            return null;
        }

        try
        {
            return DetectProcessor.Restore(chunks, _options.Detect, _detectors);
        }
        catch (FormatException damaged)
        {
            problem = damaged.Message;
            return null;
        }
    }

    private async ValueTask PublishAsync(DetectPartition partition)
    {
        if (partition.Anomalies.Count == 0)
        {
            return;
        }

        var topic = new TopicPartition(_options.AnomaliesTopic, 0);
        foreach (var anomaly in partition.Anomalies)
        {
            _sink.Publish(topic, Encoding.UTF8.GetBytes(anomaly.Id), AnomalyFormat.Write(anomaly));
            _metrics.Detect.Count(anomaly);
        }

        partition.Anomalies.Clear();

        // Before any commit that passes what they were found in. Crash: they are found again, with the same ids.
        await _sink.FlushAsync();
    }

    /// <summary>
    /// Writes a snapshot under a new name, a slice in each step; the commit that names it makes it valid; then those of lower offsets go. A
    /// crash in between leaves records that nobody asks for.
    /// </summary>
    private async ValueTask SnapshotAsync(DetectPartition partition)
    {
        if (partition.Writing is not { } writing)
        {
            if (!IsSnapshotDue(partition))
            {
                return;
            }

            var begun = SnapshotTable.NameOf(partition.Position, partition.Commit.Epoch, ++partition.SnapshotNumber);
            partition.Writing = writing = new DetectSnapshot(begun, partition.Position, partition.Processor.BeginSnapshot(_options.SnapshotChunkBytes));
            partition.SinceSnapshotMs = 0;
        }

        // 1. Chunks, as many as a step may write; the next step goes on where this one ends. They are awaited with whatever is awaited next.
        var (topic, name) = (new TopicPartition(_options.SeriesTopic, partition.Number), writing.Name);
        if (!writing.Writer.Continue(_options.SnapshotSliceBytes, (chunk, bytes) => _sink.Publish(topic, partition.Snapshots.Key(name, chunk), bytes)))
        {
            return;
        }

        await _sink.FlushAsync();
        partition.Writing = null;
        partition.Snapshots.Written(name, writing.Writer.Chunks);

        // 2. All chunks are in the log. The commit names them, and the offset at which the snapshot stands.
        if (!await CommitAsync(partition, partition.Commit with { Offset = writing.Offset, Snapshot = name }))
        {
            return;
        }

        // 3. Nobody asks for an older one any more.
        foreach (var key in partition.Snapshots.TakeOlder(name))
        {
            _sink.Delete(topic, key);
        }

        await _sink.FlushAsync();
        partition.SnapshotBytes = writing.Writer.Bytes;
    }

    /// <summary>
    /// Right after a minute was scored there is the longest time until the next, which would copy what is not written yet. The first comes when
    /// history is read, so that it is not read again.
    /// </summary>
    private bool IsSnapshotDue(DetectPartition partition)
    {
        var isFirst = partition.Commit.Snapshot.Length == 0 && partition.Position >= partition.Commit.HistoryEnd && partition.Processor.ScoredMs is not null;
        var interval = Math.Max(_options.SnapshotIntervalMs, partition.SnapshotBytes * 1000 / _options.SnapshotBytesPerSecond);
        var isDue = partition.HasScored && !partition.IsHolding && partition.Position > partition.Commit.Offset &&
            (isFirst || partition.SinceSnapshotMs >= interval);
        partition.HasScored &= isDue;
        return isDue;
    }

    private void Look()
    {
        if (_sinceLookMs < LookMs)
        {
            return;
        }

        _sinceLookMs = 0;
        foreach (var partition in _partitions.Values.Where(p => p.IsStarted))
        {
            var (counts, processor) = (partition.Processor.Counts, partition.Processor);
            _metrics.Detect.Count(counts, partition.Told);
            partition.Told = counts;
            var end = _source.Watermarks(partition.Partition).End;
            partition.Gauges = new DetectGauges(
                partition.Number, Math.Max(0, end - partition.Position), processor.SeriesCount, processor.StateBytes, processor.ScoredMs,
                processor.Episodes, processor.OpenAlerts, partition.SnapshotBytes, partition.SinceSnapshotMs);
        }
    }

    private async ValueTask<bool> CommitAsync(DetectPartition partition, DetectCommit commit)
    {
        if (await _source.CommitAsync([new OffsetCommit(partition.Partition, commit.Offset, commit.ToMetadata())]))
        {
            partition.Commit = commit;
            return true;
        }

        Log.CommitFailed(_logger, partition.Partition);
        _metrics.CommitFailures.Add(1);
        Restart(partition);
        return false;
    }

    private void RestartAll()
    {
        foreach (var partition in _partitions.Values)
        {
            Restart(partition);
        }
    }

    private void Restart(DetectPartition partition)
    {
        partition.Restart();
        _waitMs = _options.RetryMs;
    }

    private void Damaged(TopicPartition partition, long offset, FormatException failure)
    {
        Log.DetectDamaged(_logger, partition, offset, failure.Message);
        _metrics.CountRefused("rollup_damaged");
    }
}
