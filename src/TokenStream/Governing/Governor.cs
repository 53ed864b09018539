using TokenStream.Budgets;
using TokenStream.Commands;
using TokenStream.Detection;
using TokenStream.Governing.Alerts;
using TokenStream.Governing.Anomalies;
using TokenStream.Governing.Breakers;
using TokenStream.Governing.Evaluation;
using TokenStream.Governing.Ladders;
using TokenStream.Governing.Leases;
using TokenStream.Scopes;

namespace TokenStream.Governing;

/// <summary>
/// Decides the commands of one partition: what budgets' ladders ask for, what people ask for, and what the breaker and the pause hold back.
/// Pure: evaluations, wishes and the time come in, commands and transitions come out. The caller numbers the commands, writes them to the log, and
/// hands the log to the next governor. Not for several threads.
/// </summary>
public sealed class Governor
{
    /// <summary>After its expiry, a command that nothing evaluates any more is released: evaluations come every ten seconds.</summary>
    private const long UnevaluatedMs = 15_000;

    private const long SweepMs = 60 * 60_000;

    /// <summary>What nobody has changed is looked after this often.</summary>
    private const long FollowMs = 1000;

    private readonly int _partition;
    private readonly GovernorOptions _options;
    private readonly BreakerGate _gate;
    private readonly StandingCommands _standing;
    private readonly Dictionary<(string Budget, Scope Scope), GovernedScope> _scopes = [];
    private readonly Dictionary<string, BudgetRules> _rules = new(StringComparer.Ordinal);
    private readonly Dictionary<string, BudgetTransition> _restoredAlerts = new(StringComparer.Ordinal);
    private readonly EachLimits _limits = new();
    private readonly LeaseBook _leases;
    private readonly List<Command> _commands = [];
    private readonly List<BudgetTransition> _transitions = [];
    private readonly List<string> _tombstones = [];

    private BudgetSet? _set;
    private OrganisationMembers _members = new(TenantDirectory.Empty);
    private TransitionMaker _maker = new(TenantDirectory.Empty, 0);
    private GovernControls? _controls;
    private OpenAnomalies _anomalies = OpenAnomalies.None;
    private long _sweptMs;
    private long _followedMs;
    private bool _hasToFollow;

    public Governor(int partition, GovernorOptions options)
    {
        _partition = partition;
        _options = options;
        _gate = new BreakerGate(options);
        _standing = new StandingCommands(options);
        _leases = new LeaseBook(options);
    }

    /// <summary>The commands in force.</summary>
    public IReadOnlyCollection<Command> InForce => _standing.InForce.Values;

    /// <summary>Tenants of the partition that spent something lately: for the heartbeat, and so for the breakers of other partitions.</summary>
    public int ActiveTenants => _gate.Breaker.ActiveTenants;

    /// <summary>Tenants of the partition that automatic hard commands have newly hit lately: likewise.</summary>
    public int HitTenants => _gate.Breaker.HitTenants;

    public bool IsPaused => _controls?.Pause.Paused ?? false;

    public bool IsBreakerOpen => _gate.Breaker.OpenedMs is not null;

    /// <summary>How a budget stands for a scope, as evaluated last.</summary>
    public BudgetState StateOf(string budget, Scope scope) =>
        _scopes.TryGetValue((budget, scope), out var governed) ? governed.Alerts.State : BudgetState.Ok;

    /// <summary>What lasts and was told of: what a successor has to know, so that it can say when it is over.</summary>
    public IEnumerable<BudgetTransition> OpenAlerts(long nowMs) =>
        _scopes.Values.SelectMany(scope => scope.Alerts.Open(scope.Rules, _maker, nowMs))
            .Concat(_restoredAlerts.Values)
            .Concat(_gate.OpenAlerts(nowMs))
            .Concat(_limits.Open);

