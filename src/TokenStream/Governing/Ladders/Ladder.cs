using TokenStream.Budgets;
using TokenStream.Commands;
using TokenStream.Governing.Evaluation;

namespace TokenStream.Governing.Ladders;

/// <summary>What an evaluation made of a ladder.</summary>
internal enum LadderMove
{
    None,

    /// <summary>A step was taken from nothing, or again after a release.</summary>
    Tripped,

    /// <summary>The same, within an hour of the release: the hold is doubled.</summary>
    TrippedAgain,

    /// <summary>A higher step replaced one that was in force.</summary>
    Escalated,

    /// <summary>The step's release is tried out.</summary>
    Probing,

    /// <summary>Demand came back while its release was tried out: the step is in force again, its hold doubled.</summary>
    ProbeFailed,

    /// <summary>A lower step, or none, is in force.</summary>
    SteppedDown,
}

/// <summary>
/// The ladder of one budget for one scope: which step is in force, since when, and when it may be left. Up it goes at once, to the highest step
/// that is triggered. Down it goes one step at a time, when demand (spent plus blocked, since a step that blocks makes spend zero) has stayed
/// below half the step's threshold for the hold. A step that lets nothing through is first tried out, as a throttle: nobody knows
/// what returns until something is let in. The others let demand through and show it, so that they need no trial.
/// </summary>
internal sealed class Ladder(GovernorOptions options)
{
    private const int None = -1;

    /// <summary>A trial lasts at least as long as the span that steady demand is measured over.</summary>
    private const long LeastProbeMs = 5 * 60_000;

    private long _sinceMs;
    private long _holdMs;
    private long _holdUntilMs;
    private long? _calmSinceMs;
    private long? _releasedMs;
    private int _trips;
    private int _releasedStep = None;
    private bool _blockedWasReported;
    private bool _isRestored;
    private Int128 _limit;
    private long _periodStartMs;

    /// <summary>The step in force; -1 for none.</summary>
    public int Step { get; private set; } = None;

    public bool IsProbe { get; private set; }

    public long SinceMs => _sinceMs;

    public Int128 DemandAtTrip { get; private set; }

    public long TokensAtTrip { get; private set; }

    public long RequestsAtTrip { get; private set; }

    /// <summary>When the period's end takes the step with it; null where it does not.</summary>
    public long? EndsMs { get; private set; }

    /// <summary>Whether the step was taken within an hour of a release.</summary>
    public bool IsRelapse { get; private set; }

    /// <summary>Goes on from what an earlier governor remembered of the step.</summary>
    public void Restore(LadderMemory memory, int step, Command command, bool endsWithPeriod)
    {
        Step = step;
        IsProbe = command.IsProbe && step >= 0;
        _sinceMs = memory.SinceMs;
        _holdMs = memory.HoldMs;
        _holdUntilMs = memory.HoldUntilMs;
        _calmSinceMs = memory.CalmSinceMs;
        _releasedMs = memory.ReleasedMs;
        _trips = memory.Trips;
        _releasedStep = memory.ReleasedStep;
        _blockedWasReported = memory.BlockedWasReported;
        _isRestored = true;
        DemandAtTrip = memory.DemandAtTrip;
        TokensAtTrip = memory.TokensAtTrip;
        RequestsAtTrip = memory.RequestsAtTrip;
        _limit = command.Cause?.Limit ?? 0;
        _periodStartMs = command.Cause?.PeriodStartMs ?? 0;
        EndsMs = endsWithPeriod ? command.ExpiresMs : null;
    }

    public LadderMemory Remember() => new()
    {
        Step = Step,
        SinceMs = _sinceMs,
        HoldUntilMs = _holdUntilMs,
        HoldMs = _holdMs,
        ReleasedMs = _releasedMs,
        Trips = _trips,
        DemandAtTrip = DemandAtTrip,
        TokensAtTrip = TokensAtTrip,
        RequestsAtTrip = RequestsAtTrip,
        CalmSinceMs = _calmSinceMs,
        BlockedWasReported = _blockedWasReported,
        ReleasedStep = _releasedStep,
    };

