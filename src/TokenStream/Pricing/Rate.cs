using System.Numerics;
using System.Runtime.CompilerServices;

namespace TokenStream.Pricing;

/// <summary>
/// A price of one token or other unit: <see cref="Numerator"/> / <see cref="Denominator"/> picodollars (1e-12 USD), exact and in lowest
/// terms. The default value is no price at all, which is not the same as a price of zero.
/// </summary>
public readonly struct Rate : IEquatable<Rate>
{
    private Rate(long numerator, long denominator)
    {
        Numerator = numerator;
        Denominator = denominator;
    }

    /// <summary>A price of nothing: known, and free.</summary>
    public static Rate Free { get; } = new(0, 1);

    /// <summary>Not negative.</summary>
    public long Numerator { get; }

    /// <summary>1 where the price is a whole number of picodollars a unit, 0 where there is no price.</summary>
    public long Denominator { get; }

    public bool IsKnown => Denominator != 0;

    /// <summary>Whether the price is a whole number of picodollars a unit: only then is the cost of a sum the sum of the costs.</summary>
    public bool IsWhole => Denominator == 1;

    /// <summary>A rate in lowest terms; false where either part leaves the range of <c>long</c> or the rate is negative.</summary>
    public static bool TryCreate(Int128 numerator, Int128 denominator, out Rate rate)
    {
        rate = default;
        if (numerator < 0 || denominator <= 0)
        {
            return false;
        }

        var divisor = GreatestCommonDivisor(numerator, denominator);
        numerator /= divisor;
        denominator /= divisor;
        if (numerator > long.MaxValue || denominator > long.MaxValue)
        {
            return false;
        }

        rate = new Rate((long)numerator, (long)denominator);
        return true;
    }

    /// <summary>
    /// The cost of a count in picodollars, rounded once, half to even, and so the negative of the cost of the opposite count. False where
    /// it leaves the range of <c>long</c>. Only for a known rate.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryCost(long count, out long cost)
    {
        if (Denominator != 1)
        {
            return TryFractionalCost(count, out cost);
        }

        var high = Math.BigMul(count, Numerator, out cost);
        return high == cost >> 63;
    }

    /// <summary>
    /// The cost of a sum of many counts, picodollars, rounded once, half to even; no sum of 64 bits is too large for it. Only for a known
    /// rate.
    /// </summary>
    public Int128 CostOfSum(long count)
    {
        var product = (Int128)count * Numerator;
        var (quotient, remainder) = Int128.DivRem(Int128.Abs(product), Denominator);
        var twice = remainder * 2;
        quotient += twice > Denominator || (twice == Denominator && Int128.IsOddInteger(quotient)) ? 1 : 0;
        return product < 0 ? -quotient : quotient;
    }

    /// <summary>
    /// This rate times a factor of at most 1, as for a discount: exact wherever the product fits, else rounded half to even to the finest
    /// power of ten that does, which is a rate of 18 significant digits.
    /// </summary>
    public Rate Discounted(Rate factor)
    {
        if (TryCreate((Int128)Numerator * factor.Numerator, (Int128)Denominator * factor.Denominator, out var exact))
        {
            return exact;
        }

        var numerator = (BigInteger)Numerator * factor.Numerator;
        var denominator = (BigInteger)Denominator * factor.Denominator;
        for (var scale = 1_000_000_000_000_000_000; ; scale /= 10)
        {
            var (quotient, remainder) = BigInteger.DivRem(numerator * scale, denominator);
            var half = (remainder * 2).CompareTo(denominator);
            quotient += half > 0 || (half == 0 && !quotient.IsEven) ? 1 : 0;
            if (quotient <= long.MaxValue && TryCreate((Int128)quotient, scale, out var rounded))
            {
                return rounded;
            }
        }
    }

    public bool Equals(Rate other) => Numerator == other.Numerator && Denominator == other.Denominator;

    public override bool Equals(object? obj) => obj is Rate other && Equals(other);

    public override int GetHashCode() => HashCode.Combine(Numerator, Denominator);

    public static bool operator ==(Rate left, Rate right) => left.Equals(right);

    public static bool operator !=(Rate left, Rate right) => !left.Equals(right);

    /// <summary>A product of two 63-bit numbers fits 127 bits, so nothing can overflow before the range is checked.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool TryFractionalCost(long count, out long cost)
    {
        var exact = CostOfSum(count);
        var inRange = exact >= -long.MaxValue && exact <= long.MaxValue;
        cost = inRange ? (long)exact : 0;
        return inRange;
    }

    private static Int128 GreatestCommonDivisor(Int128 left, Int128 right)
    {
        while (right != 0)
        {
            (left, right) = (right, left % right);
        }

        return left;
    }
}