    /// <summary>
    /// What the log held when this governor began: the last command of each key of the partition, releases included; and what its predecessor's
    /// checkpoint had as lasting. To be called once, before anything is evaluated.
    /// </summary>
    public void Restore(IEnumerable<Command> fromLog, IEnumerable<BudgetTransition> openAlerts, long nowMs)
    {
        foreach (var command in fromLog)
        {
            _standing.Set(command);
            _gate.Restore(command, _members, nowMs);
        }

        foreach (var alert in openAlerts)
        {
            if (alert.Kind == TransitionKind.Breaker)
            {
                _gate.Reopen(alert.StartedMs, nowMs);
            }
            else if (alert.Kind == TransitionKind.EachLimit)
            {
                _limits.Restore(alert with { AtMs = nowMs });
            }
            else
            {
                _restoredAlerts[alert.Fingerprint] = alert;
            }
        }
    }

    /// <summary>
    /// Takes up a command of an earlier governor that reached the log only after this one began. Gateways obey it, whatever was decided here, so what
    /// stands here is sent again. What this governor has not evaluated yet goes on from it.
    /// </summary>
    public void Find(Command late, long nowMs)
    {
        _standing.Set(late);
        _gate.Stand(late, _members);
        _hasToFollow = true;
        if (late.Cause is not { } cause || !_scopes.TryGetValue((cause.Budget, late.Scope), out var governed))
        {
            return;
        }

        if (!governed.IsShadow && governed.Command is { } own)
        {
            Send(own);
        }
        else if (late.Action != CommandAction.None)
        {
            SendRelease(late, nowMs, governed.IsShadow ? WhyShadow() : "An earlier governor sent it late", null);
        }
    }

    /// <summary>
    /// The budgets and the directory that hold from now on. Until this was called, nothing automatic is decided and nothing that stands is released.
    /// What they change of commands in force comes with the next <see cref="Tick"/> or evaluation.
    /// </summary>
    public void Adopt(BudgetSet set, TenantDirectory directory)
    {
        _set = set;
        _hasToFollow = true;
        _members = new OrganisationMembers(directory);
        _maker = new TransitionMaker(directory, set.Version);
        _rules.Clear();
        foreach (var budget in set.Budgets)
        {
            _rules.Add(budget.Name, new BudgetRules(budget, _options.UnpricedPerDay));
        }
    }

    /// <summary>What people ask for; acts with the next <see cref="Tick"/>.</summary>
    public void SetControls(GovernControls controls)
    {
        _controls = controls;
        _hasToFollow = true;
        if (!controls.Pause.Paused)
        {
            _gate.Breaker.Reset(controls.Pause.AtMs);
        }
    }

    /// <summary>The anomalies that last, for steps that ask for one; acts with the next evaluation.</summary>
    public void SetAnomalies(OpenAnomalies anomalies) => _anomalies = anomalies;

    /// <summary>How all other partitions stand together: the breaker's share is one of all tenants.</summary>
    public void SetOtherPartitions(in OtherPartitions others) => _gate.Breaker.SetOtherPartitions(others);

    /// <summary>How a gateway's slice of a lease stands, as it said at a time of its own clock; acts with the next <see cref="Tick"/>.</summary>
    public void SetLeaseReport(string gateway, long atMs, LeaseReport report, long nowMs) => _leases.Take(gateway, atMs, report, nowMs);

    /// <summary>Commands of the last output with the versions they were issued under: reports of gateways name them.</summary>
    public void SetVersions(IEnumerable<Command> issued)
    {
        foreach (var command in issued)
        {
            _leases.Number(command);
        }
    }

    /// <summary>What gateways may still spend of a budget's leases for a scope.</summary>
    public Int128 Leased(BudgetEvaluation evaluation) => _leases.Outstanding(evaluation);

