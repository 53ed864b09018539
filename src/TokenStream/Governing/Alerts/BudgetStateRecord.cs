using TokenStream.Budgets;
using TokenStream.Governing.Evaluation;

namespace TokenStream.Governing.Alerts;

/// <summary>
/// How a budget stands for one scope, as it lies on <c>tokenstream.budget_states</c>: at most every ten seconds where it changed. For views
/// and people; nothing is decided by it.
/// </summary>
public sealed record BudgetStateRecord
{
    public required string Budget { get; init; }

    public required string Scope { get; init; }

    public required BudgetState State { get; init; }

    public required BudgetMode Mode { get; init; }

    public required long AtMs { get; init; }

    public long BudgetSetVersion { get; init; }

    /// <summary>Nothing is sent for it: the period is not filled from stored rollups, or no fresh spend came.</summary>
    public bool IsSeeding { get; init; }

    public bool IsStale { get; init; }

    public string? Owner { get; init; }

    public required EvaluationFigures Figures { get; init; }

    /// <summary>The key of its record.</summary>
    public string Key => $"{Budget}|{Scope}";

    public static BudgetStateRecord Of(BudgetEvaluation evaluation, BudgetState state, long budgetSetVersion) => new()
    {
        Budget = evaluation.Budget.Name,
        Scope = evaluation.Scope.Text,
        State = state,
        Mode = evaluation.Budget.Mode,
        AtMs = evaluation.NowMs,
        BudgetSetVersion = budgetSetVersion,
        IsSeeding = evaluation.IsSeeding,
        IsStale = evaluation.IsStale,
        Owner = evaluation.Budget.Owner,
        Figures = EvaluationFigures.Of(evaluation),
    };
}
