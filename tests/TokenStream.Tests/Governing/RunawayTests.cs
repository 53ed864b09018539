using TokenStream.Commands;
using TokenStream.Governing.Alerts;
using Xunit;
using static TokenStream.Tests.Governing.GovernWorld;

namespace TokenStream.Tests.Governing;

/// <summary>Demand that does not stop by itself, against the whole loop of evaluation, ladder and an obeying gateway.</summary>
public sealed class RunawayTests
{
    /// <summary>30 days: the speed that exactly exhausts 500 dollars.</summary>
    private static readonly Int128 Pace = 500 * DollarPicos / (30 * 24 * 60);

    [Theory]
    [InlineData(16)]
    [InlineData(20)]
    [InlineData(100)]
    [InlineData(2000)]
    public void Constant_runaway_of_a_day_trips_once_and_nothing_passes_after(int factor)
    {
        var world = Acme(Burn(6, CommandAction.Throttle, 100), Burn(14.4m, CommandAction.Kill));

        world.RunUntil("2026-04-11T00:00Z", (_, _) => Pace * factor);
        var tripMs = world.Issued.First(command => command.Action == CommandAction.Kill).IssuedMs;
        var model = world.Models[0];
        var (spentBefore, blockedBefore) = (model.TotalSpent, model.TotalBlocked);
        world.RunUntil(tripMs + (24 * 3_600_000), (_, _) => Pace * factor);

        Assert.Equal(1, world.Events(TransitionKind.Issued).Count(transition => transition.CommandId is not null));
        Assert.Equal(spentBefore, model.TotalSpent);
        Assert.True(model.TotalBlocked > blockedBefore);
    }

    [Theory]
    [InlineData(5, 20, 2)]
    [InlineData(20, 20, 2)]
    [InlineData(30, 60, 2)]
    [InlineData(60, 120, 5)]
    public void Runaway_that_pauses_trips_at_most_six_times_a_day(int pauseMinutes, int burnMinutes, int mostPercent)
    {
        var world = Acme(Burn(14.4m, CommandAction.Kill));
        Int128 demanded = 0;
        Int128? spentAtTrip = null;
        for (var end = world.NowMs + (24 * 3_600_000); world.NowMs < end;)
        {
            world.Step((_, now) => now / 60_000 % (pauseMinutes + burnMinutes) < burnMinutes ? Pace * 60 : 0);
            if (world.Log.Count > 0)
            {
                spentAtTrip ??= world.Models[0].TotalSpent;
                demanded = world.Models[0].TotalSpent + world.Models[0].TotalBlocked - spentAtTrip.Value;
            }
        }

        var trips = world.Events(TransitionKind.Tripped).Count(transition => transition.EndedMs is null)
            + world.Events(TransitionKind.TrippedAgain).Count(transition => transition.EndedMs is null);
        Assert.InRange(trips, 1, 6);
        Assert.True((world.Models[0].TotalSpent - spentAtTrip!.Value) * 100 <= demanded * mostPercent);
    }

    [Fact]
    public void Gateway_that_reports_nothing_ends_a_kill_by_expiry_and_relapses_hold_longer()
    {
        var world = Acme(Burn(14.4m, CommandAction.Kill));
        world.Models[0].ReportsBlocked = false;

        world.RunUntil(world.NowMs + (24 * 3_600_000), (_, _) => Pace * 100);

        var trips = world.Issued.DistinctBy(command => command.Id).ToArray();
        Assert.InRange(trips.Length, 2, 7);
        Assert.Equal(trips.Skip(1).Select(trip => trip.Ladder!.HoldMs), trips.Skip(1).Select((_, i) => trips[0].Ladder!.HoldMs << (i + 1)));
        Assert.Contains(world.Transitions, transition => transition is { Kind: TransitionKind.TrippedAgain, Severity: AlertSeverity.Page, Notifies: true });
    }

    [Fact]
    public void Runaway_across_midnight_of_the_31st_stays_stopped()
    {
        var world = new GovernWorld("2026-03-31T02:00Z", 10_000, (MonthlyBudget(500, Burn(14.4m, CommandAction.Kill), Exhausted(CommandAction.Kill)), Tenant("acme")));

        world.RunUntil("2026-03-31T23:59Z", (_, _) => Pace * 50);
        var spent = world.Models[0].TotalSpent;
        Assert.Equal(CommandAction.Kill, world.Gateways[Tenant("acme")].Hardest(world.NowMs));
        world.RunUntil("2026-04-01T04:00Z", (_, _) => Pace * 50);

        Assert.Equal(spent, world.Models[0].TotalSpent);
    }

    [Fact]
    public void Runaway_that_exhaustion_stopped_stays_stopped_across_midnight_by_its_demand()
    {
        var world = new GovernWorld("2026-03-31T00:00Z", 10_000, (MonthlyBudget(500, Burn(14.4m, CommandAction.Kill), Exhausted(CommandAction.Kill)), Tenant("acme")));
        world.Step((_, _) => 499 * DollarPicos * 6);
        world.RunUntil("2026-03-31T10:00Z", (_, _) => 0);

        world.RunUntil("2026-03-31T23:59Z", (_, _) => Pace * 100);
        var spent = world.Models[0].TotalSpent;
        Assert.Equal("exhausted", world.Issued.Last().Cause!.Trigger);
        world.RunUntil("2026-04-01T04:00Z", (_, _) => Pace * 100);

        Assert.Equal(spent, world.Models[0].TotalSpent);
        Assert.Equal("burn 14.4", world.Issued.Last().Cause!.Trigger);
    }

    [Fact]
    public void Runaway_that_ends_is_released_step_by_step_each_kill_tried_out_first()
    {
        var world = Acme(Burn(3, CommandAction.TrimOutput), Burn(6, CommandAction.Throttle, 300), Burn(14.4m, CommandAction.Kill));

        world.RunUntil("2026-04-10T04:00Z", (_, _) => Pace * 60);
        Assert.Equal(CommandAction.Kill, world.Gateways[Tenant("acme")].Hardest(world.NowMs));
        world.RunUntil("2026-04-10T08:00Z", (_, _) => Pace / 2);

        var steps = world.Log.Where((command, i) => i == 0 || command.Id != world.Log[i - 1].Id || command.Action == CommandAction.None).ToArray();
        Assert.Equal(
            [CommandAction.Kill, CommandAction.Throttle, CommandAction.Throttle, CommandAction.TrimOutput, CommandAction.None], steps.Select(command => command.Action));
        Assert.Equal([false, true, false, false, false], steps.Select(command => command.IsProbe));
        Assert.All(steps.Skip(1).Zip(steps.Skip(2)), pair => Assert.True(pair.Second.IssuedMs - pair.First.IssuedMs >= 10 * 60_000));
        Assert.Empty(world.Governor.InForce);
        Assert.Equal(BudgetState.Ok, world.Events(TransitionKind.State).Last().To);
    }

    private static GovernWorld Acme(params TokenStream.Budgets.LadderStep[] ladder) =>
        new("2026-04-10T00:00Z", 10_000, (MonthlyBudget(500, ladder), Tenant("acme")));
}
