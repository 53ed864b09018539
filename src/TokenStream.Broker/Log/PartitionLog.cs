using Microsoft.Extensions.Logging;

namespace TokenStream.Broker.Log;

/// <summary>One partition: batches of records by offset, in segment files. One writer at a time (a lock inside); readers never wait for it.
/// All members are safe from any thread.</summary>
public sealed class PartitionLog
{
    /// <summary>Backward steps of the clock up to this are smoothed, so that append times rise with offsets; a larger one is a correction
    /// of the clock and is followed.</summary>
    private const long SmoothedClockStepMs = 1_000;

    private readonly Lock _gate = new();
    private readonly OpenFiles _files;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly ProducerTable _producers;
    private readonly PartitionFlush _flush;
    private readonly AppendSignal _appended = new();
    private volatile Segment[] _segments;
    private volatile TopicConfig _config;
    private volatile string? _refusal;
    private long _highWatermark;
    private long _logStart;
    private long _lastAppendTimeMs;
    private bool _isClosed;
    private bool _isDeleted;

    private PartitionLog(
        int number, string directory, TopicConfig config, LogStoreOptions options, OpenFiles files, TimeProvider time, ILogger logger,
        ProducerTable producers, List<Segment> segments, PartitionState state)
    {
        Number = number;
        Directory = directory;
        _config = config;
        _files = files;
        _time = time;
        _logger = logger;
        _producers = producers;
        _segments = [.. segments];
        _logStart = Math.Max(state.LogStart, segments[0].BaseOffset);
        _highWatermark = Math.Max(Active.NextOffset, _logStart);
        CompactedThrough = state.CompactedThrough;
        // Append times go on rising over a restart.
        _lastAppendTimeMs = config.LogAppendTime ? segments.Max(s => s.MaxTimestamp) : -1;
        _flush = new PartitionFlush(this, options, files, logger);
        // The segment that is written to stays open.
        files.TryAcquire(Active.File);
    }

    /// <summary>The partition's number in its topic.</summary>
    public int Number { get; }

    /// <summary>First offset that may be read; moved by retention and <see cref="DeleteRecords"/>.</summary>
    public long LogStart => Volatile.Read(ref _logStart);

    /// <summary>Offset after the last record; also the last stable offset, there being no transactions.</summary>
    public long HighWatermark => Volatile.Read(ref _highWatermark);

    /// <summary>Bytes on disk of the records.</summary>
    public long SizeBytes
    {
        get
        {
            long size = 0;
            foreach (Segment segment in _segments)
            {
                size += segment.Length;
            }

            return size;
        }
    }

    internal string Directory { get; }

    internal TopicConfig Config
    {
        get => _config;
        set => _config = value;
    }

    internal Segment[] Segments => _segments;

    internal bool IsClosed => Volatile.Read(ref _isClosed);

    internal bool IsDeleted => Volatile.Read(ref _isDeleted);

    /// <summary>Whether a flush failed, so that there is no use in another one.</summary>
    internal bool IsRefusing => _refusal is not null;

    /// <summary>Held by the pass that deletes or compacts, so that there is one at a time.</summary>
    internal Lock MaintenanceGate { get; } = new();

    /// <summary>Offset before which compaction has looked at every record; guarded by <see cref="MaintenanceGate"/>.</summary>
    internal long CompactedThrough { get; set; }

    /// <summary>
    /// Least broker time at which a tombstone kept by the last compaction may go; guarded by <see cref="MaintenanceGate"/>.
    /// </summary>
    internal long NextTombstoneExpiryMs { get; set; }

    private Segment Active => _segments[^1];

    internal static PartitionLog Open(
        int number, string directory, TopicConfig config, LogStoreOptions options, OpenFiles files, TimeProvider time, ILogger logger)
    {
        var producers = new ProducerTable(options.MaxProducersPerPartition);
        System.IO.Directory.CreateDirectory(directory);
        PartitionState state = PartitionState.Read(directory);
        long nowMs = time.GetUtcNow().ToUnixTimeMilliseconds();
        List<Segment> segments = new PartitionRecovery(directory, files, producers, logger, nowMs).Recover(state);
        return new PartitionLog(number, directory, config, options, files, time, logger, producers, segments, state);
    }

