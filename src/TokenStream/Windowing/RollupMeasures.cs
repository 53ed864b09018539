using TokenStream.Events;
using TokenStream.Pricing;

namespace TokenStream.Windowing;

/// <summary>The sums of one key in one window. Token and event counts are exact 64-bit integers, money is picodollars.</summary>
public struct RollupMeasures
{
    /// <summary>Number of fields, in the order of the format.</summary>
    internal const int FieldCount = 36 + PerTokenClass.Count;

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

    /// <summary>Inclusive input tokens, without those avoided. Blocked requests used nothing, here and below.</summary>
    public long TokensIn;

    /// <summary>Inclusive output tokens, without those avoided.</summary>
    public long TokensOut;

    public long TokensCached;
    public long TokensCacheWrite5m;
    public long TokensCacheWrite1h;
    public long TokensReasoning;

    /// <summary>
    /// Attempts, blocked ones left out, whose cached tokens are unknown (the field was absent), so that a cache share over them is not a
    /// figure.
    /// </summary>
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

    /// <summary>Adds one event, of whatever kind.</summary>
    /// <param name="adjusted">The event was booked at its broker timestamp.</param>
    public void Add(in UsageEvent usage, in PricedUsage priced, bool adjusted)
    {
        Events++;
        TimeAdjusted += adjusted ? 1 : 0;
        Estimated += usage.Completeness == Completeness.Estimated ? 1 : 0;
        Adjustments += usage.Kind == EventKind.Adjustment ? 1 : 0;
        if (usage.IsAttempt)
        {
            AddAttempt(usage);
        }

        if (usage.IsBlocked)
        {
            return;
        }

        if (usage.IsAvoided)
        {
            AvoidedTokens += usage.TokensIn + usage.TokensOut;
            Saved += priced.TotalCost;
            return;
        }

        AddUsage(usage, priced);
    }

    /// <summary>Adds the sums of others.</summary>
    /// <exception cref="OverflowException">A sum leaves its range; some were added by then.</exception>
    public void Add(in RollupMeasures other)
    {
        Events += other.Events;
        Requests += other.Requests;
        Attempts += other.Attempts;
        Adjustments += other.Adjustments;
        Ok += other.Ok;
        Errors += other.Errors;
        Timeouts += other.Timeouts;
        Cancelled += other.Cancelled;
        BlockedPolicy += other.BlockedPolicy;
        BlockedBudget += other.BlockedBudget;
        CacheNone += other.CacheNone;
        CacheExact += other.CacheExact;
        CachePrefix += other.CachePrefix;
        CacheSemantic += other.CacheSemantic;
        TokensIn += other.TokensIn;
        TokensOut += other.TokensOut;
        TokensCached += other.TokensCached;
        TokensCacheWrite5m += other.TokensCacheWrite5m;
        TokensCacheWrite1h += other.TokensCacheWrite1h;
        TokensReasoning += other.TokensReasoning;
        CachedUnknown += other.CachedUnknown;
        CostInput += other.CostInput;
        CostCacheRead += other.CostCacheRead;
        CostCacheWrite5m += other.CostCacheWrite5m;
        CostCacheWrite1h += other.CostCacheWrite1h;
        CostOutput += other.CostOutput;
        CostReasoning += other.CostReasoning;
        CostUnits += other.CostUnits;
        ListCost += other.ListCost;
        AvoidedTokens += other.AvoidedTokens;
        Saved += other.Saved;
        PiiRequests += other.PiiRequests;
        Accepted += other.Accepted;
        Rated += other.Rated;
        TimeAdjusted += other.TimeAdjusted;
        Estimated += other.Estimated;
        for (var i = 0; i < PerTokenClass.Count; i++)
        {
            Unpriced[i] += other.Unpriced[i];
        }
    }

    private void AddAttempt(in UsageEvent usage)
    {
        Attempts++;
        Requests += usage.IsRequest ? 1 : 0;
        CachedUnknown += usage.Has(EventFields.TokensCached) || usage.IsBlocked ? 0 : 1;
        PiiRequests += usage.Has(EventFields.Pii) && usage.Pii ? 1 : 0;
        Rated += usage.Has(EventFields.Accepted) ? 1 : 0;
        Accepted += usage.Has(EventFields.Accepted) && usage.Accepted ? 1 : 0;
        switch (usage.ResultType)
        {
            case ResultType.Ok: Ok++; break;
            case ResultType.Error: Errors++; break;
            case ResultType.Timeout: Timeouts++; break;
            case ResultType.Cancelled: Cancelled++; break;
            case ResultType.BlockedPolicy: BlockedPolicy++; break;
            case ResultType.BlockedBudget: BlockedBudget++; break;
        }

        if (usage.Has(EventFields.CacheStatus))
        {
            switch (usage.CacheStatus)
            {
                case CacheStatus.None: CacheNone++; break;
                case CacheStatus.Exact: CacheExact++; break;
                case CacheStatus.Prefix: CachePrefix++; break;
                case CacheStatus.Semantic: CacheSemantic++; break;
            }
        }
    }