    /// <summary>Whether its command is to be renewed: what nobody can see the demand of ends by itself once it has held.</summary>
    public bool IsRenewable(Budget budget, long nowMs, bool seesDemand) =>
        Step >= 0 && EndsMs is null && (nowMs < _holdUntilMs || SeesDemand(budget, seesDemand));

    /// <summary>The step that the evaluation asks for; the one in force where it asks for none above it.</summary>
    public int Wanted(BudgetEvaluation evaluation)
    {
        var takeover = TakesOver(evaluation) ? TakeoverStep(evaluation) : None;
        return Math.Max(takeover, Math.Max(Step, LadderTriggers.Highest(evaluation, IsSamePeriod(evaluation) ? _releasedStep : None)));
    }

    /// <summary>
    /// Takes the step that is wanted, or goes down where the time has come.
    /// </summary>
    /// <param name="evaluation">How the budget stands.</param>
    /// <param name="wanted">What <see cref="Wanted"/> said, or less: the breaker may hold steps back.</param>
    /// <param name="spreadMs">What the scope's hash makes of <see cref="GovernorOptions.SpreadMs"/>.</param>
    /// <param name="expiresMs">When the command in force expires.</param>
    /// <param name="seesDemand">Whether all demand is seen although nothing is reported: nothing is really blocked.</param>
    public LadderMove Evaluate(BudgetEvaluation evaluation, int wanted, long spreadMs, long? expiresMs, bool seesDemand)
    {
        _blockedWasReported |= evaluation.BlockedIsReported || (_isRestored && evaluation.Blocked > 0);
        _isRestored = false;
        var amountWasRaised = IsSamePeriod(evaluation) && evaluation.Limit > _limit;
        BeginPeriod(evaluation);
        _limit = evaluation.Limit;
        if (TakesOver(evaluation))
        {
            return EndWithPeriod(evaluation, wanted, spreadMs);
        }

        if (wanted > Step)
        {
            return Take(wanted, evaluation, spreadMs);
        }

        return Step < 0 ? LadderMove.None : Stay(evaluation, amountWasRaised, spreadMs, expiresMs, seesDemand);
    }

    /// <summary>Leaves the ladder without a memory: a person or another set of budgets said so.</summary>
    public void Reset()
    {
        Step = None;
        IsProbe = false;
        EndsMs = null;
        _calmSinceMs = null;
        _releasedMs = null;
        _releasedStep = None;
        _holdMs = 0;
        _blockedWasReported = false;
    }

    /// <summary>Its command has expired and no evaluation says otherwise.</summary>
    public void Expire(long nowMs)
    {
        Step = None;
        IsProbe = false;
        EndsMs = null;
        _calmSinceMs = null;
        _releasedMs = _sinceMs = nowMs;
    }

    /// <summary>Goes on in a ladder whose steps are others.</summary>
    public void MoveTo(int step) => Step = step;

    private bool IsSamePeriod(BudgetEvaluation evaluation) =>
        LadderTriggers.IsRolling(evaluation) || evaluation.Period.StartMs <= _periodStartMs;

    private void BeginPeriod(BudgetEvaluation evaluation)
    {
        if (!LadderTriggers.IsRolling(evaluation) && evaluation.Period.StartMs > _periodStartMs)
        {
            _periodStartMs = evaluation.Period.StartMs;
            _trips = 0;
            _releasedStep = None;
        }
    }

    /// <summary>
    /// Whether the period's end has taken the step with it. The scope's share of the spread has to be over, but for a burn step that takes over:
    /// that one must be there before the old command expires.
    /// </summary>
    private bool TakesOver(BudgetEvaluation evaluation) =>
        Step >= 0 && EndsMs is { } ends && evaluation.Period.StartMs > _sinceMs
        && (evaluation.NowMs >= ends || TakeoverStep(evaluation) >= 0);

