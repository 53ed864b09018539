using System.Buffers;
using System.Buffers.Binary;

namespace TokenStream.Broker.Log;

/// <summary>
/// Writes one uncompressed v2 batch: for the broker's own records, for compaction, and for tests. Reusable; not thread safe.
/// </summary>
internal sealed class RecordBatchBuilder
{
    private readonly ArrayBufferWriter<byte> _records = new(4_096);
    private long _baseTimestamp;
    private long _maxTimestamp;
    private int _count;
    private int _lastOffsetDelta;

    public int Count => _count;

    public long MaxTimestamp => _maxTimestamp;

    /// <summary>Appends a record; the first one sets the base timestamp. Null is Kafka's null, for key and value.</summary>
    public void Add(long timestampMs, byte[]? key, byte[]? value)
        => Add(timestampMs, key is not null, key, value is not null, value);

    public void Add(long timestampMs, bool hasKey, ReadOnlySpan<byte> key, bool hasValue, ReadOnlySpan<byte> value)
    {
        if (_count == 0)
        {
            _baseTimestamp = _maxTimestamp = timestampMs;
        }

        int offsetDelta = _count;
        long timestampDelta = unchecked(timestampMs - _baseTimestamp);
        int bodySize = 1 + Varint.SizeOf(timestampDelta) + Varint.SizeOf(offsetDelta)
            + Varint.SizeOf(hasKey ? key.Length : -1) + key.Length + Varint.SizeOf(hasValue ? value.Length : -1) + value.Length + 1;
        Span<byte> into = _records.GetSpan(bodySize + Varint.MaxLongBytes);
        int at = Varint.Write(into, bodySize);
        into[at++] = 0;
        at += Varint.Write(into[at..], timestampDelta);
        at += Varint.Write(into[at..], offsetDelta);
        at += WriteBytes(into[at..], hasKey, key);
        at += WriteBytes(into[at..], hasValue, value);
        into[at++] = 0;
        _records.Advance(at);
        _count++;
        _lastOffsetDelta = offsetDelta;
        _maxTimestamp = Math.Max(_maxTimestamp, timestampMs);
    }

    /// <summary>The batch, ready for <see cref="PartitionLog.Append"/>; the builder is empty again.</summary>
    public byte[] Build(long producerId = -1, short producerEpoch = -1, int baseSequence = -1)
    {
        byte[] batch = new byte[RecordBatch.HeaderSize + _records.WrittenCount];
        _records.WrittenSpan.CopyTo(batch.AsSpan(RecordBatch.HeaderSize));
        BinaryPrimitives.WriteInt32BigEndian(batch.AsSpan(RecordBatch.LastOffsetDeltaAt), _lastOffsetDelta);
        BinaryPrimitives.WriteInt64BigEndian(batch.AsSpan(RecordBatch.BaseTimestampAt), _baseTimestamp);
        BinaryPrimitives.WriteInt64BigEndian(batch.AsSpan(RecordBatch.MaxTimestampAt), _maxTimestamp);
        BinaryPrimitives.WriteInt64BigEndian(batch.AsSpan(RecordBatch.ProducerIdAt), producerId);
        BinaryPrimitives.WriteInt16BigEndian(batch.AsSpan(RecordBatch.ProducerEpochAt), producerEpoch);
        BinaryPrimitives.WriteInt32BigEndian(batch.AsSpan(RecordBatch.BaseSequenceAt), baseSequence);
        BinaryPrimitives.WriteInt32BigEndian(batch.AsSpan(RecordBatch.CountAt), _count);
        Seal(batch);
        _records.ResetWrittenCount();
        _count = 0;
        _lastOffsetDelta = 0;
        return batch;
    }

    /// <summary>Writes length, magic and checksum of a batch whose other fields stand.</summary>
    public static void Seal(Span<byte> batch)
    {
        BinaryPrimitives.WriteInt32BigEndian(batch[RecordBatch.LengthAt..], batch.Length - RecordBatch.LengthOverhead);
        batch[RecordBatch.MagicAt] = 2;
        BinaryPrimitives.WriteUInt32BigEndian(batch[RecordBatch.CrcAt..], Crc32C.Compute(batch[RecordBatch.AttributesAt..]));
    }

    private static int WriteBytes(Span<byte> into, bool present, ReadOnlySpan<byte> bytes)
    {
        int at = Varint.Write(into, present ? bytes.Length : -1);
        bytes.CopyTo(into[at..]);
        return at + bytes.Length;
    }
}