    /// <summary>
    /// Appends one or several v2 record batches, all or none. Their headers are written in place: offsets, leader epoch 0, and for a
    /// <c>LogAppendTime</c> topic attribute bit 3, max timestamp and checksum; bodies are stored as they came, compressed. Never throws on
    /// any bytes. Several batches in one call must not carry a producer id.
    /// </summary>
    /// <returns>Errors: CorruptMessage, MessageTooLarge, InvalidRecord, OutOfOrderSequenceNumber, InvalidProducerEpoch, StorageError. A
    /// batch an idempotent producer sends again (among its last 5) is a success with the offset of its first storing.</returns>
    public AppendResult Append(Span<byte> batches)
    {
        TopicConfig config = _config;
        long nowMs = NowMs();
        if (!IncomingBatches.TryAccept(batches, config, nowMs, out IncomingBatches incoming, out AppendResult refused))
        {
            return refused;
        }

        AppendResult result;
        lock (_gate)
        {
            if (incoming.ProducerId >= 0 && IsAnswered(incoming, config, out AppendResult answer))
            {
                return answer;
            }

            if (config.LogAppendTime)
            {
                nowMs = SmoothAppendTime(batches, nowMs);
            }

            result = Write(batches, incoming, config, nowMs);
        }

        _appended.Raise();
        return result;
    }

    /// <summary>Completes when everything below <paramref name="endOffset"/> is as durable as the options promise: at once, or with
    /// <see cref="LogStoreOptions.FlushOnAppend"/> after the fsync. Await before an answer to acks=-1 or 1.</summary>
    /// <exception cref="IOException">The disk refused the flush; the records must not be acknowledged.</exception>
    public ValueTask WhenDurableAsync(long endOffset) => _flush.WhenDurableAsync(endOffset);