    /// <summary>Decides on evaluations of budgets of the adopted set; others are passed over.</summary>
    public GovernorOutput Evaluate(IReadOnlyList<BudgetEvaluation> evaluations, long nowMs)
    {
        if (_set is null)
        {
            return GovernorOutput.Nothing;
        }

        foreach (var evaluation in evaluations)
        {
            // All of them first: the share of the active tenants must not depend on the order.
            if (evaluation.DemandPerMinute + evaluation.SteadyDemandPerMinute > 0 && evaluation.Scope[ScopeDimension.Tenant] is { Kind: ScopeTermKind.Exact } tenant)
            {
                _gate.Breaker.NoteActive(tenant.Text, nowMs);
            }
        }

        foreach (var evaluation in evaluations)
        {
            if (_rules.TryGetValue(evaluation.Budget.Name, out var rules) && rules.Budget.Scope.Covers(evaluation.Scope))
            {
                // The ledger may still hold the budget of the set before: what is adopted counts.
                var isCurrent = ReferenceEquals(evaluation.Budget, rules.Budget) && !rules.AsksForAnomalies;
                Govern(ScopeOf(rules, evaluation), isCurrent ? evaluation : evaluation with { Budget = rules.Budget, Anomaly = AnomalyOf(rules, evaluation) });
            }
        }

        _gate.Tell(nowMs, _set?.Version ?? 0, _transitions);
        return Take();
    }

    /// <summary>Does what is due without an evaluation. To be called several times a second: the pause acts here.</summary>
    public GovernorOutput Tick(long nowMs)
    {
        if (_controls is not null)
        {
            FollowRequests(_controls, nowMs);
        }

        if (_set is not null && (_hasToFollow || nowMs - _followedMs >= FollowMs || nowMs < _followedMs))
        {
            _gate.Breaker.Tick(nowMs, IsPaused);
            FollowBudgets(nowMs);
            ReleaseUngoverned(nowMs);
            EndUngovernedAlerts(nowMs);
            Sweep(nowMs);
            _limits.Tell(_rules, _maker, nowMs, _transitions);
            _followedMs = nowMs;
        }

        GrantLeases(nowMs);
        _gate.Tell(nowMs, _set?.Version ?? 0, _transitions);
        _standing.TakeTombstones(nowMs, _tombstones);
        return Take();
    }

    private GovernorOutput Take()
    {
        if (_commands.Count + _transitions.Count + _tombstones.Count == 0)
        {
            return GovernorOutput.Nothing;
        }

        var output = new GovernorOutput([.. _commands], [.. _transitions], [.. _tombstones]);
        _commands.Clear();
        _transitions.Clear();
        _tombstones.Clear();
        return output;
    }

    private GovernedScope ScopeOf(BudgetRules rules, BudgetEvaluation evaluation)
    {
        var scope = evaluation.Scope;
        if (_scopes.TryGetValue((rules.Budget.Name, scope), out var governed))
        {
            return governed;
        }

        governed = new GovernedScope(rules, scope, _options) { IsShadow = IsShadow(rules.Budget) };
        governed.Alerts.Restore(rules, _restoredAlerts);
        foreach (var kind in rules.Lasting)
        {
            _restoredAlerts.Remove(BudgetAlerts.Fingerprint(rules.Budget.Name, scope.Text, kind.Name));
        }

        if (governed.IsShadow && _standing.InForce.TryGetValue(governed.Key, out var stood))
        {
            SendRelease(stood, evaluation.NowMs, WhyShadow(), null);
        }
        else if (_standing.Last(governed.Key) is { Ladder: { } memory } last)
        {
            var step = last.Action == CommandAction.None ? -1 : rules.StepOf(memory.Step, last.Action, last.IsProbe);
            governed.Ladder.Restore(memory, step, last, step >= 0 && LadderTriggers.EndsWithPeriod(rules.Budget.Ladder[step], evaluation));
            governed.Command = last.Action == CommandAction.None ? null : last;
        }

        _scopes.Add((rules.Budget.Name, scope), governed);
        _limits.Count(rules.Budget.Name, 1);
        return governed;
    }

    private AnomalySeverity? AnomalyOf(BudgetRules rules, BudgetEvaluation evaluation) => rules.AsksForAnomalies
        ? _anomalies.WorstFor(evaluation.Scope, _members.Of(evaluation.Scope, evaluation.NowMs), evaluation.NowMs)
        : null;

