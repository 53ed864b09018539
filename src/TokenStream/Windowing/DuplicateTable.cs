using System.Runtime.InteropServices;

namespace TokenStream.Windowing;

/// <summary>
/// The event ids a partition remembers, as 64-bit hashes with the offset of their last record. Ids leave in offset order: on reading a
/// record, from the oldest on, those whose broker timestamp lies more than the horizon before the record's, and those more than a number of
/// records back. So what counts as a duplicate is a function of the log alone: sweeping the table, its size and restarts change no answer.
/// </summary>
public sealed class DuplicateTable
{
    private const int SmallestCapacity = 64;

    private readonly long _skimTo;
    private readonly long _horizonMs;
    private readonly long _maxRecords;
    private readonly Queue<Run> _runs = new();
    private Run? _newest;
    private Slot[] _slots = new Slot[SmallestCapacity];
    private int _used;
    private long _base;
    private long _from;

    /// <param name="from">Offset of the first record whose id is to be remembered; reading begins there.</param>
    /// <param name="skimTo">
    /// Nothing is forgotten below this offset. A successor reads again the ids its predecessor remembered there, which older ones, unknown
    /// here, may have held back where timestamps go backwards.
    /// </param>
    /// <param name="horizonMs">How far back broker timestamps may lie.</param>
    /// <param name="maxRecords">How many records back an id may lie.</param>
    public DuplicateTable(long from, long skimTo, long horizonMs, long maxRecords)
    {
        _skimTo = skimTo;
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
        while (_from < offset && offset >= _skimTo)
        {
            if (!TryOldest(out var oldest))
            {
                _from = offset;
            }
            else if (oldest.TimestampMs < timestampMs - _horizonMs || oldest.Last < _from)
            {
                // Too old; or nothing of it is left, and then it may not hold back what follows: a successor would not know of it.
                DropOldest();
                _from = Math.Max(_from, TryOldest(out var next) ? next.First : offset);
            }
            else if (offset - _from >= _maxRecords)
            {
                _from = offset - _maxRecords + 1;
            }
            else
            {
                break;
            }
        }

        if (_newest is { } run && run.TimestampMs == timestampMs)
        {
            _newest = run with { Last = offset };
        }
        else
        {
            if (_newest is { } ended)
            {
                _runs.Enqueue(ended);
            }

            _newest = new Run(offset, offset, timestampMs);
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
        var seen = IsRemembered(slot);
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

    private bool TryOldest(out Run run)
    {
        if (_runs.TryPeek(out run))
        {
            return true;
        }

        run = _newest.GetValueOrDefault();
        return _newest is not null;
    }

    private void DropOldest()
    {
        if (!_runs.TryDequeue(out _))
        {
            _newest = null;
        }
    }

    private void Sweep(long offset)
    {
        var live = 0;
        foreach (ref readonly var slot in _slots.AsSpan())
        {
            live += IsRemembered(slot) ? 1 : 0;
        }

        // Slots hold offsets from a base on, which moves along with what is remembered.
        var newBase = Math.Min(_from, offset);
        if (live > _slots.Length * 5L / 8 || (live < _slots.Length / 4 && _slots.Length > SmallestCapacity))
        {
            Rebuild(live, newBase);
        }
        else
        {
            RemoveForgotten(newBase);
        }

        (_used, _base) = (live, newBase);
    }

    /// <summary>Moves to a table that is half full, so that sweeps stay rare: a larger one, or after a burst a smaller one.</summary>
    private void Rebuild(int live, long newBase)
    {
        var slots = new Slot[Math.Max(SmallestCapacity, checked(live * 2))];
        foreach (ref readonly var old in _slots.AsSpan())
        {
            if (IsRemembered(old))
            {
                ref var slot = ref Find(slots, old.Hash);
                slot.Hash = old.Hash;
                slot.OffsetPlusOne = checked((uint)(_base + old.OffsetPlusOne - newBase));
            }
        }

        _slots = slots;
    }

    /// <summary>Sweeps in place: a partition whose rate is steady asks for no memory.</summary>
    private void RemoveForgotten(long newBase)
    {
        for (var i = 0; i < _slots.Length; i++)
        {
            while (_slots[i].OffsetPlusOne != 0 && !IsRemembered(_slots[i]))
            {
                Remove(i);
            }
        }

        foreach (ref var slot in _slots.AsSpan())
        {
            slot.OffsetPlusOne = slot.OffsetPlusOne == 0 ? 0 : checked((uint)(_base + slot.OffsetPlusOne - newBase));
        }
    }

    /// <summary>Empties a slot; those behind it move up as far as their hash lets them, so that each is found from its home on.</summary>
    private void Remove(int hole)
    {
        var next = hole;
        while (true)
        {
            next = next + 1 < _slots.Length ? next + 1 : 0;
            if (_slots[next].OffsetPlusOne == 0)
            {
                break;
            }

            var home = Home(_slots, _slots[next].Hash);
            if (Distance(home, next) >= Distance(hole, next))
            {
                _slots[hole] = _slots[next];
                hole = next;
            }
        }

        _slots[hole] = default;
    }

    private bool IsRemembered(in Slot slot) => slot.OffsetPlusOne != 0 && _base + slot.OffsetPlusOne - 1 >= _from;

    private int Distance(int from, int to) => to >= from ? to - from : to - from + _slots.Length;

    /// <summary>The hash as a fraction of the table: any size will do, so growth does not leave up to three quarters of it empty.</summary>
    private static int Home(Slot[] slots, ulong hash) => (int)Math.BigMul(hash, (ulong)slots.Length, out _);

    private static ref Slot Find(Slot[] slots, ulong hash)
    {
        var index = Home(slots, hash);
        while (slots[index].OffsetPlusOne != 0 && slots[index].Hash != hash)
        {
            index = index + 1 < slots.Length ? index + 1 : 0;
        }

        return ref slots[index];
    }

    /// <summary>Successive records of one timestamp, by the offsets of the first and the last.</summary>
    private readonly record struct Run(long First, long Last, long TimestampMs);

    // Twelve bytes, so that an id costs 16 to 24 with the table at half to three quarters.
    [StructLayout(LayoutKind.Sequential, Pack = 4)]
    private struct Slot
    {
        public ulong Hash;
        public uint OffsetPlusOne;
    }
}
