using System.Runtime.InteropServices;

namespace TokenStream.Windowing;

/// <summary>
/// The event ids a partition remembers, as 64-bit hashes with the offset of their last record. Ids leave in offset order: on reading a record,
/// from the oldest on, those whose broker timestamp lies more than the horizon before the record's, and those more than a number of records
/// back. So what counts as a duplicate is a function of the log alone: sweeping the table, its size and restarts change no answer.
/// </summary>
public sealed class DuplicateTable
{
    private const int SmallestCapacity = 64;

    private readonly long _horizonMs;
    private readonly long _maxRecords;
    private readonly Queue<Run> _runs = new();
    private Slot[] _slots = new Slot[SmallestCapacity];
    private int _used;
    private long _base;
    private long _from;
    private long _lastTimestamp;

    /// <param name="from">Offset of the first record whose id is to be remembered; reading begins there.</param>
    /// <param name="horizonMs">How far back broker timestamps may lie.</param>
    /// <param name="maxRecords">How many records back an id may lie.</param>
    public DuplicateTable(long from, long horizonMs, long maxRecords)
    {
        _from = _base = from;
        _horizonMs = horizonMs;
        _maxRecords = maxRecords;
    }

    /// <summary>Ids of records below this offset are forgotten.</summary>
    public long From => _from;

    /// <summary>Ids held, forgotten ones that were not swept yet included.</summary>
    public int Count => _used;

    /// <summary>Bytes of the table.</summary>
    public long Bytes => (long)_slots.Length * Marshal.SizeOf<Slot>();

    /// <summary>Takes note of the next record; forgets what it makes too old.</summary>
    public void Advance(long offset, long timestampMs)
    {
        while (_from < offset)
        {
            if (_runs.Count == 0)
            {
                _from = offset;
            }
            else if (_runs.Peek().TimestampMs < timestampMs - _horizonMs)
            {
                _runs.Dequeue();
                _from = _runs.Count > 0 ? _runs.Peek().Offset : offset;
            }
            else if (offset - _from >= _maxRecords)
            {
                _from = offset - _maxRecords + 1;
                while (_runs.Count > 1 && NextRunStartsBy(_from))
                {
                    _runs.Dequeue();
                }

                if (_from == offset)
                {
                    _runs.Clear();
                }
            }
            else
            {
                break;
            }
        }

        if (_runs.Count == 0 || _lastTimestamp != timestampMs)
        {
            _runs.Enqueue(new Run(offset, timestampMs));
            _lastTimestamp = timestampMs;
        }
    }

    /// <summary>Whether the id is remembered; it is from now on, as of this record.</summary>
    public bool Seen(ulong hash, long offset)
    {
        if (_used >= _slots.Length * 3 / 4 || offset - _base >= uint.MaxValue - 1)
        {
            Sweep(offset);
        }

        ref var slot = ref Find(_slots, hash);
        var seen = slot.OffsetPlusOne != 0 && _base + slot.OffsetPlusOne - 1 >= _from;
        if (slot.OffsetPlusOne == 0)
        {
            slot.Hash = hash;
            _used++;
        }

        slot.OffsetPlusOne = (uint)(offset - _base + 1);
        return seen;
    }

    /// <summary>Forgets everything at once, against the rule above. Only a test of that rule has a use for it.</summary>
    internal void Clear()
    {
        Array.Clear(_slots);
        _used = 0;
    }

    private bool NextRunStartsBy(long offset)
    {
        using var runs = _runs.GetEnumerator();
        runs.MoveNext();
        return runs.MoveNext() && runs.Current.Offset <= offset;
    }

    private void Sweep(long offset)
    {
        var live = 0;
        foreach (ref readonly var slot in _slots.AsSpan())
        {
            live += slot.OffsetPlusOne != 0 && _base + slot.OffsetPlusOne - 1 >= _from ? 1 : 0;
        }

        // Half full after a sweep at most, so that sweeps stay rare, and small again after a burst.
        var capacity = SmallestCapacity;
        while (capacity < live * 2L)
        {
            capacity = checked(capacity * 2);
        }

        var newBase = Math.Min(_from, offset);
        var slots = new Slot[capacity];
        foreach (ref readonly var old in _slots.AsSpan())
        {
            var last = _base + old.OffsetPlusOne - 1;
            if (old.OffsetPlusOne != 0 && last >= _from)
            {
                ref var slot = ref Find(slots, old.Hash);
                slot.Hash = old.Hash;
                slot.OffsetPlusOne = checked((uint)(last - newBase + 1));
            }
        }

        (_slots, _used, _base) = (slots, live, newBase);
    }

    private static ref Slot Find(Slot[] slots, ulong hash)
    {
        var mask = slots.Length - 1;
        var index = unchecked((int)hash) & mask;
        while (slots[index].OffsetPlusOne != 0 && slots[index].Hash != hash)
        {
            index = (index + 1) & mask;
        }

        return ref slots[index];
    }

    private readonly record struct Run(long Offset, long TimestampMs);

    // Twelve bytes, so that a remembered id costs 16 to 24 with the table at half to three quarters.
    [StructLayout(LayoutKind.Sequential, Pack = 4)]
    private struct Slot
    {
        public ulong Hash;
        public uint OffsetPlusOne;
    }
}
