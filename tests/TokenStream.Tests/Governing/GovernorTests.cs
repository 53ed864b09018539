using TokenStream.Budgets;
using TokenStream.Commands;
using TokenStream.Governing;
using TokenStream.Governing.Alerts;
using TokenStream.Governing.Evaluation;
using TokenStream.Scopes;
using Xunit;
using static TokenStream.Tests.Governing.GovernWorld;

namespace TokenStream.Tests.Governing;

public sealed class GovernorTests
{
    private const long MinuteMs = 60_000;

    private static readonly Int128 Pace = 500 * DollarPicos / (30 * 24 * 60);
    private static readonly Scope AcmeScope = Tenant("acme");

    [Theory]
    [InlineData(BudgetMode.Observe)]
    [InlineData(BudgetMode.Alert)]
    public void Budget_that_does_not_enforce_says_what_it_would_send_and_sends_nothing(BudgetMode mode)
    {
        var world = World(MonthlyBudget(500, Burn(14.4m, CommandAction.Kill)) with { Mode = mode });

        world.RunUntil(world.NowMs + (60 * MinuteMs), (_, _) => Pace * 100);

        Assert.Empty(world.Log);
        Assert.Single(world.Events(TransitionKind.WouldIssue));
        Assert.Equal(mode == BudgetMode.Alert, world.Transitions.Any(transition => transition.Notifies));
    }

    [Fact]
    public void Switch_to_observe_releases_with_the_next_tick()
    {
        var world = Killed(out var budget);

        world.Adopt(new BudgetSet(2, [budget with { Mode = BudgetMode.Observe }]));
        world.Tick();

        Assert.Empty(world.Governor.InForce);
        Assert.Equal(CommandAction.None, world.Log[^1].Action);
    }

    [Fact]
    public void Budget_that_is_gone_releases_its_command_and_ends_what_it_told()
    {
        var world = Killed(out _);

        world.Adopt(new BudgetSet(2, []));
        world.Tick();

        Assert.Empty(world.Governor.InForce);
        Assert.Empty(world.Governor.OpenAlerts(world.NowMs));
    }

    [Fact]
    public void Raised_amount_releases_at_once_and_a_lowered_one_acts_at_once()
    {
        var budget = MonthlyBudget(10, Exhausted(CommandAction.Kill));
        var world = World(budget);
        world.RunUntil(world.NowMs + (15 * MinuteMs), (_, _) => DollarPicos);
        Assert.Equal(CommandAction.Kill, world.Gateways[AcmeScope].Hardest(world.NowMs));

        world.Adopt(new BudgetSet(2, [budget with { Amount = new BudgetAmount(100 * DollarPicos, false) }]));
        world.Step((_, _) => DollarPicos);
        Assert.Equal(CommandAction.None, world.Gateways[AcmeScope].Hardest(world.NowMs));

        world.Adopt(new BudgetSet(3, [budget with { Amount = new BudgetAmount(5 * DollarPicos, false) }]));
        world.Step((_, _) => 0);
        Assert.Equal(CommandAction.Kill, world.Gateways[AcmeScope].Hardest(world.NowMs));
    }

    [Fact]
    public void Trigger_lost_and_regained_within_the_hold_changes_nothing()
    {
        var world = Killed(out _);
        var id = world.Log[^1].Id;

        world.RunUntil(world.NowMs + (4 * MinuteMs), (_, _) => 0);
        world.RunUntil(world.NowMs + (10 * MinuteMs), (_, _) => Pace * 100);

        Assert.All(world.Log, command => Assert.Equal((id, CommandAction.Kill), (command.Id, command.Action)));
    }

    [Fact]
    public void Burn_command_is_renewed_each_minute_and_expires_after_fifteen()
    {
        var world = Killed(out _);

        world.RunUntil(world.NowMs + (10 * MinuteMs), (_, _) => Pace * 100);

        Assert.All(world.Log, command => Assert.Equal(15 * MinuteMs, command.ExpiresMs - command.IssuedMs));
        Assert.All(world.Log.Zip(world.Log.Skip(1)), pair => Assert.Equal(MinuteMs, pair.Second.IssuedMs - pair.First.IssuedMs));
    }