    private void AddUsage(in UsageEvent usage, in PricedUsage priced)
    {
        TokensIn += usage.TokensIn;
        TokensOut += usage.TokensOut;
        TokensCached += usage.TokensCached;
        TokensCacheWrite5m += usage.TokensCacheWrite5m;
        TokensCacheWrite1h += usage.TokensCacheWrite1h;
        TokensReasoning += usage.TokensReasoning;
        CostInput += priced.Cost[(int)TokenClass.Input];
        CostCacheRead += priced.Cost[(int)TokenClass.CacheRead];
        CostCacheWrite5m += priced.Cost[(int)TokenClass.CacheWrite5m];
        CostCacheWrite1h += priced.Cost[(int)TokenClass.CacheWrite1h];
        CostOutput += priced.Cost[(int)TokenClass.Output];
        CostReasoning += priced.Cost[(int)TokenClass.Reasoning];
        CostUnits += priced.Cost[(int)TokenClass.Units];
        ListCost += priced.ListCost;
        for (var i = 0; i < PerTokenClass.Count; i++)
        {
            Unpriced[i] += priced.Unpriced[i];
        }
    }

    /// <summary>The measures as a list in the order of the format, each field once.</summary>
    internal readonly void CopyTo(Span<Int128> fields)
    {
        ReadOnlySpan<Int128> first =
        [
            Events, Requests, Attempts, Adjustments, Ok, Errors, Timeouts, Cancelled, BlockedPolicy, BlockedBudget, CacheNone, CacheExact,
            CachePrefix, CacheSemantic, TokensIn, TokensOut, TokensCached, TokensCacheWrite5m, TokensCacheWrite1h, TokensReasoning,
            CachedUnknown, CostInput, CostCacheRead, CostCacheWrite5m, CostCacheWrite1h, CostOutput, CostReasoning, CostUnits, ListCost,
            AvoidedTokens, Saved, PiiRequests, Accepted, Rated, TimeAdjusted, Estimated,
        ];
        first.CopyTo(fields);
        for (var i = 0; i < PerTokenClass.Count; i++)
        {
            fields[first.Length + i] = Unpriced[i];
        }
    }

    /// <summary>Reads what <see cref="CopyTo"/> wrote.</summary>
    /// <exception cref="OverflowException">A count does not fit 64 bits.</exception>
    internal static RollupMeasures From(ReadOnlySpan<Int128> fields)
    {
        var next = 0;
        Int128 Money(ReadOnlySpan<Int128> all) => all[next++];
        long Number(ReadOnlySpan<Int128> all) => checked((long)all[next++]);

        var measures = new RollupMeasures
        {
            Events = Number(fields), Requests = Number(fields), Attempts = Number(fields), Adjustments = Number(fields),
            Ok = Number(fields), Errors = Number(fields), Timeouts = Number(fields), Cancelled = Number(fields),
            BlockedPolicy = Number(fields), BlockedBudget = Number(fields),
            CacheNone = Number(fields), CacheExact = Number(fields), CachePrefix = Number(fields), CacheSemantic = Number(fields),
            TokensIn = Number(fields), TokensOut = Number(fields), TokensCached = Number(fields), TokensCacheWrite5m = Number(fields),
            TokensCacheWrite1h = Number(fields), TokensReasoning = Number(fields), CachedUnknown = Number(fields),
            CostInput = Money(fields), CostCacheRead = Money(fields), CostCacheWrite5m = Money(fields), CostCacheWrite1h = Money(fields),
            CostOutput = Money(fields), CostReasoning = Money(fields), CostUnits = Money(fields), ListCost = Money(fields),
            AvoidedTokens = Number(fields), Saved = Money(fields), PiiRequests = Number(fields), Accepted = Number(fields),
            Rated = Number(fields),
            TimeAdjusted = Number(fields), Estimated = Number(fields),
        };
        for (var i = 0; i < PerTokenClass.Count; i++)
        {
            measures.Unpriced[i] = Number(fields);
        }

        return measures;
    }
}
