using TokenStream.Budgets;
using TokenStream.Pricing;
using TokenStream.Scopes;

namespace TokenStream.Service.Node;

/// <summary>What one version of the budgets says.</summary>
internal sealed record PublishedBudgets(BudgetSet Set, TenantDirectory Directory, RateSet UnpricedBound)
{
    public static PublishedBudgets None { get; } = new(BudgetSet.Empty, TenantDirectory.Empty, RateSet.None);

    /// <summary>
    /// From when on each scope's spend is summed, by the pattern's text: when the first of the versions that name it without a gap was
    /// published.
    /// </summary>
    public IReadOnlyDictionary<string, long> SinceMs { get; init; } = new Dictionary<string, long>();

    /// <summary>As a budget file says it.</summary>
    public BudgetDocument Document => new(Set.Budgets, UnpricedBound);
}
