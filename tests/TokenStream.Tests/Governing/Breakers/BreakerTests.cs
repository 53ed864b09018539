using TokenStream.Budgets;
using TokenStream.Commands;
using TokenStream.Governing;
using TokenStream.Governing.Alerts;
using TokenStream.Governing.Breakers;
using TokenStream.Scopes;
using Xunit;
using static TokenStream.Tests.Governing.GovernWorld;

namespace TokenStream.Tests.Governing.Breakers;

public sealed class BreakerTests
{
    private static readonly Int128 Pace = 500 * DollarPicos / (30 * 24 * 60);

    [Theory]
    [InlineData(200, 10)]
    [InlineData(40, 3)]
    [InlineData(61, 3)]
    [InlineData(80, 4)]
    public void Price_a_million_times_too_high_stops_few_tenants_and_pages_once(int tenants, int allowed)
    {
        var world = Fleet(tenants, Burn(6, CommandAction.TrimOutput), Burn(14.4m, CommandAction.Kill), Exhausted(CommandAction.Kill));
        world.RunUntil(world.NowMs + (10 * 60_000), (_, _) => Pace / 2);
        Assert.Empty(world.Log);

        world.RunUntil(world.NowMs + (2 * 3_600_000), (_, _) => Pace / 2 * 1_000_000);

        Assert.Equal(allowed, world.Issued.Where(command => command.Action >= CommandAction.Throttle).DistinctBy(command => command.Scope).Count());
        var page = Assert.Single(world.Transitions, transition => transition is { Severity: AlertSeverity.Page, Notifies: true });
        Assert.Equal((TransitionKind.Breaker, null), (page.Kind, page.EndedMs));
        Assert.Equal(tenants, world.Events(TransitionKind.Exhausted).Count(transition => transition is { Severity: AlertSeverity.Ticket, EndedMs: null }));
        Assert.Equal(tenants - allowed, world.Events(TransitionKind.HeldBack).Count(transition => transition.EndedMs is null));
    }

    [Fact]
    public void One_pause_undoes_what_a_wrong_price_did()
    {
        var world = Fleet(60, Exhausted(CommandAction.Kill));
        world.RunUntil(world.NowMs + (10 * 60_000), (_, _) => Pace / 2);
        world.RunUntil(world.NowMs + (10 * 60_000), (_, _) => Pace / 2 * 1_000_000);
        Assert.Equal(3, world.Governor.InForce.Count);

        world.Control(new GovernControls(new GovernPause(true, "wrong price", "ada", world.NowMs), []));
        world.Tick();

        Assert.Empty(world.Governor.InForce);
        Assert.All(world.Gateways.Values, gateway => Assert.Equal(CommandAction.None, gateway.Hardest(world.NowMs)));
    }

    [Fact]
    public void Breaker_closes_by_itself_when_nothing_was_held_back_for_half_an_hour()
    {
        var world = Fleet(40, Burn(14.4m, CommandAction.Kill));
        world.RunUntil(world.NowMs + (60 * 60_000), (_, _) => Pace / 2);
        world.RunUntil(world.NowMs + (30 * 60_000), (_, _) => Pace * 100);
        Assert.True(world.Governor.IsBreakerOpen);

        // The lookbacks of an hour let go first, then half an hour passes.
        world.RunUntil(world.NowMs + (10 * 60_000), (_, _) => 0);
        Assert.True(world.Governor.IsBreakerOpen);
        world.RunUntil(world.NowMs + (90 * 60_000), (_, _) => 0);

        Assert.False(world.Governor.IsBreakerOpen);
        Assert.Equal([null, world.Events(TransitionKind.Breaker).Last().AtMs], world.Events(TransitionKind.Breaker).Select(transition => transition.EndedMs));
    }

    [Fact]
    public void Person_resets_it_and_it_opens_again_where_nothing_has_changed()
    {
        var world = Fleet(40, Exhausted(CommandAction.Kill));
        world.RunUntil(world.NowMs + (10 * 60_000), (_, _) => Pace * 1_000_000);
        world.Control(new GovernControls(new GovernPause(false, "checked", "ada", world.NowMs), []));
        Assert.False(world.Governor.IsBreakerOpen);

        world.Step((_, _) => Pace);

        Assert.True(world.Governor.IsBreakerOpen);
        Assert.Equal(6, world.Governor.InForce.Count);
    }

    [Fact]
    public void Scope_without_a_tenant_counts_as_every_active_tenant()
    {
        var each = MonthlyBudget(500);
        var all = MonthlyBudget(500, Exhausted(CommandAction.Kill)) with { Name = "everybody", Scope = ScopePattern.Of() };
        foreach (var passes in new[] { false, true })
        {
            var fleet = Enumerable.Range(0, 4).Select(i => (each, Tenant($"t{i}")));
            var world = new GovernWorld("2026-04-10T00:00Z", 10_000, [.. fleet, (all with { PassesBreaker = passes }, Scope.Everything)]);

            world.RunUntil(world.NowMs + (10 * 60_000), (_, _) => Pace * 1_000_000);

            Assert.Equal(passes ? 1 : 0, world.Governor.InForce.Count);
        }
    }

