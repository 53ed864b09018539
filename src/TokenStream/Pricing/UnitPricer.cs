using System.Text;
using TokenStream.Events;

namespace TokenStream.Pricing;

/// <summary>
/// Prices what an event counts in <c>units</c>. Tokens of a modality that the row has an own price for leave their class; cached ones of a
/// modality lie within both the cached tokens and the modality's, so each token still pays once.
/// </summary>
internal static class UnitPricer
{
    /// <summary>
    /// Adds the units to the result's <see cref="TokenClass.Units"/> and takes token units with an own price out of their classes. False
    /// where a cost leaves its range. <paramref name="charges"/> is null but where a price is explained.
    /// </summary>
    public static bool TryPrice(
        in UsageEvent usage,
        ref readonly PriceRow row,
        UnitTable units,
        ReadOnlySpan<byte> record,
        ReadOnlySpan<byte> scratch,
        ref PricedUsage result,
        List<UnitCharge>? charges)
    {
        Span<long> tokenUnits = stackalloc long[TokenUnits.PriceableCount];
        tokenUnits.Clear();
        var chargesRequest = row.RequestFee.IsKnown && IsWholeRequest(in usage);
        for (var index = 0; index < usage.Units; index++)
        {
            var name = NameOf(usage.UnitNames[index], record, scratch);
            var unit = units.Find(name);
            chargesRequest &= !name.SequenceEqual("requests"u8);
            var count = usage.UnitCounts[index];
            if (unit is >= 0 and < TokenUnits.PriceableCount)
            {
                tokenUnits[unit] += count;
            }
            else if (unit < 0 || unit >= TokenUnits.Names.Count)
            {
                charges?.Add(new UnitCharge(Encoding.UTF8.GetString(name), count, row.UnitRate(unit)));
                if (!TryAdd(count, row.UnitRate(unit), ref result))
                {
                    return false;
                }
            }
        }

        if (chargesRequest)
        {
            charges?.Add(new UnitCharge(TokenUnits.Request, 1, row.RequestFee));
            if (!TryAdd(1, row.RequestFee, ref result))
            {
                return false;
            }
        }

        return row.Units is null || TryTakeTokens(tokenUnits, in row, usage.Kind == EventKind.Adjustment, ref result, charges);
    }

    /// <summary>The bytes that a slice stands for.</summary>
    internal static ReadOnlySpan<byte> NameOf(Utf8Slice name, ReadOnlySpan<byte> record, ReadOnlySpan<byte> scratch) =>
        name.Offset < 0 ? scratch.Slice(~name.Offset, name.Length) : record.Slice(name.Offset, name.Length);

    /// <summary>
    /// Whether an event stands for one billable request: adjustments and partial events do not, nor do requests that failed.
    /// </summary>
    private static bool IsWholeRequest(in UsageEvent usage) =>
        usage.Kind == EventKind.Request && usage.Completeness != Completeness.Partial && usage.ResultType == ResultType.Ok;

    private static bool TryTakeTokens(
        Span<long> tokenUnits,
        ref readonly PriceRow row,
        bool signed,
        ref PricedUsage result,
        List<UnitCharge>? charges)
    {
        for (var modality = 0; modality < TokenUnits.Modalities; modality++)
        {
            var cached = tokenUnits[TokenUnits.FirstCached + modality];
            var uncached = tokenUnits[TokenUnits.FirstInput + modality] - cached;
            if (!TryTake(cached, TokenUnits.FirstCached + modality, in row, signed, ref result, charges) ||
                !TryTake(uncached, TokenUnits.FirstInput + modality, in row, signed, ref result, charges) ||
                !TryTake(
                    tokenUnits[TokenUnits.FirstOutput + modality], TokenUnits.FirstOutput + modality, in row, signed, ref result, charges))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>
    /// Moves tokens of one unit from their class to the units. A request cannot give more than its class holds, so that no token is paid
    /// twice: audio tokens beyond the uncached input, say, are cached ones whose kind the gateway did not name.
    /// </summary>
    private static bool TryTake(
        long count,
        int unit,
        ref readonly PriceRow row,
        bool signed,
        ref PricedUsage result,
        List<UnitCharge>? charges)
    {
        var rate = row.UnitRate(unit);
        if (count == 0 || !rate.IsKnown)
        {
            return true;
        }

        ref var held = ref result.Tokens[(int)TokenUnits.ClassOf(unit)];
        var taken = signed ? count : Math.Min(Math.Max(count, 0), Math.Max(held, 0));
        held -= taken;
        charges?.Add(new UnitCharge(TokenUnits.Names[unit], taken, rate));
        return TryAdd(taken, rate, ref result);
    }

    private static bool TryAdd(long count, Rate rate, ref PricedUsage result)
    {
        result.Tokens[(int)TokenClass.Units] += count;
        if (!rate.IsKnown)
        {
            result.Unpriced[(int)TokenClass.Units] += count;
            return true;
        }

        ref var total = ref result.Cost[(int)TokenClass.Units];
        if (!rate.TryCost(count, out var cost))
        {
            return false;
        }

        var sum = unchecked(total + cost);
        if (((total ^ sum) & (cost ^ sum)) < 0)
        {
            return false;
        }

        total = sum;
        return true;
    }
}

/// <summary>What one unit of an event was charged: how many, each at which rate; unknown where it is unpriced.</summary>
internal sealed record UnitCharge(string Unit, long Count, Rate Rate);
