using System.Globalization;

namespace TokenStream.Broker.Log;

internal enum LocateOutcome
{
    Found,

    /// <summary>The segment ends before the offset: compaction removed what was there, or it lies in the next segment.</summary>
    Beyond,

    Damaged,
}

/// <summary>One file of batches from <see cref="BaseOffset"/> on. Only the partition's writer changes it; readers see <see cref="Length"/>
/// grow after the bytes are there.</summary>
internal sealed class Segment
{
    public const string LogSuffix = ".log";
    public const string IndexSuffix = ".index";

    private long _length;
    private long _damagedFrom = long.MaxValue;

    public Segment(string directory, long baseOffset)
    {
        BaseOffset = NextOffset = baseOffset;
        string stem = Path.Combine(directory, Stem(baseOffset));
        File = new SegmentFile(stem + LogSuffix);
        IndexPath = stem + IndexSuffix;
    }

    public long BaseOffset { get; }

    public SegmentFile File { get; }

    public string IndexPath { get; }

    public OffsetIndex Index { get; } = new();

    public long Length => Volatile.Read(ref _length);

    /// <summary>Offset after the last record.</summary>
    public long NextOffset { get; private set; }

    /// <summary>Highest timestamp of its batches, epoch ms; -1 for none.</summary>
    public long MaxTimestamp { get; private set; } = -1;

    /// <summary>Broker time of its first append, epoch ms; -1 while empty.</summary>
    public long FirstAppendMs { get; private set; } = -1;

    /// <summary>Bytes known to be on disk.</summary>
    public long FlushedLength { get; set; }

    /// <summary>Bytes that the index file speaks of; -1 without one.</summary>
    public long IndexedLength { get; set; } = -1;

    /// <summary>What was known of producers when it was sealed, until its index file holds it.</summary>
    public byte[]? SealedProducers { get; set; }

    /// <summary>Position from which on the file is damaged: nothing beyond is given out.</summary>
    public long DamagedFrom
    {
        get => Volatile.Read(ref _damagedFrom);
        set => Volatile.Write(ref _damagedFrom, value);
    }

    /// <summary>Twenty digits, so that names sort as offsets do.</summary>
    public static string Stem(long baseOffset) => baseOffset.ToString("D20", CultureInfo.InvariantCulture);

    /// <summary>Notes batches that were just written at the end, so that readers may see them.</summary>
    public void Grow(ReadOnlySpan<byte> batches, long nowMs)
    {
        long position = _length;
        if (position == 0)
        {
            FirstAppendMs = nowMs;
        }

        while (!batches.IsEmpty)
        {
            var batch = new RecordBatch(batches);
            Note(batch, position);
            position += batch.Size;
            batches = batches[(int)batch.Size..];
        }

        Volatile.Write(ref _length, position);
    }

    /// <summary>Takes one batch into the index and the sums, without making it visible; for reading a file back.</summary>
    public void Note(RecordBatch batch, long position)
    {
        Index.Note(batch.BaseOffset - BaseOffset, position, MaxTimestamp);
        MaxTimestamp = Math.Max(MaxTimestamp, batch.MaxTimestamp);
        NextOffset = batch.NextOffset;
    }

    /// <summary>Ends reading a file back: its first <paramref name="length"/> bytes are whole batches.</summary>
    public void SetRecovered(long length, long firstAppendMs)
    {
        FirstAppendMs = length == 0 ? -1 : firstAppendMs;
        Volatile.Write(ref _length, length);
    }

    /// <summary>Takes over what the index file says.</summary>
    public void Restore(SegmentIndexFile image)
    {
        foreach (OffsetIndex.Entry entry in image.Entries)
        {
            Index.Add(entry);
        }

        NextOffset = image.NextOffset;
        MaxTimestamp = image.MaxTimestamp;
        FirstAppendMs = image.FirstAppendMs;
        IndexedLength = FlushedLength = image.LogLength;
        Volatile.Write(ref _length, image.LogLength);
    }

    /// <summary>A damaged segment's offsets reach to the next one's beginning.</summary>
    public void ExtendTo(long nextOffset) => NextOffset = nextOffset;

    public SegmentIndexFile Capture(byte[] producers)
        => new(BaseOffset, Length, NextOffset, MaxTimestamp, FirstAppendMs, Index.Entries.ToArray(), producers);

    /// <summary>Finds whole batches from the one that holds <paramref name="offset"/> on. The file is in use by the caller.</summary>
    public LocateOutcome Locate(long offset, int maxBytes, out long position, out int length)
    {
        long limit = Math.Min(Length, DamagedFrom);
        position = Index.PositionForOffset(Math.Max(0, offset - BaseOffset));
        length = 0;
        var window = new HeaderWindow(File.Handle!, limit);
        try
        {
            LocateOutcome outcome = Find(ref window, offset, limit, ref position, out long firstSize);
            if (outcome == LocateOutcome.Found)
            {
                length = (int)Math.Min(EndOfWhole(ref window, position, firstSize, maxBytes, limit) - position, int.MaxValue);
            }

            return outcome;
        }
        finally
        {
            window.Dispose();
        }
    }

    private LocateOutcome Find(ref HeaderWindow window, long offset, long limit, ref long position, out long size)
    {
        size = 0;
        while (position < limit)
        {
            if (!window.TryHeader(position, BaseOffset, out RecordBatch header))
            {
                return LocateOutcome.Damaged;
            }

            if (header.NextOffset > offset)
            {
                size = header.Size;
                return LocateOutcome.Found;
            }

            position += header.Size;
        }

        return DamagedFrom == long.MaxValue ? LocateOutcome.Beyond : LocateOutcome.Damaged;
    }

    /// <summary>The last batch boundary within the wanted bytes, or the first batch's end.</summary>
    private long EndOfWhole(ref HeaderWindow window, long position, long firstSize, int maxBytes, long limit)
    {
        long end = position + firstSize;
        long most = position + maxBytes;
        if (most >= limit)
        {
            return limit;
        }

        if (end >= most)
        {
            return end;
        }

        end = Math.Max(end, Index.BoundaryAtOrBelow(most));
        while (window.TryHeader(end, BaseOffset, out RecordBatch header) && end + header.Size <= most)
        {
            end += header.Size;
        }

        return end;
    }
}
