using TokenStream.Budgets;
using TokenStream.Governing.Evaluation;

namespace TokenStream.Governing.Ladders;

/// <summary>Which steps of a ladder an evaluation brings into force. Nothing is remembered here.</summary>
internal static class LadderTriggers
{
    /// <summary>The highest step that is triggered; -1 for none. Old or incomplete spend triggers nothing.</summary>
    /// <param name="evaluation">How the budget stands.</param>
    /// <param name="releasedStep">Up to this one, steps that a share of the amount triggers ask for demand too: they were released before.</param>
    public static int Highest(BudgetEvaluation evaluation, int releasedStep)
    {
        if (evaluation.IsStale || evaluation.IsSeeding)
        {
            return -1;
        }

        var ladder = evaluation.Budget.Ladder;
        for (var i = ladder.Count - 1; i >= 0; i--)
        {
            if (IsTriggered(ladder[i], evaluation) && (i > releasedStep || IsDemanded(ladder[i], evaluation)))
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary>Whether the anomaly that the step asks for besides its trigger lasts; so it is where the step asks for none.</summary>
    public static bool HasAnomaly(LadderStep step, BudgetEvaluation evaluation) => step.WhenAnomaly is not { } asked || evaluation.Anomaly >= asked;

    /// <summary>Whether the step's own condition holds.</summary>
    public static bool IsTriggered(LadderStep step, BudgetEvaluation evaluation)
    {
        if (!HasAnomaly(step, evaluation))
        {
            return false;
        }

        var withBound = CountsBound(step, evaluation.Budget);
        return step.Trigger switch
        {
            LadderTrigger.BurnRate => Fires(evaluation, step.Level, withBound),
            LadderTrigger.Spent => IsSpent(evaluation, step.ScaledLevel, withBound),
            _ => Used(evaluation, withBound) > evaluation.Limit,
        };
    }

    /// <summary>
    /// Whether more than the amount is used, whatever may be done about it. Exactly the amount is what a budget is meant to be spent to.
    /// </summary>
    public static bool IsExhausted(BudgetEvaluation evaluation) => Used(evaluation, withBound: true) > evaluation.Limit;

    /// <summary>Whether so many ten thousandths of a percent of the amount are used.</summary>
    public static bool IsSpent(BudgetEvaluation evaluation, long scaledPercent, bool withBound) =>
        evaluation.Limit > 0 && Used(evaluation, withBound) * (100 * Scaled.One) >= scaledPercent * evaluation.Limit;

    /// <summary>
    /// Whether what is used has fallen below nine tenths of the step's level: what a rolling budget's step is released by, since its use falls
    /// with time and would else cross the level again and again.
    /// </summary>
    public static bool IsWellBelow(LadderStep step, BudgetEvaluation evaluation)
    {
        var percent = step.Trigger == LadderTrigger.Exhausted ? 100 * Scaled.One : step.ScaledLevel;
        return !IsSpent(evaluation, percent * 9 / 10, CountsBound(step, evaluation.Budget));
    }

    /// <summary>Whether the period's end takes the step with it: a share of the amount is one of the period's.</summary>
    public static bool EndsWithPeriod(LadderStep step, BudgetEvaluation evaluation) =>
        step.Trigger != LadderTrigger.BurnRate && !IsRolling(evaluation);

    /// <summary>Whether the period ends at every moment, and so never.</summary>
    public static bool IsRolling(BudgetEvaluation evaluation) => evaluation.Period.EndMs <= evaluation.NowMs;

    private static bool IsDemanded(LadderStep step, BudgetEvaluation evaluation) =>
        step.Trigger != LadderTrigger.Spent || DemandThreshold.Of(step, evaluation).IsReachedBy(evaluation.SteadyDemandPerMinute);

    private static bool CountsBound(LadderStep step, Budget budget) => !step.IsHard || budget.EnforceUnpriced;

    private static Int128 Used(BudgetEvaluation evaluation, bool withBound) =>
        withBound ? evaluation.Spent + evaluation.UnpricedBound : evaluation.Spent;

    private static bool Fires(BudgetEvaluation evaluation, decimal factor, bool withBound)
    {
        foreach (var pair in evaluation.Pairs)
        {
            if (pair.Factor.Factor == factor && !pair.Factor.Informs)
            {
                return pair.Fires || (withBound && pair.FiresWithBound);
            }
        }

        return false;
    }
}
