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
    /// where a cost leaves its range.
    /// </summary>
    public static bool TryPrice(
        in UsageEvent usage,
        ref readonly PriceRow row,
        UnitTable units,
        ReadOnlySpan<byte> record,
        ReadOnlySpan<byte> scratch,
        ref PricedUsage result)
    {
        Span<long> tokenUnits = stackalloc long[TokenUnits.PriceableCount];
        tokenUnits.Clear();
        for (var index = 0; index < usage.Units; index++)
        {
            var unit = units.Find(NameOf(usage.UnitNames[index], record, scratch));
            var count = usage.UnitCounts[index];
            if (unit is >= 0 and < TokenUnits.PriceableCount)
            {
                tokenUnits[unit] += count;
            }
            else if (unit < 0 || unit >= TokenUnits.Names.Count)
            {
                if (!TryAdd(count, row.UnitRate(unit), ref result))
                {
                    return false;
                }
            }
        }

        return row.Units is null || TryTakeTokens(tokenUnits, in row, usage.Kind == EventKind.Adjustment, ref result);
    }

    /// <summary>The bytes that a slice stands for.</summary>
    internal static ReadOnlySpan<byte> NameOf(Utf8Slice name, ReadOnlySpan<byte> record, ReadOnlySpan<byte> scratch) =>
        name.Offset < 0 ? scratch.Slice(~name.Offset, name.Length) : record.Slice(name.Offset, name.Length);

    private static bool TryTakeTokens(Span<long> tokenUnits, ref readonly PriceRow row, bool signed, ref PricedUsage result)
    {
        for (var modality = 0; modality < TokenUnits.Modalities; modality++)
        {
            var cached = tokenUnits[TokenUnits.FirstCached + modality];
            var uncached = tokenUnits[TokenUnits.FirstInput + modality] - cached;
            if (!TryTake(cached, TokenUnits.FirstCached + modality, in row, signed, ref result) ||
                !TryTake(uncached, TokenUnits.FirstInput + modality, in row, signed, ref result) ||
                !TryTake(tokenUnits[TokenUnits.FirstOutput + modality], TokenUnits.FirstOutput + modality, in row, signed, ref result))
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
    private static bool TryTake(long count, int unit, ref readonly PriceRow row, bool signed, ref PricedUsage result)
    {
        var rate = row.UnitRate(unit);
        if (count == 0 || !rate.IsKnown)
        {
            return true;
        }

        ref var held = ref result.Tokens[(int)TokenUnits.ClassOf(unit)];
        var taken = signed ? count : Math.Min(Math.Max(count, 0), Math.Max(held, 0));
        held -= taken;
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
