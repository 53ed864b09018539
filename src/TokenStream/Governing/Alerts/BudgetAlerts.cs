using System.Globalization;
using System.Text;
using TokenStream.Budgets;
using TokenStream.Events;
using TokenStream.Governing.Evaluation;
using TokenStream.Governing.Ladders;
using TokenStream.Scopes;

namespace TokenStream.Governing.Alerts;

/// <summary>
/// What one budget has to tell of one scope: its state, and what lasts. A transition is made when something begins or ends, never in between.
/// </summary>
internal sealed class BudgetAlerts(Scope scope)
{
    /// <summary>
    /// A page begins when what it tells of has lasted so long. A wrong price stops the first tenants before the breaker opens: what pages for
    /// them waits until that is known, so that the breaker's is the only one.
    /// </summary>
    public const long PageHoldMs = 10_000;

    private readonly List<(string Name, long StartedMs, AlertSeverity Severity)> _open = [];
    private readonly List<(string Name, long SinceMs)> _awaited = [];

    public BudgetState State { get; private set; }

    public bool IsQuiet => _open.Count == 0 && State == BudgetState.Ok;

    /// <summary>The identity of what is told of a budget and a scope under a name.</summary>
    public static string Fingerprint(string budget, string scope, string name) =>
        StableHash.Hash(Encoding.UTF8.GetBytes($"{budget}\n{scope}\n{name}")).ToString("x16", CultureInfo.InvariantCulture);

    /// <summary>Goes on with what an earlier governor had begun.</summary>
    public void Restore(BudgetRules rules, IReadOnlyDictionary<string, BudgetTransition> open)
    {
        foreach (var kind in rules.Lasting)
        {
            if (open.TryGetValue(Fingerprint(rules.Budget.Name, scope.Text, kind.Name), out var transition))
            {
                _open.Add((kind.Name, transition.StartedMs, transition.Severity));
            }
        }
    }

    /// <summary>Everything that lasts, as transitions that have not ended.</summary>
    public IEnumerable<BudgetTransition> Open(BudgetRules rules, TransitionMaker maker, long nowMs) =>
        rules.Lasting.SelectMany(kind => _open.Where(open => open.Name == kind.Name)
            .Select(open => maker.Make(rules.Budget, scope, kind, nowMs, null, "still lasts") with { StartedMs = open.StartedMs, Severity = open.Severity }));

    public void Evaluate(BudgetRules rules, BudgetEvaluation evaluation, LadderStanding standing, TransitionMaker maker, List<BudgetTransition> into)
    {
        var before = State;
        State = StateOf(evaluation, standing);
        if (State != before)
        {
            var kind = new LastingKind(TransitionKind.State, "state", AlertSeverity.Info, 0);
            var summary = $"is {Word(State)} after {Word(before)}: it {MoneyText.Standing(evaluation)}";
            into.Add(maker.Make(rules.Budget, scope, kind, evaluation.NowMs, evaluation, summary) with
            {
                From = before,
                To = State,
                EndedMs = evaluation.NowMs,
                Notifies = false,
            });
        }

        var worseBurns = false;
        foreach (var kind in rules.Lasting)
        {
            var at = IndexOf(kind.Name);
            var lasts = Lasts(rules, kind, evaluation, standing, isOpen: at >= 0);
            if (kind.Kind == TransitionKind.BurnRate)
            {
                lasts &= at >= 0 || !worseBurns;
                worseBurns |= lasts;
            }

            // What begins before the period is filled would not be told; it begins when it is.
            if (lasts && at < 0 && !evaluation.IsSeeding && SinceWhen(kind, evaluation.NowMs) is { } sinceMs)
            {
                // Behind an open breaker somebody was paged already, and the cause is most probably not this budget's.
                var severity = kind.Severity == AlertSeverity.Page && standing.IsBreakerOpen ? AlertSeverity.Ticket : kind.Severity;
                _open.Add((kind.Name, sinceMs, severity));
                into.Add(Tell(rules, kind, evaluation, maker, _open[^1], null));
            }
            else if (!lasts)
            {
                _awaited.RemoveAll(awaited => awaited.Name == kind.Name);
                if (at >= 0)
                {
                    into.Add(Tell(rules, kind, evaluation, maker, _open[at], evaluation.NowMs));
                    _open.RemoveAt(at);
                }
            }
        }
    }

    /// <summary>Ends everything: the budget is gone, or is another one now.</summary>
    public void End(BudgetRules rules, TransitionMaker maker, long nowMs, List<BudgetTransition> into)
    {
        foreach (var open in Open(rules, maker, nowMs))
        {
            into.Add(open with { EndedMs = nowMs, Summary = $"Budget {rules.Budget.Name} of {scope.Text} is no longer governed." });
        }

        _open.Clear();
        _awaited.Clear();
        State = BudgetState.Ok;
    }

    private static BudgetState StateOf(BudgetEvaluation evaluation, LadderStanding standing)
    {
        var ladder = evaluation.Budget.Ladder;
        var step = Math.Max(standing.Wanted, standing.InForce);
        return LadderTriggers.IsExhausted(evaluation) ? BudgetState.Exhausted
            : step >= 0 ? ladder[step].IsHard ? BudgetState.Hard : BudgetState.Soft
            : IsWatched(evaluation) ? BudgetState.Watching : BudgetState.Ok;
    }

