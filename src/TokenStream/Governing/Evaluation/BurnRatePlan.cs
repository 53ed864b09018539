using System.Numerics;
using TokenStream.Budgets;
using TokenStream.Governing.Ledger;

namespace TokenStream.Governing.Evaluation;

/// <summary>A burn-rate pair ready to be compared exactly: its factor as a fraction.</summary>
internal sealed class BurnRatePlan
{
    /// <summary>A long lookback that holds less than a hundredth of the amount says nothing ..</summary>
    public const int LeastShareOf = 100;

    /// <summary>.. nor does one with fewer requests.</summary>
    public const int LeastRequests = 5;

    private readonly Int128 _numerator;
    private readonly Int128 _denominator;
    private readonly double _factor;

    public BurnRatePlan(BurnRatePair pair)
    {
        Pair = pair;
        (LongTier, ShortTier) = (ScopeAccount.TierOf(pair.LongMs), ScopeAccount.TierOf(pair.ShortMs));
        Span<int> bits = stackalloc int[4];
        decimal.GetBits(pair.Factor.Factor, bits);
        _numerator = unchecked((Int128)(uint)bits[0] | ((Int128)(uint)bits[1] << 32) | ((Int128)(uint)bits[2] << 64));
        _denominator = (Int128)Math.Pow(10, bits[3] >> 16 & 0xFF);
        _factor = (double)pair.Factor.Factor;
    }

    public BurnRatePair Pair { get; }

    public int LongTier { get; }

    public int ShortTier { get; }

    /// <summary>Whether spend / lookback &gt; factor x limit / period.</summary>
    /// <param name="rate">The same as a <see cref="Rate"/>.</param>
    public bool IsExceeded(Int128 spend, long lookbackMs, Int128 limit, long periodMs, double rate)
    {
        // A rate is true to 15 digits. Where the first 9 decide, the five wide multiplications, a sixth of an evaluation, say the same.
        if (limit > 0 && Math.Abs(rate - _factor) > _factor * 1e-9)
        {
            return rate > _factor;
        }

        try
        {
            // Every span is a whole number of seconds.
            return spend * (periodMs / 1000) * _denominator > _numerator * limit * (lookbackMs / 1000);
        }
        catch (OverflowException)
        {
            return (BigInteger)spend * periodMs * (BigInteger)_denominator > (BigInteger)_numerator * (BigInteger)limit * lookbackMs;
        }
    }

    public static double Rate(Int128 spend, long lookbackMs, double limit, long periodMs) =>
        limit == 0 ? 0 : (double)spend / lookbackMs * periodMs / limit;
}
