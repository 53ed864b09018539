using TokenStream.Commands;
using TokenStream.Governing.Alerts;
using TokenStream.Governing.Evaluation;
using TokenStream.Governing.Ladders;
using TokenStream.Scopes;

namespace TokenStream.Governing.Breakers;

/// <summary>Asks the breaker on behalf of ladders: whom a hard command hits, what may be done where it may not be issued, and what is told of it.</summary>
internal sealed class BreakerGate(GovernorOptions options)
{
    private long? _toldMs;

    public Breaker Breaker { get; } = new(options);

    /// <summary>A command that an earlier governor issued.</summary>
    public void Restore(Command command, OrganisationMembers members, long nowMs)
    {
        Stand(command, members);
        if (IsAutomaticAndHard(command) && command.Ladder is { } ladder && nowMs - ladder.SinceMs < options.BreakerSpanMs)
        {
            Breaker.Restore(HitBy(command, members), ladder.SinceMs);
        }
    }

    /// <summary>It was open, and told of, when an earlier governor ended.</summary>
    public void Reopen(long openedMs, long nowMs)
    {
        _toldMs = openedMs;
        Breaker.Reopen(openedMs, nowMs);
    }

    /// <summary>A command stands from now on in the place of its key's last one.</summary>
    public void Stand(Command command, OrganisationMembers members)
    {
        if (!command.IsManual)
        {
            Breaker.Stand(command.Key, IsAutomaticAndHard(command) ? HitBy(command, members) : []);
        }
    }

    /// <summary>
    /// The highest step up to the one wanted that may be taken: where the breaker holds that back, the highest one below it that lets requests
    /// through and is triggered itself.
    /// </summary>
    public int Permitted(int wanted, int inForce, BudgetEvaluation evaluation, OrganisationMembers members)
    {
        var ladder = evaluation.Budget.Ladder;
        if (wanted <= inForce || !ladder[wanted].IsHard || evaluation.Budget.PassesBreaker)
        {
            return wanted;
        }

        if (Breaker.TryHit(HitBy(evaluation.Scope, members, evaluation.NowMs), HitsAll(evaluation.Scope), evaluation.NowMs))
        {
            return wanted;
        }

        for (var i = wanted - 1; i > inForce; i--)
        {
            if (!ladder[i].IsHard && LadderTriggers.IsTriggered(ladder[i], evaluation))
            {
                return i;
            }
        }

        return inForce;
    }

    /// <summary>Whether a lease that is used up may refuse: that hits like a hard command.</summary>
    public bool PermitsRefusal(BudgetEvaluation evaluation, OrganisationMembers members) => evaluation.Budget.PassesBreaker
        || Breaker.TryHit(HitBy(evaluation.Scope, members, evaluation.NowMs), HitsAll(evaluation.Scope), evaluation.NowMs);

    /// <summary>Tells when it has opened or closed.</summary>
    public void Tell(long nowMs, long budgetSetVersion, List<BudgetTransition> into)
    {
        if (Breaker.OpenedMs is { } opened && _toldMs is null)
        {
            _toldMs = opened;
            into.Add(Transition(opened, nowMs, null, budgetSetVersion));
        }
        else if (Breaker.OpenedMs is null && _toldMs is { } told)
        {
            _toldMs = null;
            into.Add(Transition(told, nowMs, nowMs, budgetSetVersion));
        }
    }

    public IEnumerable<BudgetTransition> OpenAlerts(long nowMs) => _toldMs is { } opened ? [Transition(opened, nowMs, null, 0)] : [];

    private static bool IsAutomaticAndHard(Command command) => !command.IsManual
        && (command.Action is CommandAction.Kill or CommandAction.CacheOnly or CommandAction.Throttle
            || command is { Action: CommandAction.Lease, RetryAtMs: not null });

    private IReadOnlyList<string> HitBy(Command command, OrganisationMembers members) =>
        command.Tenants.Count > 0 ? command.Tenants : HitBy(command.Scope, members, command.IssuedMs);

    /// <summary>
    /// Whom a hard command against a scope hits, by name: its tenant, its user, who counts as one, its organisation's tenants, or, where it names
    /// none of them, every active tenant of this partition.
    /// </summary>
    private IReadOnlyList<string> HitBy(Scope scope, OrganisationMembers members, long nowMs)
    {
        var tenant = scope[ScopeDimension.Tenant];
        return tenant.Kind == ScopeTermKind.Exact ? [tenant.Text]
            : scope[ScopeDimension.User].Kind == ScopeTermKind.Exact ? ["user=" + scope[ScopeDimension.User].Text]
            : scope[ScopeDimension.Organisation].Kind != ScopeTermKind.Any ? members.Of(scope, nowMs)
            : [.. Breaker.Active.Where(active => tenant.Matches(active))];
    }

    private static bool HitsAll(Scope scope) => scope[ScopeDimension.Tenant].Kind != ScopeTermKind.Exact
        && scope[ScopeDimension.User].Kind != ScopeTermKind.Exact
        && scope[ScopeDimension.Organisation].Kind == ScopeTermKind.Any;

    private BudgetTransition Transition(long startedMs, long nowMs, long? endedMs, long budgetSetVersion) => new()
    {
        Fingerprint = BudgetAlerts.Fingerprint("", "", "breaker"),
        Kind = TransitionKind.Breaker,
        Name = "breaker",
        Severity = AlertSeverity.Page,
        Notifies = true,
        AtMs = nowMs,
        StartedMs = startedMs,
        EndedMs = endedMs,
        Budget = "",
        Scope = "",
        BudgetSetVersion = budgetSetVersion,
        Summary = endedMs is null
            ? $"Automatic commands would newly hold back more than {Breaker.Allowed} tenants within {options.BreakerSpanMs / 60_000} minutes: a price "
                + "or a budget may be wrong. No more are issued. `tokenstream govern pause --reason ..` releases those that were; "
                + "mend the price (`tokenstream prices rollback VERSION`) or the budget before `tokenstream govern resume`. Left alone the breaker "
                + $"closes when nothing has been held back for {options.BreakerCalmMs / 60_000} minutes."
            : "The breaker is closed: automatic commands are issued again.",
    };
}
