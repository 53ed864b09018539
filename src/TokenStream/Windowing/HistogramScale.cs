using System.Numerics;

namespace TokenStream.Windowing;

/// <summary>
/// The buckets of all histograms: 0 to 127 hold one value each; above, every power of two is split into 64 equal buckets, so a bucket is at
/// most 1/64 of its lower bound wide and its middle is at most 1/128 (0.8 %) away from any value in it.
/// </summary>
public static class HistogramScale
{
    private const int BitsPerOctave = 6;

    /// <summary>Number of buckets for all non-negative 63-bit values.</summary>
    public const int BucketCount = 128 + ((63 - 7) << BitsPerOctave);

    /// <summary>The bucket of a value; negative values count as 0.</summary>
    public static int Bucket(long value)
    {
        if (value < 128)
        {
            return value < 0 ? 0 : (int)value;
        }

        var exponent = BitOperations.Log2((ulong)value);
        return 128 + ((exponent - 7) << BitsPerOctave) + (int)((ulong)value >> (exponent - BitsPerOctave)) - 64;
    }

    /// <summary>The smallest value of a bucket.</summary>
    public static long LowerBound(int bucket)
    {
        if (bucket < 128)
        {
            return bucket;
        }

        var octave = (bucket - 128) >> BitsPerOctave;
        var step = (bucket - 128) & 63;
        return (long)(64 + step) << (octave + 1);
    }

    /// <summary>The value that stands for a bucket in a quantile: the middle of its range.</summary>
    public static double Middle(int bucket) =>
        bucket < 128 ? bucket : LowerBound(bucket) + (((1L << (((bucket - 128) >> BitsPerOctave) + 1)) - 1) / 2.0);
}