    private string WhyShadow() => IsPaused ? "A person has paused automatic commands" : "Its budget no longer enforces";

    private bool IsShadow(Budget budget) => budget.Mode != BudgetMode.Enforce || IsPaused;

    private void Govern(GovernedScope governed, BudgetEvaluation evaluation)
    {
        Follow(governed, evaluation.NowMs);
        governed.EvaluatedMs = evaluation.NowMs;
        var ladder = governed.Ladder;
        var wanted = ladder.Wanted(evaluation);
        var permitted = governed.IsShadow ? wanted : _gate.Permitted(wanted, ladder.Step, evaluation, _members);
        var move = ladder.Evaluate(evaluation, permitted, governed.SpreadMs, governed.Command?.ExpiresMs, seesDemand: governed.IsShadow);
        if (ladder.Step < 0)
        {
            Release(governed, evaluation.NowMs, evaluation, "Demand has calmed, or its period is over");
        }
        else
        {
            Issue(governed, evaluation, move);
        }

        var standing = new LadderStanding(wanted, ladder.Step, governed.IsHard, ladder.IsRelapse, permitted < wanted, _gate.Breaker.IsOpenAnywhere);
        governed.Alerts.Evaluate(governed.Rules, evaluation, standing, _maker, _transitions);
        FollowLease(governed, evaluation, permitted < wanted);
    }

    /// <summary>Leases are granted where the budget asks for them and nothing holds it back; what cannot be granted from is released.</summary>
    private void FollowLease(GovernedScope governed, BudgetEvaluation evaluation, bool isHeldBack)
    {
        if (!evaluation.Budget.Leases || evaluation.IsSeeding || governed.IsShadow || isHeldBack)
        {
            EndLease(governed, evaluation.NowMs, evaluation.Budget.Leases ? "Its budget is held back" : "Its budget grants no leases");
            return;
        }

        // It may be that nothing is used up any more, but only the ledger and reports to a lease that stands could tell.
        governed.IsLeaseHeldBack = governed.IsLeaseHeldBack && !_gate.PermitsRefusal(evaluation, _members);
        if (governed.IsLeaseHeldBack)
        {
            return;
        }

        _leases.Follow(evaluation, _members.Of(governed.Scope, evaluation.NowMs), _standing.InForce.GetValueOrDefault);
    }

    private void GrantLeases(long nowMs)
    {
        foreach (var (lease, command) in _leases.Due(_set?.Version ?? 0, nowMs))
        {
            var before = _standing.InForce.GetValueOrDefault(lease.Key);
            if (!_scopes.TryGetValue((command.Cause!.Budget, lease.Scope), out var governed))
            {
                _leases.Forget(lease.Key);
                continue;
            }

            if (command.RetryAtMs is not null && before?.RetryAtMs is null && !_gate.PermitsRefusal(lease.Evaluation!, _members))
            {
                // A lease that refuses for good hits like a hard command; one that stands so already has hit.
                governed.IsLeaseHeldBack = true;
                EndLease(governed, nowMs, "The breaker holds it back");
                continue;
            }

            if (before is null)
            {
                TellEvent(governed, TransitionKind.Issued, nowMs, lease.Evaluation, command.Id, "grants leases");
            }

            Send(command);
        }
    }

    private void EndLease(GovernedScope governed, long nowMs, string why)
    {
        _leases.Forget(governed.LeaseKey);
        if (_standing.InForce.TryGetValue(governed.LeaseKey, out var lease))
        {
            SendRelease(lease, nowMs, why, null);
            TellEvent(governed, TransitionKind.Released, nowMs, null, lease.Id, $"releases {GovernorWords.Word(lease)}: {char.ToLowerInvariant(why[0])}{why[1..]}");
        }
    }

