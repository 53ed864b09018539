namespace TokenStream.Broker.Log;

/// <summary>One partition: batches of records by offset, in segment files. One writer at a time (a lock inside); readers never wait for it.
/// All members are safe from any thread.</summary>
public sealed class PartitionLog
{
    /// <summary>The partition's number in its topic.</summary>
    public int Number => throw new NotImplementedException();

    /// <summary>First offset that may be read; moved by retention and <see cref="DeleteRecords"/>.</summary>
    public long LogStart => throw new NotImplementedException();

    /// <summary>Offset after the last record; also the last stable offset, there being no transactions.</summary>
    public long HighWatermark => throw new NotImplementedException();

    /// <summary>Bytes on disk of the records.</summary>
    public long SizeBytes => throw new NotImplementedException();

    /// <summary>
    /// Appends one or several v2 record batches, all or none. Their headers are written in place: offsets, leader epoch 0, and for a
    /// <c>LogAppendTime</c> topic attribute bit 3, max timestamp and checksum; bodies are stored as they came, compressed. Never throws on
    /// any bytes. Several batches in one call must not carry a producer id.
    /// </summary>
    /// <returns>Errors: CorruptMessage, MessageTooLarge, InvalidRecord, OutOfOrderSequenceNumber, InvalidProducerEpoch, StorageError. A batch an
    /// idempotent producer sends again (among its last 5) is a success with the offset of its first storing.</returns>
    public AppendResult Append(Span<byte> batches) => throw new NotImplementedException();

    /// <summary>Completes when everything below <paramref name="endOffset"/> is as durable as the options promise: at once, or with
    /// <see cref="LogStoreOptions.FlushOnAppend"/> after the fsync. Await before an answer to acks=-1 or 1.</summary>
    /// <exception cref="IOException">The disk refused the flush; the records must not be acknowledged.</exception>
    public ValueTask WhenDurableAsync(long endOffset) => throw new NotImplementedException();

    /// <summary>
    /// Finds whole batches from the one that holds <paramref name="offset"/> on, up to <paramref name="maxBytes"/>; the first is given even
    /// above that. It may begin before the asked offset, and compaction may have removed offsets: clients skip. At the high watermark the
    /// slice is empty. One answer never spans two segments, so it may be shorter than what is there.
    /// </summary>
    /// <returns>None, OffsetOutOfRange, or CorruptMessage where the disk holds damage at that offset.</returns>
    public LogError TryLocate(long offset, int maxBytes, out LogSlice slice) => throw new NotImplementedException();

    /// <summary>First record whose timestamp is at least <paramref name="timestampMs"/>, below the high watermark. In a batch whose codec cannot
    /// be read here (zstd) the batch's first offset is given: at or before the record.</summary>
    public OffsetAndTimestamp OffsetForTime(long timestampMs) => throw new NotImplementedException();

    /// <summary>The record with the highest timestamp (ListOffsets -3); none in an empty log.</summary>
    public OffsetAndTimestamp OffsetOfMaxTimestamp() => throw new NotImplementedException();

    /// <summary>Moves the log start up to <paramref name="beforeOffset"/> (-1: the high watermark) and frees whole segments below it.</summary>
    /// <returns>None, or OffsetOutOfRange above the high watermark; an offset below the log start changes nothing.</returns>
    public LogError DeleteRecords(long beforeOffset) => throw new NotImplementedException();

    /// <summary>Completes when the high watermark is above <paramref name="offset"/>, at once if it is already, or when the partition is closed or
    /// deleted. Waiting costs nothing per waiter but the continuation.</summary>
    public Task WaitForAppendAsync(long offset, CancellationToken cancel = default) => throw new NotImplementedException();
}