    /// <summary>
    /// The highest burn step whose threshold the demand reaches. What exhaustion stopped shows no spend to its lookbacks, and so no burn rate: its
    /// blocked demand says whether it would burn on in the new period.
    /// </summary>
    private static int TakeoverStep(BudgetEvaluation evaluation)
    {
        var ladder = evaluation.Budget.Ladder;
        for (var i = ladder.Count - 1; i >= 0; i--)
        {
            if (ladder[i].Trigger == LadderTrigger.BurnRate && LadderTriggers.HasAnomaly(ladder[i], evaluation)
                && DemandThreshold.Of(ladder[i], evaluation).IsReachedBy(evaluation.SteadyDemandPerMinute))
            {
                return i;
            }
        }

        return None;
    }

    private LadderMove EndWithPeriod(BudgetEvaluation evaluation, int wanted, long spreadMs)
    {
        var takeover = TakeoverStep(evaluation);
        var next = Math.Min(wanted, Math.Max(takeover, LadderTriggers.Highest(evaluation, None)));
        if (next >= 0)
        {
            Hold(next, evaluation, Math.Max(evaluation.Budget.Ladder[next].HoldMs, _holdMs), spreadMs);
            return LadderMove.Escalated;
        }

        StepDown(evaluation, None, spreadMs);
        return LadderMove.SteppedDown;
    }

    private LadderMove Take(int step, BudgetEvaluation evaluation, long spreadMs)
    {
        var isTrip = Step < 0 || IsProbe || _releasedMs >= _sinceMs;
        var isRelapse = isTrip && _releasedMs is { } released && evaluation.NowMs - released <= options.RelapseMs;
        var hold = evaluation.Budget.Ladder[step].HoldMs;
        hold = isRelapse ? Doubled(hold, evaluation) : Step >= 0 ? Math.Max(hold, _holdMs) : hold;
        _trips += isTrip ? 1 : 0;
        IsRelapse = isTrip ? isRelapse : IsRelapse;
        if (Step < 0)
        {
            _blockedWasReported = evaluation.BlockedIsReported;
        }

        DemandAtTrip = evaluation.DemandPerMinute > 0 ? evaluation.DemandPerMinute : evaluation.SteadyDemandPerMinute;
        TokensAtTrip = evaluation.DemandTokensPerMinute;
        RequestsAtTrip = evaluation.DemandRequestsPerMinute;
        Hold(step, evaluation, hold, spreadMs);
        return isRelapse ? LadderMove.TrippedAgain : isTrip ? LadderMove.Tripped : LadderMove.Escalated;
    }

    private LadderMove Stay(BudgetEvaluation evaluation, bool amountWasRaised, long spreadMs, long? expiresMs, bool seesDemand)
    {
        var now = evaluation.NowMs;
        var step = evaluation.Budget.Ladder[Step];
        var threshold = DemandThreshold.Of(step, evaluation);
        if (amountWasRaised && Relieved(step, evaluation, threshold) is { } relieved)
        {
            // The amount was raised: a person decided, and no hold stands against that.
            StepDown(evaluation, relieved, spreadMs);
            return LadderMove.SteppedDown;
        }

        if (IsProbe && (Returns(step, evaluation, threshold) || LadderTriggers.IsTriggered(step, evaluation) && step.Trigger == LadderTrigger.BurnRate))
        {
            Hold(Step, evaluation, Doubled(step.HoldMs, evaluation), spreadMs);
            return LadderMove.ProbeFailed;
        }

        var isCalm = SeesDemand(evaluation.Budget, seesDemand) && Calms(step, evaluation, threshold);
        _calmSinceMs = isCalm ? _calmSinceMs ?? now : null;
        if (isCalm && now >= _holdUntilMs && now - _calmSinceMs >= (IsProbe ? ProbeMs(step) : _holdMs))
        {
            return Leave(step, evaluation, spreadMs);
        }

        if (expiresMs <= now && !IsRenewable(evaluation.Budget, now, seesDemand))
        {
            StepDown(evaluation, StepBelow(evaluation), spreadMs);
            return LadderMove.SteppedDown;
        }

        return LadderMove.None;
    }

