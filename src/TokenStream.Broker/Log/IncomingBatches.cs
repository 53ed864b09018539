using System.Buffers.Binary;

namespace TokenStream.Broker.Log;

/// <summary>What arrived in one append, checked before the partition's lock is taken: by header and checksum only, no record is looked at
/// but for compacted topics.</summary>
internal readonly struct IncomingBatches
{
    /// <summary>Records' offsets the batches take.</summary>
    public int OffsetCount { get; private init; }

    /// <summary>Of the only batch where it has a producer, else -1.</summary>
    public long ProducerId { get; private init; }

    public short ProducerEpoch { get; private init; }

    public int BaseSequence { get; private init; }

    /// <summary>
    /// Checks every batch and, for a <c>LogAppendTime</c> topic, stamps it with <paramref name="appendTimeMs"/>, one pass over the bytes
    /// for both checksums.
    /// </summary>
    public static bool TryAccept(
        Span<byte> batches, TopicConfig config, long appendTimeMs, out IncomingBatches incoming, out AppendResult refused)
    {
        incoming = default;
        refused = default;
        if (batches.IsEmpty)
        {
            return Refuse(LogError.InvalidRecord, "There is no record batch in the request.", out refused);
        }

        long offsetCount = 0;
        bool several = false;
        Span<byte> rest = batches;
        RecordBatch batch = default;
        while (!rest.IsEmpty)
        {
            several = rest.Length != batches.Length;
            if (!TryTakeFirst(rest, config, out int size, out refused) || !TryStamp(rest[..size], config, appendTimeMs, out refused))
            {
                return false;
            }

            batch = new RecordBatch(rest[..size]);
            offsetCount += batch.Count;
            if ((several || size != rest.Length) && batch.ProducerId >= 0)
            {
                return Refuse(
                    LogError.InvalidRecord, "A batch of an idempotent producer comes alone in its request's partition.", out refused);
            }

            rest = rest[size..];
        }

        if (offsetCount > int.MaxValue)
        {
            return Refuse(LogError.InvalidRecord, "The batches hold more records than one append takes.", out refused);
        }

        incoming = several || batch.ProducerId < 0
            ? new IncomingBatches { OffsetCount = (int)offsetCount, ProducerId = -1 }
            : new IncomingBatches
            {
                OffsetCount = (int)offsetCount,
                ProducerId = batch.ProducerId,
                ProducerEpoch = batch.ProducerEpoch,
                BaseSequence = batch.BaseSequence,
            };
        return true;
    }

    /// <summary>Writes offsets and leader epoch 0 into accepted batches; both lie before what the checksum covers.</summary>
    public static void AssignOffsets(Span<byte> batches, long baseOffset)
    {
        while (!batches.IsEmpty)
        {
            var batch = new RecordBatch(batches);
            int size = (int)batch.Size;
            long next = baseOffset + batch.LastOffsetDelta + 1;
            BinaryPrimitives.WriteInt64BigEndian(batches, baseOffset);
            BinaryPrimitives.WriteInt32BigEndian(batches[RecordBatch.LeaderEpochAt..], 0);
            baseOffset = next;
            batches = batches[size..];
        }
    }

    /// <summary>Writes another append time into batches that were accepted and stamped before.</summary>
    public static void Restamp(Span<byte> batches, long appendTimeMs)
    {
        while (!batches.IsEmpty)
        {
            Span<byte> batch = batches[..(int)new RecordBatch(batches).Size];
            BinaryPrimitives.WriteInt64BigEndian(batch[RecordBatch.MaxTimestampAt..], appendTimeMs);
            RecordBatchBuilder.Seal(batch);
            batches = batches[batch.Length..];
        }
    }

    private static bool TryTakeFirst(ReadOnlySpan<byte> rest, TopicConfig config, out int size, out AppendResult refused)
    {
        size = 0;
        if (rest.Length < RecordBatch.HeaderSize)
        {
            return Refuse(LogError.CorruptMessage, "A record batch ends within its header.", out refused);
        }

        var batch = new RecordBatch(rest);
        if (batch.Magic != 2)
        {
            return Refuse(
                LogError.CorruptMessage, $"The record batch has format {batch.Magic}; this log takes format 2 only.", out refused);
        }

        if (batch.Size < RecordBatch.HeaderSize || batch.Size > rest.Length)
        {
            return Refuse(LogError.CorruptMessage, "A record batch's length field does not fit the bytes that came.", out refused);
        }

        if (batch.Size > config.MaxMessageBytes)
        {
            return Refuse(LogError.MessageTooLarge,
                $"The batch has {batch.Size} bytes, the topic's max.message.bytes is {config.MaxMessageBytes}.", out refused);
        }

        size = (int)batch.Size;
        return IsConsistent(batch, out refused);
    }

    private static bool IsConsistent(RecordBatch batch, out AppendResult refused)
    {
        refused = default;
        if (batch.Count <= 0 || batch.Count - 1 != batch.LastOffsetDelta)
        {
            return Refuse(LogError.InvalidRecord, "The batch's record count does not match its last offset delta.", out refused);
        }

        if ((batch.Attributes & (RecordBatch.TransactionalBit | RecordBatch.ControlBit)) != 0)
        {
            return Refuse(
                LogError.InvalidRecord, "Transactional and control batches are not taken: this log has no transactions.", out refused);
        }

        if (batch.Codec > 4)
        {
            return Refuse(LogError.InvalidRecord, $"The batch names codec {batch.Codec}; known are 0 to 4.", out refused);
        }

        // A producer id of -1 means none, whatever stands in epoch and sequence: some clients send zeros there.
        if (batch.ProducerId < -1 || (batch.ProducerId >= 0 && (batch.ProducerEpoch < 0 || batch.BaseSequence < 0)))
        {
            return Refuse(LogError.InvalidRecord, "The batch's producer id, epoch or sequence is negative.", out refused);
        }

        return true;
    }

    private static bool TryStamp(Span<byte> bytes, TopicConfig config, long appendTimeMs, out AppendResult refused)
    {
        refused = default;
        var batch = new RecordBatch(bytes);
        if (config.LogAppendTime)
        {
            Span<byte> stamped = stackalloc byte[RecordBatch.ProducerIdAt - RecordBatch.AttributesAt];
            Span<byte> original = bytes.Slice(RecordBatch.AttributesAt, stamped.Length);
            original.CopyTo(stamped);
            BinaryPrimitives.WriteInt16BigEndian(
                stamped, (short)((batch.Attributes | RecordBatch.LogAppendTimeBit) & ~RecordBatch.DeleteHorizonBit));
            BinaryPrimitives.WriteInt64BigEndian(stamped[(RecordBatch.MaxTimestampAt - RecordBatch.AttributesAt)..], appendTimeMs);
            (uint arrived, uint stored) = Crc32C.ComputeTwo(original, stamped, bytes[RecordBatch.ProducerIdAt..]);
            if (arrived != batch.Crc)
            {
                return Refuse(LogError.CorruptMessage, "The batch's checksum does not match its bytes.", out refused);
            }

            stamped.CopyTo(original);
            BinaryPrimitives.WriteUInt32BigEndian(bytes[RecordBatch.CrcAt..], stored);
        }
        else if (!batch.IsIntact)
        {
            return Refuse(LogError.CorruptMessage, "The batch's checksum does not match its bytes.", out refused);
        }
        else if ((batch.Attributes & (RecordBatch.LogAppendTimeBit | RecordBatch.DeleteHorizonBit)) != 0)
        {
            return Refuse(LogError.InvalidRecord, "The batch claims attributes that only the log itself sets.", out refused);
        }

        return !config.CleanupCompact || EveryRecordHasKey(batch, out refused);
    }

    /// <summary>Compaction knows records by key. The topics that use it are small, so their records are looked at on arrival.</summary>
    private static bool EveryRecordHasKey(RecordBatch batch, out AppendResult refused)
    {
        refused = default;
        using DecodedRecords decoded = BatchCodec.Decode(batch.Codec, batch.Records);
        if (decoded.Outcome == DecodeOutcome.Unreadable)
        {
            return true;
        }

        var reader = new RecordReader(decoded.Span, batch.Count);
        while (reader.MoveNext())
        {
            if (!reader.HasKey)
            {
                return Refuse(LogError.InvalidRecord, "A compacted topic takes records with a key only.", out refused);
            }
        }

        return !(reader.IsCorrupt || decoded.Outcome == DecodeOutcome.Corrupt)
            || Refuse(LogError.CorruptMessage, "The batch's records cannot be read.", out refused);
    }

    private static bool Refuse(LogError error, string message, out AppendResult refused)
    {
        refused = AppendResult.Failed(error, message);
        return false;
    }
}
