using System.Buffers;
using System.Buffers.Binary;
using System.IO.Compression;

namespace TokenStream.Broker.Log;

/// <summary>
/// Writes one batch again without the records compaction gave up. Offsets stay: base offset and last offset delta are the old ones, each
/// record keeps its delta. A batch that came compressed goes out as gzip, the one codec of Kafka's that can be written here; others stay
/// plain.
/// </summary>
internal sealed class BatchRewrite
{
    private readonly ArrayBufferWriter<byte> _output = new(64 << 10);
    private readonly ArrayBufferWriter<byte> _records = new(64 << 10);

    /// <summary>The records of <paramref name="batch"/> marked in <paramref name="kept"/>, at least one.</summary>
    /// <param name="batch">The batch as stored.</param>
    /// <param name="decoded">Its records, decompressed.</param>
    /// <param name="kept">For each record whether it stays.</param>
    /// <param name="deleteHorizonMs">Time from which on its tombstones may go, put where the base timestamp stood (attribute bit 6, as
    /// Kafka does); null leaves both as they are.</param>
    /// <returns>The new batch, valid until the next call.</returns>
    public Span<byte> Write(
        RecordBatch batch, ReadOnlySpan<byte> decoded, ReadOnlySpan<bool> kept, long? deleteHorizonMs, ReadOnlySpan<byte> header)
    {
        long baseTimestamp = deleteHorizonMs ?? batch.BaseTimestamp;
        long maxTimestamp = -1;
        int count = 0;
        _records.ResetWrittenCount();
        var reader = new RecordReader(decoded, batch.Count);
        for (int i = 0; reader.MoveNext(); i++)
        {
            if (!kept[i])
            {
                continue;
            }

            count++;
            long timestamp = unchecked(batch.BaseTimestamp + reader.TimestampDelta);
            maxTimestamp = Math.Max(maxTimestamp, timestamp);
            if (baseTimestamp == batch.BaseTimestamp)
            {
                _records.Write(reader.Whole);
            }
            else
            {
                Reencode(reader, unchecked(timestamp - baseTimestamp));
            }
        }

        _output.ResetWrittenCount();
        _output.Write(header);
        int codec = WriteRecords(batch.Codec);
        Span<byte> written = Mutable();
        int attributes = (batch.Attributes & ~RecordBatch.CodecMask) | codec | (deleteHorizonMs is null ? 0 : RecordBatch.DeleteHorizonBit);
        BinaryPrimitives.WriteInt16BigEndian(written[RecordBatch.AttributesAt..], (short)attributes);
        BinaryPrimitives.WriteInt64BigEndian(written[RecordBatch.BaseTimestampAt..], baseTimestamp);
        BinaryPrimitives.WriteInt64BigEndian(
            written[RecordBatch.MaxTimestampAt..], batch.HasLogAppendTime ? batch.MaxTimestamp : maxTimestamp);
        BinaryPrimitives.WriteInt32BigEndian(written[RecordBatch.CountAt..], count);
        RecordBatchBuilder.Seal(written);
        return written;
    }

    private void Reencode(RecordReader record, long timestampDelta)
    {
        int bodySize = 1 + Varint.SizeOf(timestampDelta) + record.AfterTimestamp.Length;
        Span<byte> into = _records.GetSpan(bodySize + Varint.MaxLongBytes);
        int at = Varint.Write(into, bodySize);
        into[at++] = record.Attributes;
        at += Varint.Write(into[at..], timestampDelta);
        record.AfterTimestamp.CopyTo(into[at..]);
        _records.Advance(at + record.AfterTimestamp.Length);
    }

    private int WriteRecords(int originalCodec)
    {
        if (originalCodec == BatchCodec.None)
        {
            _output.Write(_records.WrittenSpan);
            return BatchCodec.None;
        }

        using var compressed = new MemoryStream();
        using (var gzip = new GZipStream(compressed, CompressionLevel.Fastest, leaveOpen: true))
        {
            gzip.Write(_records.WrittenSpan);
        }

        _output.Write(compressed.GetBuffer().AsSpan(0, (int)compressed.Length));
        return BatchCodec.Gzip;
    }

    private Span<byte> Mutable()
        => System.Runtime.InteropServices.MemoryMarshal.AsMemory(_output.WrittenMemory).Span;
}
