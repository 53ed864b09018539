namespace TokenStream.Broker.Log;

/// <summary>Sparse index of one segment: an entry at most every <see cref="IntervalBytes"/>, always at a batch's first byte. One writer;
/// readers need no lock: the entry is there before the count says so.</summary>
internal sealed class OffsetIndex
{
    /// <summary>A look-up reads at most about this much of headers; an entry of 16 bytes each keeps 100 GiB of log in 50 MiB.</summary>
    public const int IntervalBytes = 32 << 10;

    private Entry[] _entries = new Entry[16];
    private int _count;

    public int Count => Volatile.Read(ref _count);

    public ReadOnlySpan<Entry> Entries
    {
        get
        {
            int count = Volatile.Read(ref _count);
            return Volatile.Read(ref _entries).AsSpan(0, count);
        }
    }

    /// <summary>Notes a batch when it lies far enough behind the last entry.</summary>
    /// <param name="relativeOffset">Its base offset less the segment's.</param>
    /// <param name="position">Its place in the file.</param>
    /// <param name="maxTimestampBefore">Highest timestamp of all batches before it in the segment.</param>
    public void Note(long relativeOffset, long position, long maxTimestampBefore)
    {
        int count = _count;
        if (position < IntervalBytes || (count > 0 && position - _entries[count - 1].Position < IntervalBytes))
        {
            return;
        }

        Add(new Entry((uint)relativeOffset, (uint)position, maxTimestampBefore));
    }

    public void Add(Entry entry)
    {
        int count = _count;
        if (count == _entries.Length)
        {
            var larger = new Entry[count * 2];
            _entries.CopyTo(larger, 0);
            Volatile.Write(ref _entries, larger);
        }

        _entries[count] = entry;
        Volatile.Write(ref _count, count + 1);
    }

    /// <summary>Position of a batch at or before the one that holds the offset.</summary>
    public long PositionForOffset(long relativeOffset)
        => LastPosition(relativeOffset, static (entry, offset) => entry.RelativeOffset <= offset);

    /// <summary>Position of a batch at or before the first one that reaches the timestamp.</summary>
    public long PositionForTime(long timestampMs)
        => LastPosition(timestampMs, static (entry, time) => entry.MaxTimestampBefore < time);

    /// <summary>The last batch boundary known at or below a position; 0 where none is.</summary>
    public long BoundaryAtOrBelow(long position)
        => LastPosition(position, static (entry, sought) => entry.Position <= sought);

    /// <summary>Position of the last entry that comes before what is sought; 0 where none does. Those that do come first.</summary>
    private long LastPosition(long sought, Func<Entry, long, bool> comesBefore)
    {
        ReadOnlySpan<Entry> entries = Entries;
        int low = 0, high = entries.Length;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            if (comesBefore(entries[middle], sought))
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low == 0 ? 0 : entries[low - 1].Position;
    }

    public readonly record struct Entry(uint RelativeOffset, uint Position, long MaxTimestampBefore);
}
