using TokenStream.Service.Governing;

namespace TokenStream.Service.Node;

/// <summary>
/// Keeps the rules of aggregation in step with the budgets: which scopes spend is summed for, whose tenant belongs to which organisation,
/// and the bounds of unpriced usage. Every node does it and so does whoever applies budgets; of several the first counts.
/// </summary>
internal static class BudgetRules
{
    /// <summary>Publishes rules for the budgets in force where the latest ones are for others; whether it had to.</summary>
    /// <remarks>A log without rules has no node that aggregates; its first one will ask for this again.</remarks>
    public static async Task<bool> ReconcileAsync(RulesTopic rules, PublishedBudgets budgets, DateTimeOffset at)
    {
        rules.Refresh();
        if (rules.Latest is not { } latest)
        {
            return false;
        }

        var wanted = latest.With(budgets.Set, budgets.Directory, budgets.UnpricedBound) with
        {
            By = Actor.UserAndMachine,
            At = at,
        };
        if (latest.SameContent(wanted))
        {
            return false;
        }

        await rules.PublishAsync(wanted);
        return true;
    }
}
