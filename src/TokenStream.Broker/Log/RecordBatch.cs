using System.Buffers.Binary;

namespace TokenStream.Broker.Log;

/// <summary>
/// The header of a v2 record batch (Kafka's message format 2) over its bytes, big-endian: base offset 8, length 4 (of what follows it),
/// leader epoch 4, magic 1, CRC-32C 4 (from the attributes on), attributes 2, last offset delta 4, base timestamp 8, max timestamp 8,
/// producer id 8, producer epoch 2, base sequence 4, record count 4; then the records, perhaps compressed.
/// </summary>
internal readonly ref struct RecordBatch
{
    public const int HeaderSize = 61;

    /// <summary>Bytes before the length field's count begins: base offset and the length itself.</summary>
    public const int LengthOverhead = 12;

    public const int LengthAt =
        8, LeaderEpochAt = 12, MagicAt = 16, CrcAt = 17, AttributesAt = 21, LastOffsetDeltaAt = 23, BaseTimestampAt = 27,
        MaxTimestampAt = 35, ProducerIdAt = 43, ProducerEpochAt = 51, BaseSequenceAt = 53, CountAt = 57;

    public const short CodecMask = 7, LogAppendTimeBit = 8, TransactionalBit = 16, ControlBit = 32, DeleteHorizonBit = 64;

    private readonly ReadOnlySpan<byte> _bytes;

    /// <param name="bytes">At least the header; the whole batch where records or checksum are asked for.</param>
    public RecordBatch(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    public long BaseOffset => BinaryPrimitives.ReadInt64BigEndian(_bytes);

    /// <summary>Size of the whole batch as its length field has it; long, since the field may hold anything.</summary>
    public long Size => (long)BinaryPrimitives.ReadInt32BigEndian(_bytes[LengthAt..]) + LengthOverhead;

    public byte Magic => _bytes[MagicAt];

    public uint Crc => BinaryPrimitives.ReadUInt32BigEndian(_bytes[CrcAt..]);

    public short Attributes => BinaryPrimitives.ReadInt16BigEndian(_bytes[AttributesAt..]);

    public int LastOffsetDelta => BinaryPrimitives.ReadInt32BigEndian(_bytes[LastOffsetDeltaAt..]);

    public long BaseTimestamp => BinaryPrimitives.ReadInt64BigEndian(_bytes[BaseTimestampAt..]);

    public long MaxTimestamp => BinaryPrimitives.ReadInt64BigEndian(_bytes[MaxTimestampAt..]);

    public long ProducerId => BinaryPrimitives.ReadInt64BigEndian(_bytes[ProducerIdAt..]);

    public short ProducerEpoch => BinaryPrimitives.ReadInt16BigEndian(_bytes[ProducerEpochAt..]);

    public int BaseSequence => BinaryPrimitives.ReadInt32BigEndian(_bytes[BaseSequenceAt..]);

    public int Count => BinaryPrimitives.ReadInt32BigEndian(_bytes[CountAt..]);

    /// <summary>Offset after the batch, kept by compaction even where the last records are gone.</summary>
    public long NextOffset => BaseOffset + LastOffsetDelta + 1;

    public int Codec => Attributes & CodecMask;

    public bool HasLogAppendTime => (Attributes & LogAppendTimeBit) != 0;

    public bool HasDeleteHorizon => (Attributes & DeleteHorizonBit) != 0;

    public ReadOnlySpan<byte> Records => _bytes[HeaderSize..];

    public bool IsIntact => Crc32C.Compute(_bytes[AttributesAt..]) == Crc;

    /// <summary>
    /// Whether the header is one this log could have written at or after <paramref name="expectedOffset"/>; says nothing of the body.
    /// </summary>
    public bool IsPlausible(long expectedOffset)
        => Magic == 2 && Size >= HeaderSize && LastOffsetDelta >= 0 && Count >= 0 && BaseOffset >= expectedOffset
            && BaseOffset <= long.MaxValue - LastOffsetDelta - 1L;
}
