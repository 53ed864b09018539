using System.Runtime.InteropServices;

namespace TokenStream.Windowing;

/// <summary>
/// A window's histograms: each a list of bucket numbers in the arena while it is short, counters over the range of buckets it uses
/// afterwards. A histogram is named by an int that its key holds: 0 is empty, positive a chunk of the arena, negative an index of counters.
/// </summary>
internal sealed class HistogramSketch(SketchArena arena)
{
    private readonly List<Counters> _counters = [];
    private int _countersUsed;

    public void Add(ref int histogram, long value)
    {
        var bucket = (ushort)HistogramScale.Bucket(value);
        if (histogram < 0)
        {
            _counters[~histogram].Add(bucket);
            return;
        }

        if (histogram == SketchArena.None)
        {
            histogram = arena.Allocate(0);
        }

        var count = arena.Count(histogram);
        var buckets = MemoryMarshal.Cast<uint, ushort>(arena.Entries(histogram));
        if (count == buckets.Length)
        {
            Grow(ref histogram, bucket);
            return;
        }

        buckets[count] = bucket;
        arena.SetCount(histogram, count + 1);
    }

    /// <summary>The histogram as ascending buckets with their counts, appended to the lists.</summary>
    public void Read(int histogram, List<ushort> buckets, List<long> counts)
    {
        if (histogram < 0)
        {
            _counters[~histogram].Read(buckets, counts);
        }
        else if (histogram != SketchArena.None)
        {
            var values = MemoryMarshal.Cast<uint, ushort>(arena.Entries(histogram))[..arena.Count(histogram)];
            values.Sort();
            foreach (var bucket in values)
            {
                if (buckets.Count > 0 && buckets[^1] == bucket)
                {
                    counts[^1]++;
                }
                else
                {
                    buckets.Add(bucket);
                    counts.Add(1);
                }
            }
        }
    }

    /// <summary>Forgets all histograms; their counters are used again.</summary>
    public void Reset() => _countersUsed = 0;

    private void Grow(ref int histogram, ushort bucket)
    {
        var old = histogram;
        var count = arena.Count(old);
        var sizeClass = arena.Class(old) + 1;
        if (sizeClass < SketchArena.Classes)
        {
            histogram = arena.Allocate(sizeClass);
            arena.Entries(old).CopyTo(arena.Entries(histogram));
            arena.SetCount(histogram, count);
            var buckets = MemoryMarshal.Cast<uint, ushort>(arena.Entries(histogram));
            buckets[count] = bucket;
            arena.SetCount(histogram, count + 1);
        }
        else
        {
            histogram = ~TakeCounters();
            var counters = _counters[~histogram];
            foreach (var value in MemoryMarshal.Cast<uint, ushort>(arena.Entries(old))[..count])
            {
                counters.Add(value);
            }

            counters.Add(bucket);
        }

        arena.Free(old);
    }

    private int TakeCounters()
    {
        if (_countersUsed == _counters.Count)
        {
            _counters.Add(new Counters());
        }

        _counters[_countersUsed].Clear();
        return _countersUsed++;
    }

    /// <summary>Counters for a contiguous range of buckets that grows to either side.</summary>
    private sealed class Counters
    {
        private long[] _counts = new long[256];
        private int _first;
        private int _length;

        public void Clear()
        {
            Array.Clear(_counts);
            _length = 0;
        }

        public void Add(int bucket)
        {
            if (_length == 0)
            {
                (_first, _length) = (bucket & ~63, 64);
            }

            if (bucket < _first || bucket >= _first + _length)
            {
                Extend(bucket);
            }

            _counts[bucket - _first]++;
        }

        public void Read(List<ushort> buckets, List<long> counts)
        {
            for (var i = 0; i < _length; i++)
            {
                if (_counts[i] != 0)
                {
                    buckets.Add((ushort)(_first + i));
                    counts.Add(_counts[i]);
                }
            }
        }

        private void Extend(int bucket)
        {
            var first = Math.Min(_first, bucket & ~63);
            var end = Math.Max(_first + _length, (bucket | 63) + 1);
            var counts = end - first <= _counts.Length ? _counts : new long[Math.Max(end - first, _counts.Length * 2)];
            Array.Copy(_counts, 0, counts, _first - first, _length);
            if (ReferenceEquals(counts, _counts))
            {
                Array.Clear(counts, 0, _first - first);
            }

            (_counts, _first, _length) = (counts, first, end - first);
        }
    }
}