    [Fact]
    public void Tenants_of_other_partitions_count_and_those_hit_already_pass()
    {
        var breaker = new Breaker(new GovernorOptions { Partitions = 2 });
        breaker.SetOtherPartitions(new OtherPartitions(ActiveTenants: 100, HitTenants: 4, IsBreakerOpen: false));

        Assert.True(breaker.TryHit(["a"], hitsAll: false, 0));
        Assert.False(breaker.TryHit(["b"], hitsAll: false, 0));
        Assert.True(breaker.TryHit(["a"], hitsAll: false, 0));
    }

    [Fact]
    public void Breaker_of_another_partition_holds_back_without_opening_this_one()
    {
        var breaker = new Breaker(new GovernorOptions { Partitions = 2 });
        Assert.True(breaker.TryHit(["a"], hitsAll: false, 0));
        breaker.SetOtherPartitions(new OtherPartitions(ActiveTenants: 100, HitTenants: 0, IsBreakerOpen: true));

        Assert.False(breaker.TryHit(["b"], hitsAll: false, 0));
        Assert.True(breaker.TryHit(["a"], hitsAll: false, 0));
        Assert.Equal((null, true), (breaker.OpenedMs, breaker.IsOpenAnywhere));
        breaker.SetOtherPartitions(default);
        Assert.True(breaker.TryHit(["b"], hitsAll: false, 0));
    }

    [Fact]
    public void Pause_keeps_an_open_breaker_open_and_its_page_the_only_one()
    {
        var world = Fleet(40, Burn(14.4m, CommandAction.Kill), Exhausted(CommandAction.Kill));
        world.RunUntil(world.NowMs + (10 * 60_000), (model, _) => model.Scope.Equals(Tenant("t39")) ? 0 : Pace * 1_000_000);
        world.Control(new GovernControls(new GovernPause(true, "wrong price", "ada", world.NowMs), []));

        world.RunUntil(world.NowMs + (90 * 60_000), (_, _) => Pace * 1_000_000);

        Assert.True(world.Governor.IsBreakerOpen);
        Assert.Equal(TransitionKind.Breaker, Assert.Single(world.Transitions, transition => transition is { Severity: AlertSeverity.Page, EndedMs: null }).Kind);
    }

    [Fact]
    public void Single_runaway_pages_after_it_has_lasted_ten_seconds()
    {
        var world = Fleet(1, Exhausted(CommandAction.Kill));
        world.Step((_, _) => 600 * DollarPicos * 6);
        Assert.Equal(CommandAction.Kill, Assert.Single(world.Issued).Action);
        Assert.Empty(world.Events(TransitionKind.Exhausted));
        var began = world.NowMs;

        world.Step((_, _) => 0);

        var page = Assert.Single(world.Events(TransitionKind.Exhausted));
        Assert.Equal((AlertSeverity.Page, began, world.NowMs), (page.Severity, page.StartedMs, page.AtMs));
        Assert.Equal(BudgetAlerts.PageHoldMs, world.NowMs - began);
    }

    [Fact]
    public void Resumption_of_long_ago_does_not_reset_what_a_restored_governor_remembers()
    {
        var breaker = new Breaker(new GovernorOptions { Partitions = 1 });
        breaker.Restore(["a", "b", "c"], hitMs: 2000);

        breaker.Reset(saidMs: 1000);
        Assert.False(breaker.TryHit(["d"], hitsAll: false, 3000));
        breaker.Reset(saidMs: 2500);

        Assert.True(breaker.TryHit(["d"], hitsAll: false, 3000));
    }

    [Fact]
    public void Restored_governor_remembers_hits_and_an_open_breaker()
    {
        var world = Fleet(40, Exhausted(CommandAction.Kill));
        world.RunUntil(world.NowMs + (5 * 60_000), (_, _) => Pace * 1_000_000);

        world.Restart();
        Assert.True(world.Governor.IsBreakerOpen);
        world.RunUntil(world.NowMs + (5 * 60_000), (_, _) => Pace * 1_000_000);

        Assert.Equal(3, world.Governor.InForce.Count);
        Assert.Single(world.Events(TransitionKind.Breaker));
    }

    private static GovernWorld Fleet(int tenants, params LadderStep[] ladder)
    {
        var budget = MonthlyBudget(500, ladder);
        return new GovernWorld("2026-04-10T00:00Z", 10_000, [.. Enumerable.Range(0, tenants).Select(i => (budget, Tenant($"t{i}")))]);
    }
}