    [Fact]
    public void Exhaustion_command_expires_with_the_period_and_says_when_to_come_back()
    {
        var world = World(MonthlyBudget(10, Exhausted(CommandAction.Kill)));

        world.RunUntil(world.NowMs + (60 * MinuteMs), (_, _) => DollarPicos);

        var command = Assert.Single(world.Log);
        Assert.InRange(command.ExpiresMs!.Value, At("2026-05-01T00:00:10Z"), At("2026-05-01T00:01:00Z"));
        Assert.Equal(command.ExpiresMs, command.RetryAtMs);
    }

    [Fact]
    public void Amount_spent_to_the_last_picodollar_is_not_exhausted()
    {
        var world = World(MonthlyBudget(10, Exhausted(CommandAction.Kill)));

        world.Step((_, _) => 60 * DollarPicos);
        Assert.Equal(10 * DollarPicos, world.Models[0].TotalSpent);
        Assert.Empty(world.Log);
        world.Step((_, _) => 6);

        Assert.Equal(CommandAction.Kill, Assert.Single(world.Log).Action);
    }

    [Fact]
    public void Share_of_the_amount_is_released_by_calm_demand_and_trips_again_only_with_demand()
    {
        var world = World(MonthlyBudget(100, Spent(50, CommandAction.Throttle, 1_000_000)));
        world.RunUntil(world.NowMs + (60 * MinuteMs), (_, _) => DollarPicos);
        Assert.Equal(CommandAction.Throttle, world.Gateways[AcmeScope].Hardest(world.NowMs));

        // 50 dollars are left for about 20 days, a sixth of a cent a minute: a twentieth of a cent is below half of that.
        world.RunUntil(world.NowMs + (30 * MinuteMs), (_, _) => DollarPicos / 2000);
        Assert.Empty(world.Governor.InForce);
        world.RunUntil(world.NowMs + (30 * MinuteMs), (_, _) => DollarPicos / 2000);
        Assert.Empty(world.Governor.InForce);
        world.RunUntil(world.NowMs + (2 * MinuteMs), (_, _) => DollarPicos);

        Assert.Single(world.Governor.InForce);
    }

    [Theory]
    [InlineData(CommandAction.Kill, false, false)]
    [InlineData(CommandAction.Kill, true, true)]
    [InlineData(CommandAction.TrimOutput, false, true)]
    public void Bound_on_unpriced_usage_reaches_hard_steps_only_where_the_budget_says_so(CommandAction action, bool enforces, bool acts)
    {
        var world = World(MonthlyBudget(10, Exhausted(action)) with { EnforceUnpriced = enforces });
        world.Models[0].Unpriced = 11 * DollarPicos;

        world.Step((_, _) => DollarPicos);

        Assert.Equal(acts, world.Log.Count == 1);
        world.Step((_, _) => 0);
        Assert.Contains(world.Transitions, transition => transition is { Kind: TransitionKind.Exhausted, Notifies: true });
    }

    [Fact]
    public void Budget_that_is_being_filled_sends_nothing_until_it_is()
    {
        var world = World(MonthlyBudget(10, Exhausted(CommandAction.Kill)));
        world.Models[0].IsSeeding = true;
        world.RunUntil(world.NowMs + (20 * MinuteMs), (_, _) => DollarPicos);
        Assert.Empty(world.Log);

        world.Models[0].IsSeeding = false;
        world.Step((_, _) => DollarPicos);

        Assert.Single(world.Log);
        world.Step((_, _) => 0);
        Assert.Contains(world.Transitions, transition => transition is { Kind: TransitionKind.Exhausted, Notifies: true });
    }

