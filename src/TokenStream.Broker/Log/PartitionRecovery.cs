using System.Globalization;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;

namespace TokenStream.Broker.Log;

/// <summary>
/// Opens a partition's directory after whatever happened. A segment whose index file speaks of all its bytes was flushed before that file
/// was written, and is trusted unread. Others, normally the last one only, are read and every batch is checked; what they know of producers
/// is added to what the last trusted index file says. The first unsound byte of an untrusted segment is where the disk had not everything:
/// the log is cut there. In a segment that is followed by a trusted one it is damage: nothing is cut, and reading it is an error.
/// </summary>
internal sealed class PartitionRecovery(string directory, OpenFiles files, ProducerTable producers, ILogger logger, long nowMs)
{
    private const string CutSuffix = ".cut";

    /// <returns>The segments in order, at least one; the last is the one to append to.</returns>
    public List<Segment> Recover(PartitionState state)
    {
        Directory.CreateDirectory(directory);
        SegmentReplacement.Finish(directory);
        List<Segment> segments = Load(out int newestIndexed);
        for (int i = 0; i < segments.Count; i++)
        {
            Segment segment = segments[i];
            bool cut = segment.IndexedLength != FileLength(segment) && ReadBack(segment, isOpenEnd: i >= newestIndexed);
            if (cut && i + 1 < segments.Count)
            {
                SetAside(segments, i + 1);
            }

            if (i >= newestIndexed)
            {
                segment.SealedProducers = producers.Serialize();
            }
        }

        CheckOffsets(segments, state);
        if (segments.Count == 0)
        {
            segments.Add(Create(directory, state.LogStart));
            DurableFile.FlushDirectory(directory);
        }

        return segments;
    }

    /// <summary>Makes an empty segment file; its directory is not flushed.</summary>
    /// <exception cref="IOException">The file cannot be made, or one with content stands in its place.</exception>
    public static Segment Create(string directory, long baseOffset)
    {
        var segment = new Segment(directory, baseOffset);
        using SafeFileHandle handle = File.OpenHandle(segment.File.Path, FileMode.OpenOrCreate, FileAccess.Write);
        return RandomAccess.GetLength(handle) == 0
            ? segment
            : throw new IOException($"{segment.File.Path} should not be there: it holds offsets that were not given yet.");
    }

    private static long FileLength(Segment segment) => new FileInfo(segment.File.Path).Length;

    /// <param name="newestIndexed">Number of the last segment with an index file, -1 for none. Flushes go in order, so everything before it
    /// is on disk whole.</param>
    private List<Segment> Load(out int newestIndexed)
    {
        var segments = new List<Segment>();
        foreach (string path in Directory.EnumerateFiles(directory, "*" + Segment.LogSuffix))
        {
            string stem = Path.GetFileNameWithoutExtension(path);
            if (stem.Length == 20 && long.TryParse(stem, NumberStyles.None, CultureInfo.InvariantCulture, out long baseOffset))
            {
                segments.Add(new Segment(directory, baseOffset));
            }
        }

        segments.Sort((a, b) => a.BaseOffset.CompareTo(b.BaseOffset));
        newestIndexed = -1;
        SegmentIndexFile? newest = null;
        for (int i = 0; i < segments.Count; i++)
        {
            if (SegmentIndexFile.Read(segments[i].IndexPath, segments[i].BaseOffset) is { } image &&
                image.LogLength <= FileLength(segments[i]))
            {
                segments[i].Restore(image);
                newest = image;
                newestIndexed = i;
            }
        }

        if (newest is not null)
        {
            producers.Restore(newest.Producers);
        }

        return segments;
    }