    /// <summary>
    /// Finds whole batches from the one that holds <paramref name="offset"/> on, up to <paramref name="maxBytes"/>; the first is given even
    /// above that. It may begin before the asked offset, and compaction may have removed offsets: clients skip. At the high watermark the
    /// slice is empty. One answer never spans two segments, so it may be shorter than what is there.
    /// </summary>
    /// <returns>None, OffsetOutOfRange, CorruptMessage where the disk holds damage at that offset, StorageError where it cannot be
    /// read.</returns>
    public LogError TryLocate(long offset, int maxBytes, out LogSlice slice)
    {
        slice = default;
        Segment[] segments = _segments;
        for (int attempt = 0; ; attempt++)
        {
            long highWatermark = HighWatermark;
            if (offset > highWatermark || offset < LogStart)
            {
                return LogError.OffsetOutOfRange;
            }

            if (IsClosed)
            {
                return IsDeleted ? LogError.UnknownTopicOrPartition : LogError.StorageError;
            }

            if (offset == highWatermark)
            {
                return LogError.None;
            }

            try
            {
                if (SegmentSearch.TryLocate(_files, segments, offset, Math.Max(0, maxBytes), out slice, out Segment? damaged))
                {
                    return damaged is null ? LogError.None : Damaged(damaged);
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                _logger.ReadFailed(Directory, e.Message);
                return LogError.StorageError;
            }

            // A segment was deleted or rewritten under us; whoever did it holds the lock until the new list stands.
            lock (_gate)
            {
                segments = _segments;
            }

            if (attempt == 100)
            {
                return LogError.StorageError;
            }
        }
    }

    /// <summary>First record whose timestamp is at least <paramref name="timestampMs"/>, below the high watermark. In a batch whose codec
    /// cannot be read here (zstd) the batch's first offset is given: at or before the record.</summary>
    /// <exception cref="IOException">The disk could not be read.</exception>
    public OffsetAndTimestamp OffsetForTime(long timestampMs)
    {
        while (true)
        {
            Segment[] segments = _segments;
            OffsetAndTimestamp found = new TimeSearch(_files, LogStart).First(segments, timestampMs);

            // Segments replaced during the search were passed over.
            if (ReferenceEquals(segments, _segments))
            {
                return found;
            }
        }
    }

    /// <summary>The record with the highest timestamp (ListOffsets -3); none in an empty log.</summary>
    /// <exception cref="IOException">The disk could not be read.</exception>
    public OffsetAndTimestamp OffsetOfMaxTimestamp()
    {
        long highest = -1;
        foreach (Segment segment in _segments)
        {
            highest = Math.Max(highest, segment.MaxTimestamp);
        }

        return highest < 0 ? OffsetAndTimestamp.None : OffsetForTime(highest);
    }

    /// <summary>
    /// Moves the log start up to <paramref name="beforeOffset"/> (-1: the high watermark) and frees whole segments below it.
    /// </summary>
    /// <returns>None, OffsetOutOfRange above the high watermark, or StorageError; an offset below the log start changes nothing.</returns>
    public LogError DeleteRecords(long beforeOffset)
    {
        long target = beforeOffset == -1 ? HighWatermark : beforeOffset;
        if (target < 0 || target > HighWatermark)
        {
            return LogError.OffsetOutOfRange;
        }

        lock (MaintenanceGate)
        {
            if (target <= LogStart)
            {
                return LogError.None;
            }

            try
            {
                new PartitionState(target, CompactedThrough).Write(Directory);
                Volatile.Write(ref _logStart, target);
                RetentionPass.DeleteBelowLogStart(this, _logger);
                return LogError.None;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                _logger.WriteFailed(Directory, e.Message);
                return LogError.StorageError;
            }
        }
    }

    /// <summary>Completes when the high watermark is above <paramref name="offset"/>, at once if it is already, or when the partition is
    /// closed or deleted. Waiting costs nothing per waiter but the continuation.</summary>
    public Task WaitForAppendAsync(long offset, CancellationToken cancel = default) => _appended.WaitAsync(this, offset, cancel);

    /// <summary>Flushes and indexes what is not yet; called by the background pass.</summary>
    internal void Flush() => _flush.Run(closing: false);

    /// <summary>Seals the active segment, so that passes may take it. Nothing happens to an empty one.</summary>
    internal void Roll()
    {
        lock (_gate)
        {
            if (Active.Length > 0 && !_isClosed)
            {
                _ = RollLocked();
            }
        }
    }

    /// <summary>Takes segments out of the list, or puts one in the place of several, and ends new uses of what went.
    /// <paramref name="underLock"/> runs between the two, while no reader can open a file.</summary>
    internal void ReplaceSegments(int first, int count, Segment? replacement, Action? underLock)
    {
        lock (_gate)
        {
            Segment[] old = _segments;
            foreach (Segment segment in old.AsSpan(first, count))
            {
                _files.Retire(segment.File);
            }

            underLock?.Invoke();
            var list = new List<Segment>(old);
            list.RemoveRange(first, count);
            if (replacement is not null)
            {
                list.Insert(first, replacement);
            }

            _segments = [.. list];
            Volatile.Write(ref _logStart, Math.Max(_logStart, _segments[0].BaseOffset));
        }
    }

    internal void ExpireProducers(long idleSinceMs)
    {
        lock (_gate)
        {
            _producers.Expire(idleSinceMs);
        }
    }

    /// <summary>The active segment and what its index file is to say, as of one moment.</summary>
    internal SegmentIndexFile CaptureActive()
    {
        lock (_gate)
        {
            return Active.Capture(_producers.Serialize());
        }
    }

    internal void RefuseAppends(string reason) => _refusal = reason;

    /// <summary>Ends use: flushed and indexed, unless it is deleted.</summary>
    internal void Close(bool deleted)
    {
        lock (_gate)
        {
            Volatile.Write(ref _isClosed, true);
            Volatile.Write(ref _isDeleted, deleted);
        }

        // A compaction under way sees that the log is closed and ends soon.
        lock (MaintenanceGate)
        {
            if (!deleted)
            {
                _flush.Run(closing: true);
            }

            foreach (Segment segment in _segments)
            {
                _files.Retire(segment.File);
            }

            _files.Release(Active.File);
        }

        _appended.Raise();
    }

    private LogError Damaged(Segment segment)
    {
        _logger.ReadFailed(segment.File.Path, "it is damaged where a reader asked for records");
        return LogError.CorruptMessage;
    }

    private long NowMs() => _time.GetUtcNow().ToUnixTimeMilliseconds();

    private bool IsAnswered(IncomingBatches incoming, TopicConfig config, out AppendResult answer)
    {
        LogError error = _producers.Check(
            incoming.ProducerId, incoming.ProducerEpoch, incoming.BaseSequence, incoming.OffsetCount, out ProducerBatch? duplicate);
        answer = error switch
        {
            LogError.InvalidProducerEpoch => AppendResult.Failed(error, $"Producer {incoming.ProducerId} was seen with a higher epoch."),
            LogError.OutOfOrderSequenceNumber => AppendResult.Failed(
                error, $"Sequence {incoming.BaseSequence} of producer {incoming.ProducerId} does not follow its last one."),
            _ => duplicate is { } stored
                ? new AppendResult(
                    LogError.None, stored.BaseOffset, stored.EndOffset, config.LogAppendTime ? _lastAppendTimeMs : -1, IsDuplicate: true)
                : default,
        };
        return error != LogError.None || duplicate is not null;
    }

    private long SmoothAppendTime(Span<byte> batches, long nowMs)
    {
        if (nowMs < _lastAppendTimeMs && _lastAppendTimeMs - nowMs <= SmoothedClockStepMs)
        {
            nowMs = _lastAppendTimeMs;
            IncomingBatches.Restamp(batches, nowMs);
        }

        _lastAppendTimeMs = nowMs;
        return nowMs;
    }

    private AppendResult Write(Span<byte> batches, IncomingBatches incoming, TopicConfig config, long nowMs)
    {
        if (_isClosed)
        {
            return AppendResult.Failed(
                _isDeleted ? LogError.UnknownTopicOrPartition : LogError.StorageError,
                _isDeleted ? "The topic was deleted." : "The log is closed.");
        }

        if (_refusal is { } reason)
        {
            return AppendResult.Failed(LogError.StorageError, reason);
        }

        long baseOffset = _highWatermark;
        IncomingBatches.AssignOffsets(batches, baseOffset);
        Segment segment = Active;
        try
        {
            if (MustRoll(segment, batches.Length, baseOffset + incoming.OffsetCount, config, nowMs))
            {
                segment = RollLocked();
            }

            RandomAccess.Write(segment.File.Handle!, batches, segment.Length);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return WriteFailed(segment, e);
        }

        segment.Grow(batches, nowMs);
        if (incoming.ProducerId >= 0)
        {
            _producers.Record(incoming.ProducerId, incoming.ProducerEpoch, incoming.BaseSequence, incoming.OffsetCount, baseOffset, nowMs);
        }

        long end = baseOffset + incoming.OffsetCount;
        Volatile.Write(ref _highWatermark, end);
        return new AppendResult(LogError.None, baseOffset, end, config.LogAppendTime ? nowMs : -1);
    }

    private static bool MustRoll(Segment segment, int incomingBytes, long nextOffset, TopicConfig config, long nowMs)
        => segment.Length > 0
            && (segment.Length + incomingBytes > config.SegmentBytes
                || nowMs - segment.FirstAppendMs >= config.SegmentMs
                || nextOffset - segment.BaseOffset > int.MaxValue);

    private Segment RollLocked()
    {
        Segment sealedSegment = Active;
        Segment next = PartitionRecovery.Create(Directory, _highWatermark);
        _files.TryAcquire(next.File);
        sealedSegment.SealedProducers = _producers.Serialize();
        _segments = [.. _segments, next];
        _flush.NoteDirectoryChanged();
        _files.Release(sealedSegment.File);
        return next;
    }

    private AppendResult WriteFailed(Segment segment, Exception cause)
    {
        _logger.WriteFailed(segment.File.Path, cause.Message);
        try
        {
            RandomAccess.SetLength(segment.File.Handle!, segment.Length);
        }
        catch (IOException e)
        {
            // What lies behind the last whole batch is overwritten by the next append, or cut at the next start.
            _logger.WriteFailed(segment.File.Path, e.Message);
        }

        return AppendResult.Failed(LogError.StorageError, $"The log cannot be written: {cause.Message}");
    }
}
