using TokenStream.Windowing;

namespace TokenStream.Detection.Series;

/// <summary>A histogram that rollups' histograms are added to, kept as pairs until somebody asks for a quantile.</summary>
internal sealed class TimeSketch
{
    /// <summary>Pairs beyond which equal buckets are added up: bounds the memory of a minute with many rollups.</summary>
    private const int MostPairs = 2_048;

    private readonly List<(ushort Bucket, long Count)> _pairs = [];
    private int _foldAt = MostPairs;

    public bool IsEmpty => _pairs.Count == 0;

    public void Add(SparseHistogram histogram)
    {
        for (var i = 0; i < histogram.Buckets.Length; i++)
        {
            _pairs.Add((histogram.Buckets[i], histogram.Counts[i]));
        }

        if (_pairs.Count > _foldAt)
        {
            Fold();
            _foldAt = Math.Max(MostPairs, 2 * _pairs.Count);
        }
    }

    /// <summary>The 95th percentile, the middle of its bucket; NaN where nothing was added.</summary>
    public double P95()
    {
        Fold();
        Int128 total = 0;
        foreach (var (_, count) in _pairs)
        {
            total += count;
        }

        // The smallest value that at least 95 of a hundred do not exceed.
        var (rank, seen) = ((total * 95 + 99) / 100, Int128.Zero);
        foreach (var (bucket, count) in _pairs)
        {
            seen += count;
            if (seen >= rank && seen > 0)
            {
                return HistogramScale.Middle(bucket);
            }
        }

        return double.NaN;
    }

    public void Write(BlockBuffer to)
    {
        Fold();
        to.Unsigned((UInt128)_pairs.Count);
        foreach (var (bucket, count) in _pairs)
        {
            to.Unsigned(bucket);
            to.Signed(count);
        }
    }

    public static TimeSketch Read(ref BlockReader from)
    {
        var sketch = new TimeSketch();
        for (var left = from.Count(); left > 0; left--)
        {
            var bucket = from.Unsigned();
            sketch._pairs.Add((bucket < HistogramScale.BucketCount ? (ushort)bucket : throw new FormatException("a bucket that does not exist"), from.Long()));
        }

        return sketch;
    }

    private void Fold()
    {
        if (_pairs.Count == 0)
        {
            return;
        }

        _pairs.Sort(static (a, b) => a.Bucket.CompareTo(b.Bucket));
        var kept = 0;
        for (var i = 1; i < _pairs.Count; i++)
        {
            if (_pairs[i].Bucket == _pairs[kept].Bucket)
            {
                // A count that no machine can reach stays at the end of its range: a quantile is all that is asked for.
                var sum = (Int128)_pairs[kept].Count + _pairs[i].Count;
                _pairs[kept] = (_pairs[kept].Bucket, sum > long.MaxValue ? long.MaxValue : (long)sum);
            }
            else
            {
                _pairs[++kept] = _pairs[i];
            }
        }

        _pairs.RemoveRange(kept + 1, _pairs.Count - kept - 1);
    }
}
