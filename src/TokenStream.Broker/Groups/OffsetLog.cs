using System.Buffers;
using TokenStream.Broker.Log;
using TokenStream.Broker.Protocol;

namespace TokenStream.Broker.Groups;

/// <summary>
/// Committed offsets on disk: a compacted topic of the store itself, one partition, written in uncompressed batches and read back at start.
/// A commit is appended before it is in force, so that what a client was told survives the death of the process.
/// </summary>
internal sealed class OffsetLog
{
    /// <summary>Name of the topic; clients may read it and not write it.</summary>
    public const string TopicName = "__consumer_offsets";

    private const int ReadBytes = 1 << 20;

    private static readonly TopicConfig Config = TopicConfig.Default with
    {
        CleanupCompact = true,
        CleanupDelete = false,
        SegmentBytes = 16 << 20,

        // One commit is one batch: 4,000 partitions, each with 4 KB of metadata, stay below it.
        MaxMessageBytes = 64 << 20,
    };

    private readonly PartitionLog _log;
    private readonly TimeProvider _time;
    private readonly int _most;
    private int _count;

    private OffsetLog(PartitionLog log, GroupOptions options, TimeProvider time)
    {
        _log = log;
        _time = time;
        _most = options.MaxOffsets;
    }

    /// <summary>Committed offsets of all groups.</summary>
    public int Offsets => Volatile.Read(ref _count);

    /// <exception cref="LogStoreException">The topic cannot be created.</exception>
    public static OffsetLog Open(LogStore store, GroupOptions options, TimeProvider time)
    {
        Topic? topic = store.Find(TopicName);
        if (topic is null)
        {
            TopicResult created = store.Create(TopicName, 1, Config);
            topic = created.Topic ?? throw new LogStoreException(
                $"The topic {TopicName} for committed offsets cannot be created: {created.Message}");
        }

        return new OffsetLog(topic.Partitions[0], options, time);
    }

    /// <summary>Whether that many offsets more stay within <see cref="GroupOptions.MaxOffsets"/>.</summary>
    public bool HasRoomFor(int added) => Offsets + (long)added <= _most;

    public void Count(int change) => Interlocked.Add(ref _count, change);

    public ErrorCode Append(string group, IReadOnlyDictionary<OffsetKey, CommittedOffset> offsets, out long endOffset)
    {
        var batch = new RecordBatchBuilder();
        foreach ((OffsetKey key, CommittedOffset offset) in offsets)
        {
            batch.Add(offset.CommittedAtMs, OffsetRecord.Key(group, key), OffsetRecord.Value(offset));
        }

        return Append(batch, out endOffset);
    }

    public ErrorCode AppendTombstones(string group, OffsetKey[] keys)
    {
        var batch = new RecordBatchBuilder();
        long now = _time.GetUtcNow().ToUnixTimeMilliseconds();
        foreach (OffsetKey key in keys)
        {
            batch.Add(now, OffsetRecord.Key(group, key), null);
        }

        return Append(batch, out _);
    }

    /// <summary>Completes when everything below that offset is as durable as the store promises.</summary>
    public ValueTask WhenDurableAsync(long endOffset) => _log.WhenDurableAsync(endOffset);

    /// <summary>Hands over every record in order; a null offset is a tombstone.</summary>
    /// <exception cref="LogStoreException">The disk holds damage where commits should be.</exception>
    public void Restore(Action<string, OffsetKey, CommittedOffset?> found)
    {
        long offset = _log.LogStart;
        while (offset < _log.HighWatermark)
        {
            LogError error = _log.TryLocate(offset, ReadBytes, out LogSlice slice);
            using (slice)
            {
                if (error != LogError.None || slice.Length == 0)
                {
                    throw new LogStoreException(
                        $"Committed offsets cannot be read: {TopicName} is damaged at offset {offset} ({error}). Restore the data "
                        + "directory from a copy, or move that topic's folder away to begin without commits.");
                }

                offset = Read(slice, found);
            }
        }
    }

    private ErrorCode Append(RecordBatchBuilder batch, out long endOffset)
    {
        AppendResult result = _log.Append(batch.Build());
        endOffset = result.EndOffset;

        // Clients retry on this code, which is what a disk that is full asks for; other codes make them give the group up.
        return result.Error == LogError.None ? ErrorCode.None : ErrorCode.CoordinatorNotAvailable;
    }

    private static long Read(in LogSlice slice, Action<string, OffsetKey, CommittedOffset?> found)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(slice.Length);
        try
        {
            Span<byte> bytes = buffer.AsSpan(0, slice.Length);
            slice.CopyTo(bytes);
            long next = 0;
            while (!bytes.IsEmpty)
            {
                var batch = new RecordBatch(bytes);
                int size = (int)batch.Size;
                ReadBatch(bytes[..size], found);
                next = batch.NextOffset;
                bytes = bytes[size..];
            }

            return next;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static void ReadBatch(ReadOnlySpan<byte> bytes, Action<string, OffsetKey, CommittedOffset?> found)
    {
        var batch = new RecordBatch(bytes);
        var records = new RecordReader(batch.Records, batch.Count);
        while (records.MoveNext())
        {
            if (!OffsetRecord.TryReadKey(records.Key, out string? group, out OffsetKey key))
            {
                continue;
            }

            if (!records.HasValue)
            {
                found(group, key, null);
            }
            else if (OffsetRecord.TryReadValue(records.Value, out CommittedOffset offset))
            {
                found(group, key, offset);
            }
        }
    }
}
