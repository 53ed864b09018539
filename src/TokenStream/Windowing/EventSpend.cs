using TokenStream.Events;
using TokenStream.Pricing;

namespace TokenStream.Windowing;

/// <summary>What one event adds to each of its scopes.</summary>
internal static class EventSpend
{
    /// <summary>
    /// Makes of a blocked request what it asked for: its input, uncached, and as much output as it allowed. Priced so, it says what it
    /// would have cost; of what it used nothing is left.
    /// </summary>
    public static void ToDemand(ref UsageEvent usage)
    {
        usage.TokensOut = usage.Has(EventFields.MaxTokens) ? usage.MaxTokens : usage.TokensOut;
        (usage.TokensCached, usage.TokensCacheWrite5m, usage.TokensCacheWrite1h, usage.TokensReasoning, usage.Units) = (0, 0, 0, 0, 0);
    }

    /// <summary>Measures an event. Returns whether all but cost, tokens and requests are zero, as nearly always.</summary>
    /// <param name="bound">What tokens without a price count at.</param>
    public static bool Measure(
        in UsageEvent usage, in PricedUsage priced, UnpricedBound bound, bool isBatch, long timeMs, out SpendMeasures spent)
    {
        spent = default;
        if (usage.IsBlocked)
        {
            MeasureBlocked(usage, priced, bound, timeMs, ref spent);
            return false;
        }

        spent.Requests = usage.IsRequest ? 1 : 0;
        if (!usage.IsAvoided)
        {
            spent.Cost = priced.TotalCost;
            spent.Tokens = usage.TokensIn + usage.TokensOut;
            if (HasUnpriced(priced))
            {
                spent.UnpricedBound = bound.Cost(priced.Unpriced, timeMs, out spent.UnboundTokens);
                AddBatch(isBatch, ref spent);
                return false;
            }
        }

        AddBatch(isBatch, ref spent);
        return !isBatch;
    }

    private static void MeasureBlocked(
        in UsageEvent usage, in PricedUsage priced, UnpricedBound bound, long timeMs, ref SpendMeasures spent)
    {
        if (usage.ResultType == ResultType.BlockedBudget && usage.IsAttempt)
        {
            spent.BlockedCost = priced.TotalCost + bound.Cost(priced.Unpriced, timeMs, out _);
            spent.BlockedTokens = usage.TokensIn + usage.TokensOut;
            spent.BlockedRequests = usage.IsRequest ? 1 : 0;
        }
    }

    private static void AddBatch(bool isBatch, ref SpendMeasures spent)
    {
        if (isBatch)
        {
            (spent.BatchCost, spent.BatchUnpricedBound, spent.BatchTokens, spent.BatchRequests) =
                (spent.Cost, spent.UnpricedBound, spent.Tokens, spent.Requests);
        }
    }

    /// <summary>Whether any token has no price; units beside tokens are no tokens.</summary>
    private static bool HasUnpriced(in PricedUsage priced)
    {
        var any = 0L;
        for (var i = 0; i < PriceRow.ClassRates.Count; i++)
        {
            any |= priced.Unpriced[i];
        }

        return any != 0;
    }
}
