using TokenStream.Budgets;
using TokenStream.Governing.Evaluation;
using TokenStream.Scopes;

namespace TokenStream.Governing.Alerts;

/// <summary>Makes transitions: fingerprint, owner, route and sentence.</summary>
internal sealed class TransitionMaker(TenantDirectory directory, long budgetSetVersion)
{
    /// <param name="budget">The budget it is of.</param>
    /// <param name="scope">The scope it is of.</param>
    /// <param name="kind">What it tells.</param>
    /// <param name="nowMs">When.</param>
    /// <param name="evidence">What it was decided on.</param>
    /// <param name="what">Completes "Budget NAME of SCOPE ..".</param>
    public BudgetTransition Make(Budget budget, Scope scope, in LastingKind kind, long nowMs, BudgetEvaluation? evidence, string what)
    {
        var tenant = scope[ScopeDimension.Tenant];
        var entry = tenant.Kind == ScopeTermKind.Exact ? directory.At(tenant.Text, nowMs) : null;
        return new BudgetTransition
        {
            Fingerprint = BudgetAlerts.Fingerprint(budget.Name, scope.Text, kind.Name),
            Kind = kind.Kind,
            Name = kind.Name,
            Severity = kind.Severity,
            AtMs = nowMs,
            StartedMs = nowMs,
            Budget = budget.Name,
            Scope = scope.Text,
            BudgetSetVersion = budgetSetVersion,
            Owner = budget.Owner ?? entry?.Owner,
            Route = budget.Route ?? entry?.Route,
            Summary = $"Budget {budget.Name} of {scope.Text} {what}.",
            Evidence = evidence,
        };
    }

    /// <summary>A budget with "each" has come near the most scopes that it governs.</summary>
    public BudgetTransition MakeEachLimit(Budget budget, int count, long nowMs) => new()
    {
        Fingerprint = BudgetAlerts.Fingerprint(budget.Name, budget.Scope.Text, "each_limit"),
        Kind = TransitionKind.EachLimit,
        Name = "each_limit",
        Severity = AlertSeverity.Ticket,
        Notifies = true,
        AtMs = nowMs,
        StartedMs = nowMs,
        Budget = budget.Name,
        Scope = budget.Scope.Text,
        BudgetSetVersion = budgetSetVersion,
        Owner = budget.Owner,
        Route = budget.Route,
        Summary = $"Budget {budget.Name} governs {count} scopes of at most {budget.EachLimit} in one partition: those beyond are not governed.",
    };
}