    private void Issue(GovernedScope governed, BudgetEvaluation evaluation, LadderMove move)
    {
        var now = evaluation.NowMs;
        var before = governed.Command;
        var tenants = _members.Of(governed.Scope, now);
        var isRenewal = before is not null && LadderCommands.Says(before, governed.Ladder, evaluation, governed.Rules.Source, tenants);
        if (isRenewal && !(governed.Ladder.IsRenewable(evaluation.Budget, now, governed.IsShadow) && now - before!.IssuedMs >= _options.RenewMs))
        {
            return;
        }

        var command = LadderCommands.Make(governed.Ladder, evaluation, governed.Rules.Source, tenants, _set!.Version, _options);
        governed.Command = command;
        if (!governed.IsShadow)
        {
            Send(command);
        }

        if (!isRenewal)
        {
            var kind = governed.IsShadow ? TransitionKind.WouldIssue : TransitionKind.Issued;
            TellEvent(governed, kind, now, evaluation, command.Id, $"{GovernorWords.Verb(move)} {GovernorWords.Word(command)}: {command.Reason.TrimEnd('.')}");
        }
    }

    private void Release(GovernedScope governed, long nowMs, BudgetEvaluation? evaluation, string why)
    {
        if (governed.Command is not { } command)
        {
            return;
        }

        governed.Command = null;
        if (!governed.IsShadow)
        {
            SendRelease(command, nowMs, why, governed.Ladder.Remember());
        }

        var kind = governed.IsShadow ? TransitionKind.WouldRelease : TransitionKind.Released;
        TellEvent(governed, kind, nowMs, evaluation, command.Id, $"releases {GovernorWords.Word(command)}: {char.ToLowerInvariant(why[0])}{why[1..]}");
    }

    private void Send(Command command)
    {
        _standing.Set(command);
        _commands.Add(command);
        _gate.Stand(command, _members);
    }

    private void SendRelease(Command command, long nowMs, string why, LadderMemory? memory) => Send(command with
    {
        Version = default,
        Action = CommandAction.None,
        Parameters = ActionParameters.Nothing,
        IsProbe = false,
        IssuedMs = nowMs,
        ExpiresMs = null,
        RetryAtMs = null,
        Reason = why + ".",
        Ladder = memory,
        Lease = null,
    });

    /// <summary>Lets one scope follow what its budget and the pause have become.</summary>
    private void Follow(GovernedScope governed, long nowMs)
    {
        if (!_rules.TryGetValue(governed.Rules.Budget.Name, out var rules) || !rules.Budget.Scope.Covers(governed.Scope))
        {
            Drop(governed, nowMs, "The budget is gone");
            return;
        }

        var isShadow = IsShadow(rules.Budget);
        if (isShadow != governed.IsShadow)
        {
            governed.Ladder.Reset();
            Release(governed, nowMs, null, WhyShadow());
            governed.IsShadow = isShadow;
            if (isShadow)
            {
                EndLease(governed, nowMs, WhyShadow());
            }
        }

        if (ReferenceEquals(rules, governed.Rules))
        {
            return;
        }

        if (rules.Budget.Mode != governed.Rules.Budget.Mode)
        {
            // What began while nobody was to be told of it has to begin again, and the other way round.
            governed.Alerts.End(governed.Rules, _maker, nowMs, _transitions);
        }

        governed.Rules = rules;
        if (governed.Ladder.Step >= 0)
        {
            governed.Ladder.MoveTo(rules.StepOf(governed.Ladder.Step, governed.Command!.Action, governed.Ladder.IsProbe));
        }
    }

    private void Drop(GovernedScope governed, long nowMs, string why)
    {
        governed.Ladder.Reset();
        Release(governed, nowMs, null, why);
        EndLease(governed, nowMs, why);
        governed.Alerts.End(governed.Rules, _maker, nowMs, _transitions);
        _scopes.Remove((governed.Rules.Budget.Name, governed.Scope));
        _limits.Count(governed.Rules.Budget.Name, -1);
    }

