using Microsoft.Extensions.Logging;

namespace TokenStream.Broker.Log;

/// <summary>
/// Compacts one partition: of each key the last record stays, at its offset. Only sealed, flushed segments below the last one with content
/// are touched, so the newest records and the next offset are never at stake. Records in batches whose codec cannot be read here (zstd)
/// stay all, and a tombstone stays while such a batch lies before it: it may hold the value that the tombstone deletes. What producers sent
/// last is kept in the index files, so batches that lost all records go whole.
/// </summary>
internal sealed class CompactionPass(PartitionLog log, OpenFiles files, LogStoreOptions options, ILogger logger, long nowMs)
{
    /// <param name="force">Compacts whatever the dirty ratio is.</param>
    /// <exception cref="InvalidDataException">A segment is damaged; it and everything not yet rewritten are as they were.</exception>
    public void Run(bool force)
    {
        lock (log.MaintenanceGate)
        {
            if (!log.Config.CleanupCompact)
            {
                return;
            }

            log.Flush();
            while (CompactOnce(force))
            {
                // The key map was full before the end; the rest follows.
            }
        }
    }

    /// <returns>Whether there is more to do at once.</returns>
    private bool CompactOnce(bool force)
    {
        Segment[] segments = Candidates();
        long total = 0, dirty = 0;
        foreach (Segment segment in segments)
        {
            total += segment.Length;
            dirty += segment.NextOffset > log.CompactedThrough ? segment.Length : 0;
        }

        bool isDue = dirty > 0 && (force || dirty >= total * log.Config.MinCleanableDirtyRatio);
        if (total == 0 || (!isDue && log.NextTombstoneExpiryMs > nowMs))
        {
            return false;
        }

        long end = segments[^1].NextOffset;
        Compact(segments, total);
        return log.CompactedThrough < end && !log.IsClosed;
    }

    private void Compact(Segment[] segments, long bytesBefore)
    {
        long from = Math.Max(log.CompactedThrough, log.LogStart);
        var keys = new KeyMap(options.CompactionMapBytes);
        long through = ReadKeys(segments, from, keys);
        var rewrite = new SegmentRewrite(log, files, keys, through, nowMs);
        for (int first = 0; first < segments.Length && segments[first].BaseOffset < through;)
        {
            int count = GroupSize(segments, first);
            if (log.IsClosed)
            {
                return;
            }

            rewrite.Run(segments.AsSpan(first, count));
            first += count;
        }

        log.NextTombstoneExpiryMs = rewrite.NextTombstoneExpiryMs;
        log.CompactedThrough = through;
        new PartitionState(log.LogStart, through).Write(log.Directory);
        logger.Compacted(log.Directory, through, bytesBefore, bytesBefore - rewrite.BytesSaved, rewrite.RecordsRemoved);
    }

    /// <summary>The segments from the first on that may be rewritten.</summary>
    private Segment[] Candidates()
    {
        Segment[] segments = log.Segments;
        int end = segments.Length - 1;
        while (end > 0 && segments[end].Length == 0)
        {
            end--;
        }

        int count = 0;
        long lag = log.Config.MinCompactionLagMs;
        while (count < end
            && segments[count].IndexedLength == segments[count].Length
            && segments[count].DamagedFrom == long.MaxValue
            && (lag == 0 || nowMs - RetentionPass.NewestTime(segments[count]) >= lag))
        {
            count++;
        }

        return segments[..count];
    }

    /// <summary>Notes the last offset of each key from <paramref name="from"/> on, as far as the map's memory goes.</summary>
    /// <returns>The offset up to which records were noted.</returns>
    private long ReadKeys(Segment[] segments, long from, KeyMap keys)
    {
        foreach (Segment segment in segments)
        {
            if (segment.NextOffset <= from || !files.TryAcquire(segment.File))
            {
                continue;
            }

            try
            {
                using var scan = new SegmentScan(segment.File.Handle!, 0, segment.Length, segment.BaseOffset);
                while (scan.MoveNext())
                {
                    if (scan.Batch.NextOffset <= from)
                    {
                        continue;
                    }

                    if (keys.IsFull)
                    {
                        return scan.Batch.BaseOffset;
                    }

                    ReadKeys(scan.Batch, keys);
                }

                SegmentRewrite.ThrowIfDamaged(scan, segment);
            }
            finally
            {
                files.Release(segment.File);
            }
        }

        return segments[^1].NextOffset;
    }

    private static void ReadKeys(RecordBatch batch, KeyMap keys)
    {
        using DecodedRecords decoded = BatchCodec.Decode(batch.Codec, batch.Records);
        if (decoded.Outcome != DecodeOutcome.Decoded)
        {
            return;
        }

        var reader = new RecordReader(decoded.Span, batch.Count);
        while (reader.MoveNext())
        {
            if (reader.HasKey)
            {
                keys.Set(reader.Key, batch.BaseOffset + reader.OffsetDelta);
            }
        }
    }

    /// <summary>Segments that fit into one together, so that compaction does not leave ever more small files.</summary>
    private int GroupSize(Segment[] segments, int first)
    {
        long size = segments[first].Length;
        int count = 1;
        while (first + count < segments.Length
            && size + segments[first + count].Length <= log.Config.SegmentBytes
            && segments[first + count].NextOffset - segments[first].BaseOffset <= int.MaxValue)
        {
            size += segments[first + count].Length;
            count++;
        }

        return count;
    }
}
