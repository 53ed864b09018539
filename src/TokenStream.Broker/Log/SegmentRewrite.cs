using Microsoft.Win32.SafeHandles;

namespace TokenStream.Broker.Log;

/// <summary>Rewrites groups of segments without superseded records, in one compaction and in offset order.</summary>
/// <param name="keys">Last offsets of the keys that were written since the last compaction.</param>
/// <param name="through">Offset from which on every record stays.</param>
internal sealed class SegmentRewrite(PartitionLog log, OpenFiles files, KeyMap keys, long through, long nowMs)
{
    private readonly BatchRewrite _batch = new();
    private bool[] _kept = new bool[1_024];
    private bool _unreadableBefore;

    public long BytesSaved { get; private set; }

    public long RecordsRemoved { get; private set; }

    /// <summary>Least time at which a tombstone that stayed may go; the largest long where none stayed.</summary>
    public long NextTombstoneExpiryMs { get; private set; } = long.MaxValue;

    /// <exception cref="InvalidDataException">A batch is not what it was when it was stored.</exception>
    public static void ThrowIfDamaged(SegmentScan scan, Segment segment)
    {
        if (scan.Fault is not null)
        {
            throw new InvalidDataException($"{segment.File.Path} is damaged at byte {scan.Position}: {scan.Fault}");
        }
    }

    /// <summary>Puts one segment in the place of the group; leaves a single segment alone that loses nothing.</summary>
    public void Run(ReadOnlySpan<Segment> group)
    {
        var replacement = new Segment(log.Directory, group[0].BaseOffset);
        long endOffset = group[^1].NextOffset;
        long before = 0;
        foreach (Segment segment in group)
        {
            before += segment.Length;
        }

        string writing = replacement.File.Path + SegmentReplacement.WritingSuffix;
        bool changed = group.Length > 1;
        using (SafeFileHandle output = File.OpenHandle(writing, FileMode.Create, FileAccess.Write))
        {
            long position = 0;
            foreach (Segment segment in group)
            {
                changed |= Copy(segment, replacement, output, ref position);
            }

            replacement.SetRecovered(position, group[0].FirstAppendMs);
            RandomAccess.FlushToDisk(output);
        }

        if (!changed)
        {
            File.Delete(writing);
            return;
        }

        replacement.ExtendTo(endOffset);
        replacement.FlushedLength = replacement.IndexedLength = replacement.Length;
        byte[] producers = SegmentIndexFile.Read(group[^1].IndexPath, group[^1].BaseOffset)?.Producers ?? ProducerTable.NoProducers;
        replacement.Capture(producers).Write(replacement.IndexPath + SegmentReplacement.WritingSuffix);
        int first = Array.IndexOf(log.Segments, group[0]);
        log.ReplaceSegments(first, group.Length, replacement, () => SegmentReplacement.Commit(log.Directory, replacement, endOffset));
        BytesSaved += before - replacement.Length;
    }

    /// <returns>Whether anything was changed.</returns>
    private bool Copy(Segment segment, Segment replacement, SafeFileHandle output, ref long position)
    {
        if (!files.TryAcquire(segment.File))
        {
            throw new InvalidDataException($"{segment.File.Path} went away during compaction.");
        }

        try
        {
            bool changed = false;
            using var scan = new SegmentScan(segment.File.Handle!, 0, segment.Length, segment.BaseOffset);
            while (scan.MoveNext())
            {
                Span<byte> whole = scan.Bytes;
                Span<byte> kept = Reduce(whole);
                changed |= kept.Length != whole.Length || !kept.Overlaps(whole);
                if (kept.IsEmpty)
                {
                    continue;
                }

                RandomAccess.Write(output, kept, position);
                replacement.Note(new RecordBatch(kept), position);
                position += kept.Length;
            }

            ThrowIfDamaged(scan, segment);
            return changed;
        }
        finally
        {
            files.Release(segment.File);
        }
    }

    /// <summary>The batch as it is to stay: itself, a smaller one, or nothing.</summary>
    private Span<byte> Reduce(Span<byte> whole)
    {
        var batch = new RecordBatch(whole);
        using DecodedRecords decoded = BatchCodec.Decode(batch.Codec, batch.Records);
        if (decoded.Outcome != DecodeOutcome.Decoded || !TryChoose(batch, decoded.Span, out int kept, out bool keepsTombstone))
        {
            _unreadableBefore = true;
            return whole;
        }

        bool startsHorizon = keepsTombstone && !batch.HasDeleteHorizon;
        long horizon = batch.HasDeleteHorizon ? batch.BaseTimestamp : Later(nowMs, log.Config.DeleteRetentionMs);
        if (keepsTombstone)
        {
            NextTombstoneExpiryMs = Math.Min(NextTombstoneExpiryMs, _unreadableBefore ? long.MaxValue : horizon);
        }

        RecordsRemoved += batch.Count - kept;
        return kept == 0 ? default
            : kept == batch.Count && !startsHorizon ? whole
            : _batch.Write(batch, decoded.Span, _kept, startsHorizon ? horizon : null, whole[..RecordBatch.HeaderSize]);
    }

    /// <summary>Decides for each record whether it stays, into <see cref="_kept"/>.</summary>
    /// <returns>False where the records cannot be told apart.</returns>
    private bool TryChoose(RecordBatch batch, ReadOnlySpan<byte> records, out int kept, out bool keepsTombstone)
    {
        kept = 0;
        keepsTombstone = false;
        bool tombstonesMayGo = batch.HasDeleteHorizon && batch.BaseTimestamp <= nowMs && !_unreadableBefore;
        var reader = new RecordReader(records, batch.Count);
        int i = 0;
        for (; reader.MoveNext(); i++)
        {
            if (i == _kept.Length)
            {
                Array.Resize(ref _kept, i * 2);
            }

            long offset = batch.BaseOffset + reader.OffsetDelta;
            bool isTombstone = reader.HasKey && !reader.HasValue;
            bool isLooked = offset < through && reader.HasKey;
            bool stays = !isLooked || (!keys.IsSuperseded(reader.Key, offset) && !(isTombstone && tombstonesMayGo));
            keepsTombstone |= stays && isLooked && isTombstone;
            _kept[i] = stays;
            kept += stays ? 1 : 0;
        }

        return !reader.IsCorrupt && i == batch.Count;
    }

    private static long Later(long timeMs, long byMs) => byMs > long.MaxValue - timeMs ? long.MaxValue : timeMs + byMs;
}
