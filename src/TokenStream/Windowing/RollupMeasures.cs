using TokenStream.Pricing;

namespace TokenStream.Windowing;

/// <summary>The sums of one key in one window. Token and event counts are exact 64-bit integers, money is picodollars.</summary>
public struct RollupMeasures
{
    /// <summary>Events added, whatever their kind.</summary>
    public long Events;

    /// <summary>Events that are neither partial nor adjustments, of attempt 1 or none.</summary>
    public long Requests;

    /// <summary>Events that are neither partial nor adjustments.</summary>
    public long Attempts;

    public long Adjustments;

    // Attempts by result.
    public long Ok;
    public long Errors;
    public long Timeouts;
    public long Cancelled;
    public long BlockedPolicy;
    public long BlockedBudget;

    // Attempts by the gateway's cache status; the rest said nothing.
    public long CacheNone;
    public long CacheExact;
    public long CachePrefix;
    public long CacheSemantic;

    /// <summary>Inclusive input tokens, without those avoided.</summary>
    public long TokensIn;

    /// <summary>Inclusive output tokens, without those avoided.</summary>
    public long TokensOut;

    public long TokensCached;
    public long TokensCacheWrite5m;
    public long TokensCacheWrite1h;
    public long TokensReasoning;

    /// <summary>Attempts whose cached tokens are unknown (the field was absent), so that a cache share over them is not a figure.</summary>
    public long CachedUnknown;

    /// <summary>Cost of each <see cref="TokenClass"/>, picodollars.</summary>
    public Int128 CostInput;
    public Int128 CostCacheRead;
    public Int128 CostCacheWrite5m;
    public Int128 CostCacheWrite1h;
    public Int128 CostOutput;
    public Int128 CostReasoning;
    public Int128 CostUnits;

    /// <summary>Cost at list prices, picodollars.</summary>
    public Int128 ListCost;

    /// <summary>Tokens (units) of each class without a price.</summary>
    public PerTokenClass Unpriced;

    /// <summary>Tokens that hits of the gateway's cache avoided, input and output.</summary>
    public long AvoidedTokens;

    /// <summary>What the avoided tokens would have cost, picodollars.</summary>
    public Int128 Saved;

    public long PiiRequests;
    public long Accepted;
    public long Rated;

    /// <summary>Events booked at their broker timestamp because they claimed to come from the future.</summary>
    public long TimeAdjusted;

    /// <summary>Events whose counts are estimates.</summary>
    public long Estimated;

    public readonly Int128 Cost =>
        CostInput + CostCacheRead + CostCacheWrite5m + CostCacheWrite1h + CostOutput + CostReasoning + CostUnits;
}
