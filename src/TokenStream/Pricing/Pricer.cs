using System.Runtime.CompilerServices;
using TokenStream.Events;

namespace TokenStream.Pricing;

/// <summary>
/// Prices events: splits their inclusive totals into classes that do not overlap, applies the row of the plan that holds at the event's
/// time and size, and rounds once an event and class (unit), half to even. Allocates nothing and keeps nothing.
/// </summary>
public static class Pricer
{
    /// <summary>
    /// No count of an event may lie beyond this (7.2e16), so that adding up an event's counts cannot overflow. At a picodollar a token such
    /// an event would cost 72,000 USD; one that claims more is refused like one whose cost leaves its range.
    /// </summary>
    public const long MaxCount = 1L << 56;

    /// <summary>
    /// Prices one event; false where a count or a cost leaves its range, and then <paramref name="result"/> means nothing and the event is
    /// to be refused as <c>cost_out_of_range</c>. Hits of the gateway's own cache are priced like any other: what they would have cost.
    /// </summary>
    /// <param name="timeMs">The time the event is booked at, milliseconds since the Unix epoch.</param>
    /// <param name="record">The bytes that the event's slices point into.</param>
    /// <param name="scratch">The decoder's scratch buffer, for slices with a complemented offset.</param>
    public static bool TryPrice(
        in UsageEvent usage,
        long timeMs,
        PricePlan plan,
        ReadOnlySpan<byte> record,
        ReadOnlySpan<byte> scratch,
        ref PricedUsage result) =>
        TryPrice(in usage, timeMs, plan, record, scratch, ref result, charges: null);

    /// <summary>The same, noting what each unit was charged where a price is explained.</summary>
    internal static bool TryPrice(
        in UsageEvent usage,
        long timeMs,
        PricePlan plan,
        ReadOnlySpan<byte> record,
        ReadOnlySpan<byte> scratch,
        ref PricedUsage result,
        List<UnitCharge>? charges)
    {
        if (!HasCountsInRange(in usage))
        {
            return false;
        }

        ref readonly var row = ref plan.At(timeMs, Math.Abs(usage.TokensIn));
        result = default;
        result.Cell = row.Cell;
        if (!TryApply(in usage, in row, plan.Units, record, scratch, ref result, charges))
        {
            return false;
        }

        if (row.ListRow < 0)
        {
            result.ListCost = result.TotalCost;
            return true;
        }

        return TryPriceList(in usage, in row, plan, record, scratch, ref result);
    }

    private static bool HasCountsInRange(in UsageEvent usage)
    {
        // x + Max lies in [0, 2 Max] exactly for the counts in range, and unsigned for nothing else; the casts are meant to wrap.
        unchecked
        {
            const ulong Span = (ulong)MaxCount << 1;
            var inRange =
                (ulong)(usage.TokensIn + MaxCount) <= Span &
                (ulong)(usage.TokensOut + MaxCount) <= Span &
                (ulong)(usage.TokensCached + MaxCount) <= Span &
                (ulong)(usage.TokensCacheWrite5m + MaxCount) <= Span &
                (ulong)(usage.TokensCacheWrite1h + MaxCount) <= Span &
                (ulong)(usage.TokensReasoning + MaxCount) <= Span;
            for (var unit = 0; unit < usage.Units; unit++)
            {
                inRange &= (ulong)(usage.UnitCounts[unit] + MaxCount) <= Span;
            }

            return inRange;
        }
    }

    /// <summary>
    /// The list cost of an event that a contract priced. A class without a list price counts at what the contract charges: the list cost is
    /// then that of the classes on the list, and never below what is known.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool TryPriceList(
        in UsageEvent usage,
        ref readonly PriceRow row,
        PricePlan plan,
        ReadOnlySpan<byte> record,
        ReadOnlySpan<byte> scratch,
        ref PricedUsage result)
    {
        PricedUsage list = default;
        if (!TryApply(in usage, in plan.ListOf(in row), plan.Units, record, scratch, ref list, charges: null))
        {
            return false;
        }

        result.ListCost = list.TotalCost;
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool TryApply(
        in UsageEvent usage,
        ref readonly PriceRow row,
        UnitTable units,
        ReadOnlySpan<byte> record,
        ReadOnlySpan<byte> scratch,
        ref PricedUsage result,
        List<UnitCharge>? charges)
    {
        Split(in usage, ref result.Tokens);
        if ((usage.Units > 0 || row.RequestFee.IsKnown) &&
            !UnitPricer.TryPrice(in usage, in row, units, record, scratch, ref result, charges))
        {
            return false;
        }

        // The units' cost is in already; adding a class at a time keeps the check of the sum exact.
        var total = result.Cost[(int)TokenClass.Units];
        for (var tokenClass = 0; tokenClass < PriceRow.ClassRates.Count; tokenClass++)
        {
            var tokens = result.Tokens[tokenClass];
            if (tokens == 0)
            {
                continue;
            }

            ref readonly var rate = ref row.Rates[tokenClass];
            if (!rate.IsKnown)
            {
                result.Unpriced[tokenClass] = tokens;
                continue;
            }

            if (!rate.TryCost(tokens, out var cost))
            {
                return false;
            }

            var sum = unchecked(total + cost);
            if (((total ^ sum) & (cost ^ sum)) < 0)
            {
                return false;
            }

            result.Cost[tokenClass] = cost;
            total = sum;
        }

        result.TotalCost = total;
        return true;
    }

    /// <summary>
    /// Takes the subsets out of the inclusive totals. Where a request's subsets together exceed its total (each alone does not: the decoder
    /// sees to that) the remainder is nothing, never negative; an adjustment's deltas are signed and are taken as they are.
    /// </summary>
    private static void Split(in UsageEvent usage, ref PerTokenClass tokens)
    {
        var input = usage.TokensIn - usage.TokensCached - usage.TokensCacheWrite5m - usage.TokensCacheWrite1h;
        var output = usage.TokensOut - usage.TokensReasoning;
        if ((input | output) < 0 && usage.Kind != EventKind.Adjustment)
        {
            input = Math.Max(input, 0);
            output = Math.Max(output, 0);
        }

        tokens[(int)TokenClass.Input] = input;
        tokens[(int)TokenClass.CacheRead] = usage.TokensCached;
        tokens[(int)TokenClass.CacheWrite5m] = usage.TokensCacheWrite5m;
        tokens[(int)TokenClass.CacheWrite1h] = usage.TokensCacheWrite1h;
        tokens[(int)TokenClass.Output] = output;
        tokens[(int)TokenClass.Reasoning] = usage.TokensReasoning;
    }
}
