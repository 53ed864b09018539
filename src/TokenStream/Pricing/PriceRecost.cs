namespace TokenStream.Pricing;

/// <summary>The sums of one price cell, as rollups hold them: of one model of one tenant, over windows of one time.</summary>
/// <param name="Tenant">The tenant of the key, or <c>~other</c>.</param>
/// <param name="Provider">The provider of the key.</param>
/// <param name="Model">The model of the key.</param>
/// <param name="Cell">The cell's id; empty for what was unpriced.</param>
/// <param name="TimeMs">A time within the windows; prices that begin or end within them need one such sum on each side.</param>
/// <param name="Tokens">Sums of each class; units are not looked at.</param>
/// <param name="UnitsCost">The cost of units, picodollars: it is kept, since rollups hold no sums by unit.</param>
public sealed record CellSums(
    string Tenant, string Provider, string Model, string Cell, long TimeMs, PerTokenClass Tokens, Int128 UnitsCost);

/// <summary>Why costing a sum again may differ from costing its events again.</summary>
[Flags]
public enum RecostLimits
{
    /// <summary>It does not: the result is what the events would cost, to the picodollar.</summary>
    None = 0,

    /// <summary>
    /// A rate is no whole number of picodollars: events round one by one, by at most half a picodollar an event and class.
    /// </summary>
    Rounding = 1,

    /// <summary>
    /// The books divide requests by size, hours, region or tier in different ways, and the sum does not say who was on which side.
    /// </summary>
    Boundaries = 2,

    /// <summary>There is a cost of units, which is kept as it was.</summary>
    UnitsKept = 4,

    /// <summary>The books price different kinds of tokens apart, which the sum of a class does not tell apart.</summary>
    UnitPrices = 8,
}

/// <summary>What a sum costs under another book.</summary>
/// <param name="Cost">Picodollars.</param>
/// <param name="Unpriced">Tokens of each class that the book has no price for.</param>
public sealed record RecostedSums(Int128 Cost, PerTokenClass Unpriced, RecostLimits Limits);

/// <summary>
/// Costs history again under a changed book, from the sums of its price cells. Where the limits are <see cref="RecostLimits.None"/> this
/// gives exactly what costing every event again would: the cost of a class is then a whole rate times a count, and counts add up.
/// </summary>
public static class PriceRecost
{
    private const string Folded = "~other";

    public static RecostedSums Cost(PriceBook before, PriceBook after, CellSums sums)
    {
        var cell = PriceCell.TryParse(sums.Cell, out var parsed) ? parsed : null;
        var (oldPlan, newPlan) = (PlanOf(before, sums, cell), PlanOf(after, sums, cell));
        var context = cell?.ContextTokens ?? 0;
        ref readonly var oldRow = ref oldPlan.At(sums.TimeMs, context);
        ref readonly var newRow = ref newPlan.At(sums.TimeMs, context);
        var limits = sums.UnitsCost == 0 ? RecostLimits.None : RecostLimits.UnitsKept;
        if (!Divisions(oldPlan, sums.TimeMs).SequenceEqual(Divisions(newPlan, sums.TimeMs)) || DividesOtherwise(before, after, sums, cell))
        {
            limits |= RecostLimits.Boundaries;
        }

        if (!TokenUnitsOf(oldRow, oldPlan.Units).SequenceEqual(TokenUnitsOf(newRow, newPlan.Units)))
        {
            limits |= RecostLimits.UnitPrices;
        }

        var cost = sums.UnitsCost;
        var unpriced = default(PerTokenClass);
        for (var tokenClass = 0; tokenClass < PriceRow.ClassRates.Count; tokenClass++)
        {
            var tokens = sums.Tokens[tokenClass];
            var rate = newRow.Rates[tokenClass];
            if (!rate.IsKnown)
            {
                unpriced[tokenClass] = tokens;
                continue;
            }

            cost += rate.CostOfSum(tokens);
            limits |= rate.IsWhole || tokens == 0 ? RecostLimits.None : RecostLimits.Rounding;
        }

        return new RecostedSums(cost, unpriced, limits);
    }

    /// <summary>
    /// The plan of the requests that a sum is of: by the key's names, and region and tier from the cell. A folded tenant or model is taken
    /// from the cell, which knows whose row it was.
    /// </summary>
    private static PricePlan PlanOf(PriceBook book, CellSums sums, PriceCell? cell)
    {
        var tenant = sums.Tenant == Folded ? cell?.ContractTenant ?? string.Empty : sums.Tenant;
        var folded = sums.Model == Folded || sums.Provider == Folded;
        var provider = folded ? cell?.Provider ?? string.Empty : sums.Provider;
        var model = folded ? cell?.Model ?? string.Empty : sums.Model;
        return book.Plan(tenant, provider, model, cell?.Region ?? string.Empty, cell?.ServiceTier ?? string.Empty);
    }

    /// <summary>Bounds of the bands and hours that divide requests at a time.</summary>
    private static IEnumerable<(long AboveTokens, DailyHours Hours)> Divisions(PricePlan plan, long timeMs)
    {
        List<(long AboveTokens, DailyHours Hours)> divisions = [];
        foreach (var step in plan.Steps)
        {
            if (timeMs >= step.SinceMs && timeMs < step.UntilMs)
            {
                divisions.Add((step.AboveTokens, step.Hours));
            }
        }

        return divisions.OrderBy(division => division.AboveTokens).ThenBy(division => division.Hours.StartMinute);
    }

    /// <summary>
    /// Whether a book tells regions or tiers of the model apart that the other does not: a cell without region says only that the old book
    /// had no price of its own for the region.
    /// </summary>
    private static bool DividesOtherwise(PriceBook before, PriceBook after, CellSums sums, PriceCell? cell)
    {
        var folded = sums.Model == Folded || sums.Provider == Folded;
        var provider = folded ? cell?.Provider ?? string.Empty : sums.Provider;
        var model = folded ? cell?.Model ?? string.Empty : sums.Model;
        return !before.Variants(sums.Tenant, provider, model, sums.TimeMs)
            .SequenceEqual(after.Variants(sums.Tenant, provider, model, sums.TimeMs));
    }

    private static List<string> TokenUnitsOf(PriceRow row, UnitTable units) =>
        [.. units.Names.Take(TokenUnits.PriceableCount).Where((_, unit) => row.UnitRate(unit).IsKnown)];
}
