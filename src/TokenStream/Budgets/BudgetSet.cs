using TokenStream.Scopes;

namespace TokenStream.Budgets;

/// <summary>All budgets of one version.</summary>
/// <param name="Version">1, 2, .. as published; 0 where none was.</param>
public sealed record BudgetSet(long Version, IReadOnlyList<Budget> Budgets)
{
    public static BudgetSet Empty { get; } = new(0, []);

    /// <summary>The scopes that spend must be summed for, each once, in an order that depends on nothing else.</summary>
    public IReadOnlyList<ScopePattern> Patterns { get; } =
        [.. Budgets.Select(budget => budget.Scope).Distinct().OrderBy(pattern => pattern.Text, StringComparer.Ordinal)];
}