    [Fact]
    public void Old_spend_triggers_nothing()
    {
        var world = World(MonthlyBudget(10, Exhausted(CommandAction.Kill)) with { Mode = BudgetMode.Observe });
        world.Step((_, _) => 100 * DollarPicos);
        world.RunUntil(world.NowMs + (11 * MinuteMs), (_, _) => 0);

        world.Adopt(new BudgetSet(2, [world.Set.Budgets[0] with { Mode = BudgetMode.Enforce }]));
        world.RunUntil(world.NowMs + MinuteMs, (_, _) => 0);

        Assert.Empty(world.Log);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Rolling_budget_is_released_when_its_use_has_fallen_to_nine_tenths(bool reportsBlocked)
    {
        var budget = MonthlyBudget(10, Exhausted(CommandAction.Kill)) with { Period = new BudgetPeriod(PeriodKind.Rolling, Hours: 4), BurnFactors = [] };
        var world = World(budget);
        world.Models[0].ReportsBlocked = reportsBlocked;
        world.RunUntil(world.NowMs + (2 * 60 * MinuteMs), (_, _) => DollarPicos / 10);
        world.RunUntil(world.NowMs + (5 * MinuteMs), (_, _) => DollarPicos);
        Assert.Equal(CommandAction.Kill, world.Gateways[AcmeScope].Hardest(world.NowMs));

        // Spend leaves the four hours two hours later; demand goes on all the while.
        world.RunUntil(world.NowMs + (110 * MinuteMs), (_, _) => DollarPicos / 20);
        Assert.Equal(CommandAction.Kill, world.Gateways[AcmeScope].Hardest(world.NowMs));
        world.RunUntil(world.NowMs + (60 * MinuteMs), (_, _) => DollarPicos / 20);

        Assert.Empty(world.Governor.InForce);
    }

    [Fact]
    public void Ladder_of_one_step_is_left_through_its_trial()
    {
        var world = Killed(out _);

        world.RunUntil(world.NowMs + MinuteMs, (_, _) => Pace * 100);
        world.RunUntil(world.NowMs + (40 * MinuteMs), (_, _) => 0);

        Assert.Equal([(CommandAction.Kill, false), (CommandAction.Throttle, true), (CommandAction.None, false)], world.Log.Select(command => (command.Action, command.IsProbe)).Distinct());
        Assert.Empty(world.Governor.InForce);
    }

    [Fact]
    public void Demand_that_comes_back_in_the_trial_is_stopped_again_for_twice_the_hold()
    {
        var world = Killed(out _);
        world.RunUntil(world.NowMs + MinuteMs, (_, _) => Pace * 100);
        world.RunUntil(world.NowMs + (60 * MinuteMs), (_, _) => world.Log[^1].IsProbe ? Pace * 100 : 0);

        var kills = world.Issued.Where(command => !command.IsProbe).DistinctBy(command => command.Id).ToArray();
        Assert.True(kills.Length >= 2);
        Assert.Equal(2 * kills[0].Ladder!.HoldMs, kills[1].Ladder!.HoldMs);
        Assert.True(world.Models[0].TotalSpent < kills[0].Cause!.Spent * 11 / 10);
    }

    [Fact]
    public void Ladder_with_other_steps_goes_on_from_what_is_in_force()
    {
        var world = Killed(out var budget);

        world.Adopt(new BudgetSet(2, [budget with { Ladder = [Burn(6, CommandAction.Throttle, 100), Burn(14.4m, CommandAction.Kill)] }]));
        world.Step((_, _) => Pace * 100);
        Assert.Equal((CommandAction.Kill, 1), (world.Log[^1].Action, world.Log[^1].Ladder!.Step));

        world.Adopt(new BudgetSet(3, [budget with { Ladder = [] }]));
        world.Step((_, _) => Pace * 100);
        Assert.Equal(CommandAction.None, world.Log[^1].Action);
    }

    [Fact]
    public void Shorter_period_takes_effect_without_letting_go()
    {
        var world = Killed(out var budget);

        world.Adopt(new BudgetSet(2, [budget with { Period = new BudgetPeriod(PeriodKind.Week) }]));
        world.RunUntil(world.NowMs + (30 * MinuteMs), (_, _) => Pace * 500);

        Assert.DoesNotContain(world.Log, command => command.Action == CommandAction.None);
        Assert.Equal(CommandAction.Kill, world.Gateways[AcmeScope].Hardest(world.NowMs));
    }

    [Fact]
    public void Budget_with_each_says_when_it_comes_near_its_limit()
    {
        var budget = MonthlyBudget(500) with { EachLimit = 10 };
        var world = new GovernWorld("2026-04-10T00:00Z", 10_000, [.. Enumerable.Range(0, 8).Select(i => (budget, Tenant($"t{i}")))]);

        world.RunUntil(world.NowMs + MinuteMs, (_, _) => 0);

        var told = Assert.Single(world.Transitions, transition => transition.Kind == TransitionKind.EachLimit);
        Assert.Equal(("tenant=<each>", AlertSeverity.Ticket, null), (told.Scope, told.Severity, told.EndedMs));
    }

    [Fact]
    public void Release_is_kept_for_seven_days_and_then_its_record_may_go()
    {
        var world = Killed(out var budget);
        world.Adopt(new BudgetSet(2, []));
        world.Tick();
        var key = $"{AcmeScope.Text}|budget/{budget.Name}";

        Assert.Empty(world.Governor.Tick(world.NowMs + (7L * 24 * 60 * MinuteMs)).Tombstones);
        Assert.Equal([key], world.Governor.Tick(world.NowMs + (7L * 24 * 60 * MinuteMs) + 1).Tombstones);
        Assert.Empty(world.Governor.Tick(world.NowMs + (8L * 24 * 60 * MinuteMs)).Tombstones);
    }

    [Fact]
    public void Ten_thousand_budgets_that_roll_over_at_once_are_released_over_a_minute()
    {
        var budget = MonthlyBudget(10, Exhausted(CommandAction.Kill)) with { PassesBreaker = true };
        var governor = new Governor(0, new GovernorOptions { Partitions = 1 });
        governor.Adopt(new BudgetSet(1, [budget]), TenantDirectory.Empty);
        var scopes = Enumerable.Range(0, 10_000).Select(i => Tenant($"t{i}")).ToArray();
        var (april, may) = (new PeriodSpan(At("2026-04-01"), At("2026-05-01")), new PeriodSpan(At("2026-05-01"), At("2026-06-01")));
        Assert.Equal(10_000, governor.Evaluate([.. scopes.Select(scope => Standing(budget, scope, april, april.EndMs - 60_000, 11))], april.EndMs - 60_000).Commands.Count);

        var most = 0;
        for (var second = 0; second < 75; second++)
        {
            var now = may.StartMs + (second * 1000);
            var due = scopes.Where((_, i) => i % 10 == second % 10);
            most = Math.Max(most, governor.Evaluate([.. due.Select(scope => Standing(budget, scope, may, now, 0))], now).Commands.Count + governor.Tick(now).Commands.Count);
        }

        Assert.Empty(governor.InForce);
        Assert.InRange(most, 100, 400);
    }

    private static BudgetEvaluation Standing(Budget budget, Scope scope, PeriodSpan period, long nowMs, int dollars) => new()
    {
        Budget = budget,
        Scope = scope,
        NowMs = nowMs,
        Period = period,
        Limit = budget.Amount.Value,
        Spent = dollars * DollarPicos,
        Pairs = [],
        DemandPerMinute = 0,
        SteadyDemandPerMinute = 0,
    };

    private static GovernWorld World(Budget budget) => new("2026-04-10T00:00Z", 10_000, (budget, AcmeScope));

    /// <summary>A world in which a burn step has just killed.</summary>
    private static GovernWorld Killed(out Budget budget)
    {
        budget = MonthlyBudget(500, Burn(14.4m, CommandAction.Kill));
        var world = World(budget);
        while (world.Log.Count == 0)
        {
            world.Step((_, _) => Pace * 100);
        }

        return world;
    }
}
