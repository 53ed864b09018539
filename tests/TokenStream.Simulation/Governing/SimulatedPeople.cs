using TokenStream.Budgets;
using TokenStream.Commands;
using TokenStream.Governing;
using TokenStream.Runtime;
using TokenStream.Scopes;

namespace TokenStream.Simulation.Governing;

/// <summary>What people say: amounts, modes, the pause, requests. Each word is a version; nodes hear of it sooner or later, in order.</summary>
internal sealed class SimulatedPeople
{
    public const string OneModel = "tenant=a;model=m";

    /// <summary>The budget that comes and goes.</summary>
    private const string Spare = "spare";

    private readonly GovernWorld _world;
    private readonly List<GovernInputs> _versions = [];
    private int _requests;

    public SimulatedPeople(GovernWorld world)
    {
        _world = world;
        _versions.Add(new GovernInputs(new BudgetSet(1, [.. Names.Select(NewBudget)]), TenantDirectory.Empty, Since, GovernControls.None));
    }

    /// <summary>Number of the last version.</summary>
    public int Latest => _versions.Count - 1;

    public GovernInputs Now => _versions[^1];

    public GovernInputs this[int version] => _versions[version];

    private static string[] Names => ["each", "model", "total", Spare];

    private static Dictionary<string, long> Since { get; } = new() { ["tenant=<each>"] = 0, [OneModel] = 0, ["all"] = 0 };

    /// <summary>Says something new.</summary>
    public void Act()
    {
        var now = Now;
        var controls = now.Controls;
        switch (_world.Random.Next(8))
        {
            case 0:
                var paused = !controls.Pause.Paused && _world.Chance(0.6);
                Say(now with { Controls = controls with { Pause = new GovernPause(paused, "simulated", "somebody", _world.NowMs) } });
                break;
            case 1:
            case 2:
                Say(now with { Controls = controls with { Requests = [.. controls.Requests, NewRequest()] } });
                break;
            case 3 when controls.Requests.Count > 0:
                var taken = _world.Choice<ManualRequest>([.. controls.Requests]);
                var requests = controls.Requests.Select(request => request == taken ? TakenBack(request) : request);
                Say(now with { Controls = controls with { Requests = [.. requests] } });
                break;
            case 4:
                // Its scopes have another budget all the time, so that what they spent in the period is known when it comes back.
                var others = now.Set.Budgets.Where(budget => budget.Name != Spare);
                var isThere = now.Set.Budgets.Count == Names.Length;
                Say(now with { Set = new BudgetSet(now.Set.Version + 1, isThere ? [.. others] : [.. others, NewBudget(Spare)]) });
                break;
            default:
                var changed = _world.Choice<string>(Names);
                var budgets = now.Set.Budgets.Select(budget => budget.Name == changed ? NewBudget(changed) : budget);
                Say(now with { Set = new BudgetSet(now.Set.Version + 1, [.. budgets]) });
                break;
        }
    }

    private void Say(GovernInputs inputs) => _versions.Add(inputs);

    private Budget NewBudget(string name)
    {
        var (scope, most) = name switch { "each" or Spare => ("tenant=<each>", 1), "model" => (OneModel, 1), _ => ("all", 4) };
        _ = ScopePattern.TryParse(scope, out var pattern, out _);
        return new Budget
        {
            Name = name,
            Scope = pattern,
            Amount = new BudgetAmount(_world.Choice(20, 60, 150, 400, 2000) * most, IsTokens: false),
            Period = new BudgetPeriod(PeriodKind.Day),
            Mode = _world.Chance(0.85) ? BudgetMode.Enforce : _world.Choice(BudgetMode.Observe, BudgetMode.Alert),
            PassesBreaker = true,
            Ladder = name switch
            {
                "each" => [Step(LadderTrigger.Exhausted, 100, CommandAction.Kill)],
                Spare => [Step(LadderTrigger.Exhausted, 100, CommandAction.CacheOnly)],
                "model" => [Step(LadderTrigger.Exhausted, 100, CommandAction.Throttle) with { Parameters = new() { RequestsPerMinute = 3 } }],
                _ =>
                [
                    Step(LadderTrigger.Spent, 50, CommandAction.TrimOutput) with { Parameters = new() { MaxOutputTokens = 100 } },
                    Step(LadderTrigger.Exhausted, 100, CommandAction.CacheOnly),
                ],
            },
        };
    }

    /// <summary>A hold of more than a day: what a budget of a day has taken in its period stays.</summary>
    private static LadderStep Step(LadderTrigger trigger, decimal level, CommandAction action) =>
        new() { Trigger = trigger, Level = level, Action = action, HoldMs = 2 * GovernWorld.DayMs };

    private ManualRequest NewRequest()
    {
        _ = Scope.TryParse(_world.Choice("tenant=a", "tenant=b", OneModel, "all", "tenant=z"), out var scope, out _);
        return new ManualRequest
        {
            Id = $"r{_requests++}",
            Action = _world.Choice(CommandAction.Kill, CommandAction.CacheOnly, CommandAction.Allow),
            Scope = scope,
            UntilMs = _world.Chance(0.3) ? _world.NowMs + _world.Random.Next(120_000) : null,
            Reason = "simulated",
            By = "somebody",
            AtMs = _world.NowMs,
        };
    }

    private ManualRequest TakenBack(ManualRequest request) =>
        request with { ReleasedMs = _world.NowMs, ReleasedBy = "somebody", ReleasedReason = "over" };
}
