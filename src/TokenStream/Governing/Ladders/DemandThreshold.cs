using TokenStream.Budgets;
using TokenStream.Governing.Evaluation;

namespace TokenStream.Governing.Ladders;

/// <summary>
/// The demand that a step of a ladder is meant against: so much money, or so many tokens, over a span. Compared exactly, as integers. The
/// default is a threshold of nothing, which every demand reaches and none is below.
/// </summary>
internal readonly struct DemandThreshold
{
    private const long MinuteMs = 60_000;

    private readonly Int128 _amount;
    private readonly Int128 _spanMs;

    private DemandThreshold(Int128 amount, Int128 spanMs)
    {
        _amount = amount;
        _spanMs = spanMs;
    }

    /// <summary>A minute of it, rounded down.</summary>
    public Int128 PerMinute => _spanMs == 0 ? 0 : _amount * MinuteMs / _spanMs;

    /// <summary>
    /// Of a burn step, its factor times the speed that exactly exhausts the amount; of the others, the speed that uses up what is left in what is
    /// left of the period, and nothing where nothing is left. A rolling period has no rest: there it is the speed that the amount allows.
    /// </summary>
    public static DemandThreshold Of(LadderStep step, BudgetEvaluation evaluation)
    {
        if (step.Trigger == LadderTrigger.BurnRate)
        {
            return new(step.ScaledLevel * evaluation.Limit, (Int128)evaluation.Period.LengthMs * Scaled.One);
        }

        if (LadderTriggers.IsRolling(evaluation))
        {
            return new(evaluation.Limit, evaluation.Period.LengthMs);
        }

        var left = evaluation.Limit - evaluation.Spent;
        var rest = evaluation.Period.EndMs - evaluation.NowMs;
        return left > 0 && rest > 0 ? new(left, rest) : default;
    }

    /// <summary>Whether a demand a minute reaches it.</summary>
    public bool IsReachedBy(Int128 demandPerMinute) => demandPerMinute * _spanMs >= _amount * MinuteMs;

    /// <summary>Whether a demand a minute is below half of it.</summary>
    public bool IsTwiceAbove(Int128 demandPerMinute) => demandPerMinute * _spanMs * 2 < _amount * MinuteMs;
}

/// <summary>Factors and percentages are compared as integers of ten thousandths.</summary>
internal static class Scaled
{
    public const long One = 10_000;
}
