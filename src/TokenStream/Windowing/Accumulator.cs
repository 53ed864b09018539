using TokenStream.Events;
using TokenStream.Pricing;

namespace TokenStream.Windowing;

/// <summary>
/// The running sums of one key in an open window: what almost every event touches, in fixed width. Whatever is rare (other results, cache
/// writes of an hour, unpriced tokens, sums beyond 64 bits) lies in a <see cref="RollupMeasures"/> that is taken when first needed.
/// </summary>
internal struct Accumulator
{
    public long TokensIn;
    public long TokensOut;
    public long TokensCached;
    public long TokensReasoning;
    public long CostInput;
    public long CostCacheRead;
    public long CostOutput;
    public long CostReasoning;

    public uint Events;
    public uint Requests;
    public uint Ok;
    public uint CachedUnknown;

    public int KeyId;

    /// <summary>Index of the rare measures plus one; 0 where there are none.</summary>
    public int Rare;

    public int LatencyMs;
    public int TtftMs;
    public int InputTokens;
    public int OutputTokens;
    public int Users;
    public int Sessions;
    public int PromptHashes;

    /// <summary>Changed since the provisional sums were published last.</summary>
    public bool IsDirty;

    /// <summary>Whether an event adds nothing but what the common part holds.</summary>
    public static bool IsCommon(in UsageEvent usage, in PricedUsage priced, bool adjusted) =>
        usage.Kind == EventKind.Request && usage.Completeness == Completeness.Final && usage.ResultType == ResultType.Ok && !adjusted &&
        (usage.Present & (EventFields.CacheStatus | EventFields.Pii | EventFields.Accepted)) == 0 &&
        (!usage.Has(EventFields.Attempt) || usage.Attempt == 1) &&
        priced.ListCost == priced.TotalCost && priced.Cell != PricedUsage.NoCell && !HasRareClass(priced);

    /// <summary>Adds an event of the common kind. Returns false, with nothing added, where a sum would leave its width.</summary>
    public bool TryAddCommon(in UsageEvent usage, in PricedUsage priced)
    {
        unchecked
        {
            // Sums of sums: one test of the sign bits tells whether any of the eight went over.
            var tokensIn = TokensIn + usage.TokensIn;
            var tokensOut = TokensOut + usage.TokensOut;
            var cached = TokensCached + usage.TokensCached;
            var reasoning = TokensReasoning + usage.TokensReasoning;
            var costInput = CostInput + priced.Cost[(int)TokenClass.Input];
            var costCacheRead = CostCacheRead + priced.Cost[(int)TokenClass.CacheRead];
            var costOutput = CostOutput + priced.Cost[(int)TokenClass.Output];
            var costReasoning = CostReasoning + priced.Cost[(int)TokenClass.Reasoning];
            if ((tokensIn | tokensOut | cached | reasoning | costInput | costCacheRead | costOutput | costReasoning) < 0 ||
                Events == uint.MaxValue)
            {
                return false;
            }

            TokensIn = tokensIn;
            TokensOut = tokensOut;
            TokensCached = cached;
            TokensReasoning = reasoning;
            CostInput = costInput;
            CostCacheRead = costCacheRead;
            CostOutput = costOutput;
            CostReasoning = costReasoning;
            Events++;
            Requests++;
            Ok++;
            CachedUnknown += usage.Has(EventFields.TokensCached) ? 0u : 1u;
        }

        return true;
    }

    /// <summary>Adds the common part to measures.</summary>
    public readonly void AddTo(ref RollupMeasures measures)
    {
        measures.Events += Events;
        measures.Requests += Requests;
        measures.Attempts += Ok;
        measures.Ok += Ok;
        measures.CachedUnknown += CachedUnknown;
        measures.TokensIn += TokensIn;
        measures.TokensOut += TokensOut;
        measures.TokensCached += TokensCached;
        measures.TokensReasoning += TokensReasoning;
        measures.CostInput += CostInput;
        measures.CostCacheRead += CostCacheRead;
        measures.CostOutput += CostOutput;
        measures.CostReasoning += CostReasoning;
        measures.ListCost += (Int128)CostInput + CostCacheRead + CostOutput + CostReasoning;
    }

    private static bool HasRareClass(in PricedUsage priced)
    {
        var any = priced.Tokens[(int)TokenClass.CacheWrite5m] | priced.Tokens[(int)TokenClass.CacheWrite1h] |
            priced.Tokens[(int)TokenClass.Units] | priced.Cost[(int)TokenClass.Units];
        for (var i = 0; i < PerTokenClass.Count; i++)
        {
            any |= priced.Unpriced[i];
        }

        return any != 0;
    }
}