    private void FollowBudgets(long nowMs)
    {
        if (!_hasToFollow)
        {
            return;
        }

        _hasToFollow = false;
        foreach (var governed in _scopes.Values)
        {
            Follow(governed, nowMs);
        }
    }

    /// <summary>
    /// Releases what stands of budgets that are gone, no longer enforce or are paused and that nothing has evaluated yet, and what has expired unevaluated.
    /// </summary>
    private void ReleaseUngoverned(long nowMs)
    {
        foreach (var command in _standing.InForce.Values.Where(command => command.Cause is not null && !command.IsManual).ToArray())
        {
            var governed = _scopes.GetValueOrDefault((command.Cause!.Budget, command.Scope));
            var isExpired = command.ExpiresMs + UnevaluatedMs <= nowMs && !(governed?.EvaluatedMs > nowMs - UnevaluatedMs);
            if (governed is not null && isExpired)
            {
                governed.Ladder.Expire(nowMs);
                Release(governed, nowMs, null, "It expired");
            }
            else if (governed is null)
            {
                var isGoverned = _rules.TryGetValue(command.Cause.Budget, out var rules) && rules.Budget.Scope.Covers(command.Scope);
                if (!isGoverned || IsShadow(rules!.Budget) || isExpired)
                {
                    SendRelease(command, nowMs, isExpired ? "It expired" : WhyShadow(), null);
                }
            }
        }
    }

    private void EndUngovernedAlerts(long nowMs)
    {
        foreach (var alert in _restoredAlerts.Values.Where(alert => !_rules.ContainsKey(alert.Budget)).ToArray())
        {
            _restoredAlerts.Remove(alert.Fingerprint);
            _transitions.Add(alert with { AtMs = nowMs, EndedMs = nowMs, Summary = $"Budget {alert.Budget} of {alert.Scope} is no longer governed." });
        }
    }

    /// <summary>Once an hour forgets scopes that nobody spends in and that have nothing to tell.</summary>
    private void Sweep(long nowMs)
    {
        if (nowMs - _sweptMs < SweepMs)
        {
            return;
        }

        _sweptMs = nowMs;
        foreach (var (key, governed) in _scopes)
        {
            if (governed.Command is null && governed.Alerts.IsQuiet && nowMs - governed.EvaluatedMs >= SweepMs)
            {
                _scopes.Remove(key);
                _limits.Count(key.Budget, -1);
            }
        }
    }

    private void FollowRequests(GovernControls controls, long nowMs)
    {
        var asked = new HashSet<string>(StringComparer.Ordinal);
        foreach (var request in controls.Requests)
        {
            if (request.IsInForce(nowMs) && request.Scope.Partition(_options.Partitions) == _partition)
            {
                var command = ManualCommands.Make(request, _members.Of(request.Scope, nowMs), nowMs);
                asked.Add(command.Key);
                if (_standing.InForce.GetValueOrDefault(command.Key) is not { } standing || !ManualCommands.Same(standing, command))
                {
                    Send(command);
                }
            }
        }

        foreach (var command in _standing.InForce.Values.Where(command => command.IsManual && !asked.Contains(command.Key)).ToArray())
        {
            var isExpired = command.ExpiresMs <= nowMs;
            var request = controls.Requests.FirstOrDefault(request => request.Source == command.Source);
            SendRelease(command, nowMs, isExpired ? "It expired" : request?.ReleasedReason is { Length: > 0 } reason ? reason.TrimEnd('.') : "A person took it back", null);
        }
    }

    private void TellEvent(GovernedScope governed, TransitionKind kind, long nowMs, BudgetEvaluation? evaluation, string id, string what)
    {
        var name = new LastingKind(kind, GovernorWords.Name(kind), AlertSeverity.Info, 0);
        _transitions.Add(_maker.Make(governed.Rules.Budget, governed.Scope, name, nowMs, evaluation, what) with
        {
            EndedMs = nowMs,
            CommandId = id,
            From = governed.Alerts.State,
            To = governed.Alerts.State,
        });
    }
}