    private static bool IsWatched(BudgetEvaluation evaluation)
    {
        foreach (var pair in evaluation.Pairs)
        {
            if (pair.Fires || pair.FiresWithBound)
            {
                return true;
            }
        }

        return evaluation.Budget.Thresholds.Count > 0 && LadderTriggers.IsSpent(evaluation, LadderStep.Scale(evaluation.Budget.Thresholds[0]), withBound: true);
    }

    private static bool Lasts(BudgetRules rules, in LastingKind kind, BudgetEvaluation evaluation, LadderStanding standing, bool isOpen) => kind.Kind switch
    {
        // The use of a rolling budget falls with time: what has begun ends clearly below its level, not at every crossing.
        TransitionKind.Threshold => LadderTriggers.IsSpent(
            evaluation, isOpen && LadderTriggers.IsRolling(evaluation) ? kind.ScaledLevel * 9 / 10 : kind.ScaledLevel, withBound: true),
        TransitionKind.BurnRate => !evaluation.IsStale && Burns(evaluation, kind.Severity),
        TransitionKind.Exhausted => LadderTriggers.IsExhausted(evaluation),
        TransitionKind.Tripped => standing.IsHard && !standing.IsRelapse,
        TransitionKind.TrippedAgain => standing.IsHard && standing.IsRelapse,
        TransitionKind.UnpricedUsage => evaluation.UnpricedLastDay > rules.UnpricedPerDay,
        _ => standing.IsHeldBack,
    };

    private static bool Burns(BudgetEvaluation evaluation, AlertSeverity severity)
    {
        foreach (var pair in evaluation.Pairs)
        {
            if ((pair.Fires || pair.FiresWithBound) && BudgetRules.SeverityOf(pair.Factor) == severity)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Since when something has lasted that is to be told now; null where it has to last longer first.</summary>
    private long? SinceWhen(in LastingKind kind, long nowMs)
    {
        if (kind.Severity != AlertSeverity.Page)
        {
            return nowMs;
        }

        var name = kind.Name;
        var at = _awaited.FindIndex(awaited => awaited.Name == name);
        if (at < 0)
        {
            _awaited.Add((name, nowMs));
            return null;
        }

        var sinceMs = _awaited[at].SinceMs;
        if (nowMs - sinceMs < PageHoldMs)
        {
            return null;
        }

        _awaited.RemoveAt(at);
        return sinceMs;
    }

    private BudgetTransition Tell(
        BudgetRules rules,
        in LastingKind kind,
        BudgetEvaluation evaluation,
        TransitionMaker maker,
        in (string Name, long StartedMs, AlertSeverity Severity) open,
        long? endedMs)
    {
        var what = kind.Kind switch
        {
            TransitionKind.Threshold => string.Create(
                CultureInfo.InvariantCulture, $"{MoneyText.Standing(evaluation)}: {(decimal)kind.ScaledLevel / Scaled.One} % is reached"),
            TransitionKind.BurnRate => Burning(evaluation, kind.Severity),
            TransitionKind.Exhausted => $"{MoneyText.Standing(evaluation)}: it is exhausted",
            TransitionKind.Tripped => "holds requests back",
            TransitionKind.UnpricedUsage => $"has usage without a price, worth at most {MoneyText.Of(evaluation.UnpricedLastDay, isTokens: false)} in 24 hours",
            TransitionKind.TrippedAgain => "holds requests back again, soon after a release; its hold is doubled",
            _ => "would hold requests back; the breaker is open and prevents it",
        };
        return maker.Make(rules.Budget, scope, kind, evaluation.NowMs, evaluation, endedMs is null ? what : "is over it: " + what) with
        {
            StartedMs = open.StartedMs,
            EndedMs = endedMs,
            Severity = open.Severity,
            Notifies = evaluation.Budget.Mode != BudgetMode.Observe,
            From = State,
            To = State,
        };
    }

    /// <summary>Completes "budget NAME ..": the worst pair of a severity.</summary>
    private static string Burning(BudgetEvaluation evaluation, AlertSeverity severity)
    {
        var pair = evaluation.Pairs.FirstOrDefault(pair => (pair.Fires || pair.FiresWithBound) && BudgetRules.SeverityOf(pair.Factor) == severity);
        return pair is null
            ? "burned too fast"
            : string.Create(
                CultureInfo.InvariantCulture,
                $"burns {pair.LongRate:0.0} times as fast as its amount lasts (over {pair.LongMs / 60_000} min, {pair.ShortRate:0.0} over {pair.ShortMs / 60_000} min)");
    }

    private int IndexOf(string name)
    {
        for (var i = 0; i < _open.Count; i++)
        {
            if (_open[i].Name == name)
            {
                return i;
            }
        }

        return -1;
    }

    private static string Word(BudgetState state) => state switch
    {
        BudgetState.Ok => "ok",
        BudgetState.Watching => "watched",
        BudgetState.Soft => "held softly",
        BudgetState.Hard => "held hard",
        _ => "exhausted",
    };
}

/// <summary>Where the ladder stands as far as alerts go.</summary>
/// <param name="Wanted">The step that is triggered; -1 for none.</param>
/// <param name="InForce">The step that is in force; -1 for none.</param>
/// <param name="IsHard">Whether a hard step is in force and has really been issued.</param>
/// <param name="IsRelapse">Whether it was taken within an hour of a release.</param>
/// <param name="IsHeldBack">Whether the breaker holds the wanted step back.</param>
/// <param name="IsBreakerOpen">Whether the breaker is open, of this partition or of another one.</param>
internal readonly record struct LadderStanding(int Wanted, int InForce, bool IsHard, bool IsRelapse, bool IsHeldBack, bool IsBreakerOpen);
