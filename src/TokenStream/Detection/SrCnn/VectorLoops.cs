using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace TokenStream.Detection.SrCnn;

/// <summary>
/// Loops over rows of floats, eight at once. Lengths are multiples of eight, which whoever makes the rows sees to. Sums are taken in one
/// order, and multiplications and additions are not fused, so that the figures do not depend on how wide the machine's vectors are.
/// </summary>
internal static class VectorLoops
{
    public const int Lanes = 8;

    public static float Dot(ReadOnlySpan<float> left, ReadOnlySpan<float> right)
    {
        Require(left.Length, right.Length);
        ref var first = ref MemoryMarshal.GetReference(left);
        ref var second = ref MemoryMarshal.GetReference(right);
        var (even, odd) = (Vector256<float>.Zero, Vector256<float>.Zero);
        unchecked
        {
            var count = (nuint)left.Length;
            nuint at = 0;
            for (; at + (2 * Lanes) <= count; at += 2 * Lanes)
            {
                even += Vector256.LoadUnsafe(ref first, at) * Vector256.LoadUnsafe(ref second, at);
                odd += Vector256.LoadUnsafe(ref first, at + Lanes) * Vector256.LoadUnsafe(ref second, at + Lanes);
            }

            if (at < count)
            {
                even += Vector256.LoadUnsafe(ref first, at) * Vector256.LoadUnsafe(ref second, at);
            }
        }

        var both = even + odd;
        var half = both.GetLower() + both.GetUpper();
        return half[0] + half[2] + (half[1] + half[3]);
    }

    /// <summary>Adds a multiple of one row to another.</summary>
    public static void AddScaled(Span<float> to, float factor, ReadOnlySpan<float> row)
    {
        Require(to.Length, row.Length);
        ref var target = ref MemoryMarshal.GetReference(to);
        ref var source = ref MemoryMarshal.GetReference(row);
        var factors = Vector256.Create(factor);
        unchecked
        {
            var count = (nuint)to.Length;
            for (nuint at = 0; at < count; at += Lanes)
            {
                (Vector256.LoadUnsafe(ref target, at) + (factors * Vector256.LoadUnsafe(ref source, at))).StoreUnsafe(ref target, at);
            }
        }
    }

    private static void Require(int length, int other)
    {
        if (length != other || length % Lanes != 0)
        {
            throw new ArgumentException($"rows of {length} and {other} numbers are not of one length in whole eights");
        }
    }
}
