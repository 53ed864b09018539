using TokenStream.Budgets;
using TokenStream.Commands;
using TokenStream.Governing;
using TokenStream.Governing.Alerts;
using TokenStream.Scopes;
using TokenStream.Tests.Governing.Evaluation;

namespace TokenStream.Tests.Governing;

/// <summary>
/// Budgets, a governor and a gateway in simulated time: in each slot the demand meets the gateway, what it serves is spent, what it blocks is
/// reported, every budget is evaluated, and the governor's commands reach the gateway. Several models may share one scope's demand.
/// </summary>
internal sealed class GovernWorld
{
    public const long DollarPicos = 1_000_000_000_000;

    private readonly int _slotMs;
    private readonly List<BudgetModel> _models = [];
    private readonly List<Command> _log = [];
    private long _epoch = 1;
    private long _counter;

    public GovernWorld(string start, int slotMs, params IReadOnlyList<(Budget Budget, Scope Scope)> governed)
    {
        _slotMs = slotMs;
        NowMs = At(start);
        _models.AddRange(governed.Select(pair => new BudgetModel(pair.Budget, pair.Scope, NowMs, slotMs)));
        Set = new BudgetSet(1, [.. governed.Select(pair => pair.Budget).Distinct()]);
        Governor = New([], []);
    }

    public long NowMs { get; private set; }

    public BudgetSet Set { get; private set; }

    public GovernControls Controls { get; private set; } = GovernControls.None;

    public Governor Governor { get; private set; }

    public IReadOnlyList<BudgetModel> Models => _models;

    /// <summary>Every command ever issued, with its version, oldest first.</summary>
    public IReadOnlyList<Command> Log => _log;

    public List<BudgetTransition> Transitions { get; } = [];

    public List<int> CommandsBySlot { get; } = [];

    public Dictionary<Scope, GatewayModel> Gateways { get; } = [];

    public IEnumerable<Command> Issued => _log.Where(command => command.Action != CommandAction.None);

    /// <summary>Steps taken, renewals left out: what a person sees happen.</summary>
    public IEnumerable<BudgetTransition> Events(TransitionKind kind) => Transitions.Where(transition => transition.Kind == kind);

    public static long At(string time) =>
        DateTimeOffset.Parse(time, System.Globalization.CultureInfo.InvariantCulture, System.Globalization.DateTimeStyles.AssumeUniversal).ToUnixTimeMilliseconds();

    public static Budget MonthlyBudget(decimal dollars, params LadderStep[] ladder) => new()
    {
        Name = "acme-month",
        Scope = ScopePattern.Of((ScopeDimension.Tenant, ScopeTerm.Each)),
        Amount = new BudgetAmount((Int128)(dollars * DollarPicos), false),
        Period = new BudgetPeriod(PeriodKind.Month),
        Mode = BudgetMode.Enforce,
        Ladder = ladder,
    };

    public static LadderStep Burn(decimal factor, CommandAction action, long? tokensPerMinute = null) => new()
    {
        Trigger = LadderTrigger.BurnRate,
        Level = factor,
        Action = action,
        Parameters = new ActionParameters { TokensPerMinute = tokensPerMinute },
    };

    public static LadderStep Spent(decimal percent, CommandAction action, long? tokensPerMinute = null) =>
        Burn(percent, action, tokensPerMinute) with { Trigger = LadderTrigger.Spent };

    public static LadderStep Exhausted(CommandAction action) => new() { Trigger = LadderTrigger.Exhausted, Action = action };

    public static Scope Tenant(string name) => Scope.Of((ScopeDimension.Tenant, ScopeTerm.Exact(name)));

    /// <summary>Runs until a time, each model's scope demanding so many picodollars a minute.</summary>
    public void RunUntil(string time, Func<BudgetModel, long, Int128> demandPerMinute) => RunUntil(At(time), demandPerMinute);

    public void RunUntil(long untilMs, Func<BudgetModel, long, Int128> demandPerMinute)
    {
        while (NowMs < untilMs)
        {
            Step(demandPerMinute);
        }
    }

    public void Step(Func<BudgetModel, long, Int128> demandPerMinute)
    {
        foreach (var model in _models)
        {
            var demand = demandPerMinute(model, NowMs) * _slotMs / 60_000;
            var served = Int128.Min(demand, GatewayOf(model.Scope).LetThrough(demand, NowMs, _slotMs));
            model.Add(served, demand - served);
        }

        NowMs += _slotMs;
        var before = _log.Count;
        Take(Governor.Tick(NowMs));
        Take(Governor.Evaluate([.. _models.Select(model => model.Evaluate())], NowMs));
        CommandsBySlot.Add(_log.Count - before);
    }

    public void Tick() => Take(Governor.Tick(NowMs));

    public void Adopt(BudgetSet set, TenantDirectory? directory = null)
    {
        Set = set;
        Governor.Adopt(set, directory ?? TenantDirectory.Empty);
        foreach (var model in _models)
        {
            model.Change(set.Budgets.FirstOrDefault(budget => budget.Name == model.Budget.Name) ?? model.Budget);
        }
    }

    public void Control(GovernControls controls)
    {
        Controls = controls;
        Governor.SetControls(controls);
    }

    /// <summary>The governor dies; another goes on with what the log and the checkpoint hold.</summary>
    public void Restart()
    {
        var open = Governor.OpenAlerts(NowMs).ToArray();
        _epoch++;
        _counter = 0;
        Governor = New(_log.GroupBy(command => command.Key).Select(group => group.Last()), open);
    }

    private Governor New(IEnumerable<Command> log, IEnumerable<BudgetTransition> open)
    {
        var governor = new Governor(0, new GovernorOptions { Partitions = 1 });
        governor.Restore(log, open, NowMs);
        governor.Adopt(Set, TenantDirectory.Empty);
        governor.SetControls(Controls);
        return governor;
    }

    private GatewayModel GatewayOf(Scope scope)
    {
        if (!Gateways.TryGetValue(scope, out var gateway))
        {
            Gateways.Add(scope, gateway = new GatewayModel());
        }

        return gateway;
    }

    private void Take(GovernorOutput output)
    {
        Transitions.AddRange(output.Transitions);
        foreach (var command in output.Commands)
        {
            var numbered = command with { Version = new CommandVersion(_epoch, ++_counter) };
            _log.Add(numbered);
            GatewayOf(numbered.Scope).Take([numbered]);
        }
    }
}