    private LadderMove Leave(LadderStep step, BudgetEvaluation evaluation, long spreadMs)
    {
        if (!IsProbe && LetsNothingThrough(step))
        {
            IsProbe = true;
            _sinceMs = evaluation.NowMs;
            _calmSinceMs = evaluation.NowMs;
            _holdUntilMs = evaluation.NowMs + ProbeMs(step);
            return LadderMove.Probing;
        }

        if (LadderTriggers.EndsWithPeriod(step, evaluation))
        {
            _releasedStep = Math.Max(_releasedStep, Step);
        }

        StepDown(evaluation, StepBelow(evaluation), spreadMs);
        return LadderMove.SteppedDown;
    }

    /// <summary>The next milder step. Those that a share of the amount triggers are passed over where that share is not spent.</summary>
    private int StepBelow(BudgetEvaluation evaluation)
    {
        var ladder = evaluation.Budget.Ladder;
        var below = Step - 1;
        while (below >= 0 && ladder[below].Trigger != LadderTrigger.BurnRate
            && (below <= _releasedStep || !LadderTriggers.IsTriggered(ladder[below], evaluation)))
        {
            below--;
        }

        return below;
    }

    private void StepDown(BudgetEvaluation evaluation, int step, long spreadMs)
    {
        Hold(step, evaluation, step >= 0 ? evaluation.Budget.Ladder[step].HoldMs : _holdMs, spreadMs);
        _releasedMs = evaluation.NowMs;
    }

    private void Hold(int step, BudgetEvaluation evaluation, long holdMs, long spreadMs)
    {
        Step = step;
        IsProbe = false;
        _sinceMs = evaluation.NowMs;
        _holdMs = holdMs;
        _holdUntilMs = evaluation.NowMs + holdMs;
        _calmSinceMs = null;
        var ends = step >= 0 && LadderTriggers.EndsWithPeriod(evaluation.Budget.Ladder[step], evaluation);
        EndsMs = ends ? evaluation.Period.EndMs + spreadMs : null;
    }

    /// <summary>Twice the last hold, but not past the period's end, and never less than the step's own.</summary>
    private long Doubled(long stepHoldMs, BudgetEvaluation evaluation)
    {
        var rest = LadderTriggers.IsRolling(evaluation) ? evaluation.Period.LengthMs : evaluation.Period.EndMs - evaluation.NowMs;
        return Math.Max(stepHoldMs, Math.Min(rest, 2 * Math.Max(stepHoldMs, _holdMs)));
    }

    /// <summary>Whether it is seen when the step may be left. A rolling budget's use is seen whatever gateways report.</summary>
    private bool SeesDemand(Budget budget, bool seesDemand) =>
        seesDemand || _blockedWasReported || IsProbe || !LetsNothingThrough(budget.Ladder[Step])
        || (EndsMs is null && budget.Ladder[Step].Trigger != LadderTrigger.BurnRate);

    private static bool LetsNothingThrough(LadderStep step) => step.Action is CommandAction.Kill or CommandAction.CacheOnly;

    private static bool Calms(LadderStep step, BudgetEvaluation evaluation, DemandThreshold threshold) =>
        step.Trigger != LadderTrigger.BurnRate && LadderTriggers.IsRolling(evaluation)
            ? LadderTriggers.IsWellBelow(step, evaluation)
            : threshold.IsTwiceAbove(evaluation.SteadyDemandPerMinute);

    private static bool Returns(LadderStep step, BudgetEvaluation evaluation, DemandThreshold threshold) =>
        step.Trigger != LadderTrigger.BurnRate && LadderTriggers.IsRolling(evaluation)
            ? LadderTriggers.IsTriggered(step, evaluation)
            : threshold.IsReachedBy(evaluation.SteadyDemandPerMinute);

    /// <summary>The step that a raised amount leaves in force; null where it relieves nothing.</summary>
    private int? Relieved(LadderStep step, BudgetEvaluation evaluation, DemandThreshold threshold)
    {
        var isOver = !LadderTriggers.IsTriggered(step, evaluation)
            && (step.Trigger != LadderTrigger.BurnRate || !threshold.IsReachedBy(evaluation.SteadyDemandPerMinute));
        return isOver ? Math.Min(Step - 1, LadderTriggers.Highest(evaluation, _releasedStep)) : null;
    }

    private static long ProbeMs(LadderStep step) => Math.Max(step.HoldMs, LeastProbeMs);
}
