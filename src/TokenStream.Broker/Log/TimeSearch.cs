using System.Buffers;

namespace TokenStream.Broker.Log;

/// <summary>
/// Finds records by time, through the segments' highest timestamps, the sparse index, batch headers, and at last one batch's records.
/// </summary>
internal readonly struct TimeSearch(OpenFiles files, long logStart)
{
    /// <summary>First record at or after the log start whose timestamp reaches the wanted one.</summary>
    public OffsetAndTimestamp First(Segment[] segments, long timestampMs)
    {
        foreach (Segment segment in segments)
        {
            // A segment deleted or compacted meanwhile cannot be opened; the caller looks whether the list has changed.
            if (segment.Length == 0 || segment.MaxTimestamp < timestampMs || segment.NextOffset <= logStart ||
                !files.TryAcquire(segment.File))
            {
                continue;
            }

            try
            {
                if (InSegment(segment, timestampMs) is { Offset: >= 0 } found)
                {
                    return found;
                }
            }
            finally
            {
                files.Release(segment.File);
            }
        }

        return OffsetAndTimestamp.None;
    }

    private OffsetAndTimestamp InSegment(Segment segment, long timestampMs)
    {
        long limit = Math.Min(segment.Length, segment.DamagedFrom);
        long position = segment.Index.PositionForTime(timestampMs);
        var window = new HeaderWindow(segment.File.Handle!, limit);
        try
        {
            while (window.TryHeader(position, segment.BaseOffset, out RecordBatch header))
            {
                if (header.MaxTimestamp >= timestampMs && header.NextOffset > logStart
                    && InBatch(segment, position, (int)header.Size, timestampMs) is { Offset: >= 0 } found)
                {
                    return found;
                }

                position += header.Size;
            }

            return OffsetAndTimestamp.None;
        }
        finally
        {
            window.Dispose();
        }
    }

    private OffsetAndTimestamp InBatch(Segment segment, long position, int size, long timestampMs)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(size);
        try
        {
            if (HeaderWindow.ReadFully(segment.File.Handle!, buffer.AsSpan(0, size), position) < size)
            {
                return OffsetAndTimestamp.None;
            }

            var batch = new RecordBatch(buffer.AsSpan(0, size));
            if (batch.HasLogAppendTime)
            {
                return new OffsetAndTimestamp(Math.Max(batch.BaseOffset, logStart), batch.MaxTimestamp);
            }

            using DecodedRecords decoded = BatchCodec.Decode(batch.Codec, batch.Records);
            return decoded.Outcome == DecodeOutcome.Decoded
                ? InRecords(batch, decoded.Span, timestampMs)
                : new OffsetAndTimestamp(Math.Max(batch.BaseOffset, logStart), batch.MaxTimestamp);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private OffsetAndTimestamp InRecords(RecordBatch batch, ReadOnlySpan<byte> records, long timestampMs)
    {
        var reader = new RecordReader(records, batch.Count);
        while (reader.MoveNext())
        {
            long time = unchecked(batch.BaseTimestamp + reader.TimestampDelta);
            long offset = batch.BaseOffset + reader.OffsetDelta;
            if (time >= timestampMs && offset >= logStart)
            {
                return new OffsetAndTimestamp(offset, time);
            }
        }

        return OffsetAndTimestamp.None;
    }
}
