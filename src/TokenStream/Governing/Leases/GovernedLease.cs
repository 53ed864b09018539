using System.Globalization;
using System.Text;
using TokenStream.Budgets;
using TokenStream.Commands;
using TokenStream.Events;
using TokenStream.Governing.Evaluation;
using TokenStream.Scopes;

namespace TokenStream.Governing.Leases;

/// <summary>The lease of one budget on one scope: its slices, and the command that they are issued in.</summary>
internal sealed class GovernedLease
{
    /// <summary>A rolling budget has no end to come back at: what it spent first has dropped out a little by then.</summary>
    private const long RollingRetryMs = 60_000;

    private const int LooksInInterval = 4;

    private readonly GovernorOptions _options;
    private string? _id;
    private long _lookedMs;

    public GovernedLease(Scope scope, string budget, GovernorOptions options)
    {
        (Scope, Source, _options, Pool) = (scope, Command.LeasePrefix + budget, options, new LeasePool(options));
        Key = $"{scope.Text}|{Source}";
    }

    public Scope Scope { get; }

    public string Source { get; }

    /// <summary>The key of its commands.</summary>
    public string Key { get; }

    public LeasePool Pool { get; }

    /// <summary>How the budget stood last.</summary>
    public BudgetEvaluation? Evaluation { get; set; }

    /// <summary>The organisation's tenants, where the scope names one.</summary>
    public IReadOnlyList<string> Tenants { get; set; } = [];

    public void Restore(Command standing)
    {
        _id = standing.Id;
        Pool.Restore(standing);
    }

    /// <summary>The command that is due; null for none.</summary>
    public Command? Make(long budgetSetVersion, long nowMs)
    {
        if (nowMs - _lookedMs < _options.LeaseIntervalMs / LooksInInterval && nowMs >= _lookedMs)
        {
            return null;
        }

        _lookedMs = nowMs;
        if (Evaluation is not { Cut: { } cut } evaluation || Pool.Plan(new LeaseBalance(evaluation.Limit, cut), nowMs) is not { } plan)
        {
            return null;
        }

        _id ??= "l-" + StableHash.Hash(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{Key}|{nowMs}"))).ToString("x16", CultureInfo.InvariantCulture);
        var (budget, period) = (evaluation.Budget, evaluation.Period);
        return new Command
        {
            Id = _id,
            Scope = Scope,
            Source = Source,
            Version = default,
            Action = CommandAction.Lease,
            Parameters = new ActionParameters { IsTokens = budget.Amount.IsTokens, Slices = plan.Slices },
            IssuedMs = nowMs,
            Reason = plan.IsUsedUp ? $"Budget {budget.Name} is used up." : $"Budget {budget.Name} is spent from leases, and what was granted now is in use.",
            RetryAtMs = !plan.IsUsedUp ? null : budget.Period.Kind == PeriodKind.Rolling ? nowMs + RollingRetryMs : period.EndMs,
            Tenants = Tenants,
            Lease = plan.Memory,
            Cause = new CommandCause
            {
                Budget = budget.Name,
                BudgetSetVersion = budgetSetVersion,
                Trigger = "lease",
                IsTokens = budget.Amount.IsTokens,
                Spent = evaluation.Spent,
                Limit = evaluation.Limit,
                UnpricedBound = evaluation.UnpricedBound,
                PeriodStartMs = period.StartMs,
                PeriodEndMs = period.EndMs,

                // No event brought it about, so that it says nothing of how fast spend is acted on.
                EventMs = 0,
            },
        };
    }
}
