using TokenStream.Budgets;
using TokenStream.Pricing;
using TokenStream.Scopes;

namespace TokenStream.Service.Node;

/// <summary>What one version of the budgets says.</summary>
internal sealed record PublishedBudgets(BudgetSet Set, TenantDirectory Directory, RateSet UnpricedBound)
{
    public static PublishedBudgets None { get; } = new(BudgetSet.Empty, TenantDirectory.Empty, RateSet.None);

    /// <summary>As a budget file says it.</summary>
    public BudgetDocument Document => new(Set.Budgets, UnpricedBound);
}