    /// <param name="segment">What to read, from where its index file ends.</param>
    /// <param name="isOpenEnd">Whether the end of the log lies here: unsound bytes are cut, and producers are not known yet.</param>
    /// <returns>Whether the segment was cut.</returns>
    private bool ReadBack(Segment segment, bool isOpenEnd)
    {
        files.TryAcquire(segment.File);
        try
        {
            long start = segment.Length, end = RandomAccess.GetLength(segment.File.Handle!);
            using var scan = new SegmentScan(segment.File.Handle!, start, end, segment.NextOffset);
            while (scan.MoveNext())
            {
                RecordBatch batch = scan.Batch;
                segment.Note(batch, scan.Position);
                if (batch.ProducerId >= 0 && isOpenEnd)
                {
                    producers.Record(
                        batch.ProducerId, batch.ProducerEpoch, batch.BaseSequence, batch.LastOffsetDelta + 1, batch.BaseOffset, nowMs);
                }
            }

            if (scan.Position > start)
            {
                logger.ReadBack(segment.File.Path, scan.Position - start);
            }

            bool isWhole = scan.Fault is null;
            segment.SetRecovered(
                isWhole || isOpenEnd ? scan.Position : end, segment.FirstAppendMs >= 0 ? segment.FirstAppendMs : FirstTime(segment));
            if (isWhole)
            {
                return false;
            }

            if (isOpenEnd)
            {
                Cut(segment, scan, end);
                return true;
            }

            segment.DamagedFrom = scan.Position;
            return false;
        }
        finally
        {
            files.Release(segment.File);
        }
    }

    private void Cut(Segment segment, SegmentScan scan, long end)
    {
        string path = segment.File.Path;
        if (scan.SoundBatchFollows())
        {
            string kept = path + CutSuffix;
            File.Copy(path, kept, overwrite: true);
            logger.SoundRecordsCut(path, scan.Position, end - scan.Position, kept);
        }
        else
        {
            logger.TornTailCut(path, scan.Position, end - scan.Position);
        }

        RandomAccess.SetLength(segment.File.Handle!, scan.Position);
        RandomAccess.FlushToDisk(segment.File.Handle!);
    }

    /// <summary>Segments behind a cut would leave a gap of lost offsets before them: they are kept beside the log, not in it.</summary>
    private void SetAside(List<Segment> segments, int from)
    {
        for (int i = from; i < segments.Count; i++)
        {
            string path = segments[i].File.Path;
            long length = FileLength(segments[i]);
            File.Delete(segments[i].IndexPath);
            if (length == 0)
            {
                File.Delete(path);
            }
            else
            {
                File.Move(path, path + CutSuffix, overwrite: true);
                logger.SoundRecordsCut(path, 0, length, path + CutSuffix);
            }
        }

        segments.RemoveRange(from, segments.Count - from);
        DurableFile.FlushDirectory(directory);
    }

    private void CheckOffsets(List<Segment> segments, PartitionState state)
    {
        for (int i = 0; i + 1 < segments.Count; i++)
        {
            Segment segment = segments[i], next = segments[i + 1];
            if (segment.DamagedFrom != long.MaxValue)
            {
                logger.Damaged(segment.File.Path, segment.DamagedFrom, segment.NextOffset, next.BaseOffset);
                segment.ExtendTo(next.BaseOffset);
            }
            else if (segment.NextOffset > next.BaseOffset)
            {
                throw new LogStoreException($"{segment.File.Path} reaches to offset {segment.NextOffset}, beyond the beginning of "
                    + $"{next.File.Path}; one of the two files does not belong there: restore the directory.");
            }
            else if (segment.NextOffset < next.BaseOffset)
            {
                // Compaction may have removed the last records of a segment; its index file says so, one read back cannot.
                if (segment.IndexedLength == segment.Length || state.CompactedThrough <= segment.BaseOffset)
                {
                    logger.OffsetsMissing(directory, segment.NextOffset, next.BaseOffset);
                }

                segment.ExtendTo(next.BaseOffset);
            }
        }
    }

    /// <summary>
    /// A segment read back has no record of when it was begun; its first batch's broker time is the best there is, else now.
    /// </summary>
    private long FirstTime(Segment segment)
    {
        Span<byte> header = stackalloc byte[RecordBatch.HeaderSize];
        if (HeaderWindow.ReadFully(segment.File.Handle!, header, 0) < header.Length)
        {
            return nowMs;
        }

        var batch = new RecordBatch(header);
        return batch.HasLogAppendTime ? Math.Min(batch.MaxTimestamp, nowMs) : nowMs;
    }
}
