using System.Runtime.CompilerServices;
using TokenStream.Pricing;
using TokenStream.Windowing;

namespace TokenStream.Detection.Causes;

/// <summary>
/// What a cause is computed from, as doubles since a baseline's sums fade: counts, tokens, cost and unpriced tokens by class. Blocked requests
/// used nothing and are left out; exact money is kept beside it.
/// </summary>
[InlineArray(Count)]
internal struct UsageSums
{
    public const int Count = CostAt + PerTokenClass.Count + PerTokenClass.Count;

    public const int Requests = 0;
    public const int Attempts = 1;
    public const int Failed = 2;

    /// <summary>Answers of the gateway's own cache, which used nothing.</summary>
    public const int Hits = 3;
    public const int CachedUnknown = 4;
    public const int TokensIn = 5;
    public const int TokensCached = 6;
    public const int TokensWrite5m = 7;
    public const int TokensWrite1h = 8;
    public const int TokensOut = 9;
    public const int TokensReasoning = 10;

    /// <summary>The cost of each <see cref="TokenClass"/>.</summary>
    public const int CostAt = 11;

    /// <summary>The tokens of each class that have no price.</summary>
    public const int UnpricedAt = CostAt + PerTokenClass.Count;

    private double _element;

    public static UsageSums Of(in RollupMeasures measures)
    {
        var sums = default(UsageSums);
        var blocked = measures.BlockedPolicy + measures.BlockedBudget;
        sums[Requests] = Math.Max(0, measures.Requests - blocked);
        sums[Attempts] = Math.Max(0, measures.Attempts - blocked);
        sums[Failed] = measures.Errors + measures.Timeouts;
        sums[Hits] = measures.CacheExact + measures.CacheSemantic;
        sums[CachedUnknown] = measures.CachedUnknown;
        sums[TokensIn] = measures.TokensIn;
        sums[TokensCached] = measures.TokensCached;
        sums[TokensWrite5m] = measures.TokensCacheWrite5m;
        sums[TokensWrite1h] = measures.TokensCacheWrite1h;
        sums[TokensOut] = measures.TokensOut;
        sums[TokensReasoning] = measures.TokensReasoning;
        sums[CostAt + (int)TokenClass.Input] = (double)measures.CostInput;
        sums[CostAt + (int)TokenClass.CacheRead] = (double)measures.CostCacheRead;
        sums[CostAt + (int)TokenClass.CacheWrite5m] = (double)measures.CostCacheWrite5m;
        sums[CostAt + (int)TokenClass.CacheWrite1h] = (double)measures.CostCacheWrite1h;
        sums[CostAt + (int)TokenClass.Output] = (double)measures.CostOutput;
        sums[CostAt + (int)TokenClass.Reasoning] = (double)measures.CostReasoning;
        sums[CostAt + (int)TokenClass.Units] = (double)measures.CostUnits;
        for (var i = 0; i < PerTokenClass.Count; i++)
        {
            sums[UnpricedAt + i] = measures.Unpriced[i];
        }

        return sums;
    }

    /// <summary>Tokens of a class; 0 for units.</summary>
    public readonly double Tokens(TokenClass kind) => kind switch
    {
        TokenClass.Input => this[TokensIn] - this[TokensCached] - this[TokensWrite5m] - this[TokensWrite1h],
        TokenClass.CacheRead => this[TokensCached],
        TokenClass.CacheWrite5m => this[TokensWrite5m],
        TokenClass.CacheWrite1h => this[TokensWrite1h],
        TokenClass.Output => this[TokensOut] - this[TokensReasoning],
        TokenClass.Reasoning => this[TokensReasoning],
        _ => 0,
    };

    public readonly double Cost(TokenClass kind) => this[CostAt + (int)kind];

    public readonly double Unpriced(TokenClass kind) => this[UnpricedAt + (int)kind];

    public readonly double TotalCost
    {
        get
        {
            var total = 0.0;
            for (var i = 0; i < PerTokenClass.Count; i++)
            {
                total += this[CostAt + i];
            }

            return total;
        }
    }

    public readonly double TotalUnpriced
    {
        get
        {
            var total = 0.0;
            for (var i = 0; i < (int)TokenClass.Units; i++)
            {
                total += this[UnpricedAt + i];
            }

            return total;
        }
    }

    /// <summary>One number by another; NaN where there is nothing to divide by.</summary>
    public readonly double Ratio(int of, int by) => this[by] > 0 ? this[of] / this[by] : double.NaN;

    public void Add(in UsageSums other, double times = 1)
    {
        for (var i = 0; i < Count; i++)
        {
            this[i] += times * other[i];
        }
    }

    public void Multiply(double factor)
    {
        for (var i = 0; i < Count; i++)
        {
            this[i] *= factor;
        }
    }

    /// <summary>Most numbers of most cells are zero: a mask says which are not, and their bits follow.</summary>
    public readonly void Write(BlockBuffer to)
    {
        var mask = 0u;
        for (var i = 0; i < Count; i++)
        {
            mask |= BitConverter.DoubleToInt64Bits(this[i]) != 0 ? 1u << i : 0;
        }

        to.Unsigned(mask);
        for (var i = 0; i < Count; i++)
        {
            if ((mask >> i & 1) != 0)
            {
                to.Double(this[i]);
            }
        }
    }

    public static UsageSums Read(ref BlockReader from)
    {
        var mask = from.Unsigned();
        if (mask >> Count != 0)
        {
            throw new FormatException("a number of a cause's baseline that this version does not have");
        }

        var sums = default(UsageSums);
        for (var i = 0; i < Count; i++)
        {
            sums[i] = (mask >> i & 1) != 0 ? from.Double() : 0;
        }

        return sums;
    }
}
