using TokenStream.Budgets;
using TokenStream.Commands;
using TokenStream.Governing;
using TokenStream.Governing.Alerts;
using TokenStream.Scopes;
using Xunit;
using static TokenStream.Tests.Governing.GovernWorld;

namespace TokenStream.Tests.Governing;

/// <summary>What people ask for: requests, the pause, and whom an organisation's commands name.</summary>
public sealed class ControlsTests
{
    private const long StartMs = 1_000_000_000_000;

    private static readonly GovernorOptions Options = new() { Partitions = 1 };

    private static readonly ManualRequest Kill = new()
    {
        Id = "m1",
        Action = CommandAction.Kill,
        Scope = Tenant("acme"),
        UntilMs = StartMs + 60_000,
        Reason = "leaked key",
        By = "ada",
        AtMs = StartMs,
    };

    [Fact]
    public void Request_becomes_a_command_once_and_ends_at_its_time()
    {
        var governor = new Governor(0, Options);
        governor.SetControls(new GovernControls(GovernPause.Never, [Kill]));

        var command = Assert.Single(governor.Tick(StartMs).Commands);
        Assert.Equal(("m1", "tenant=acme|manual/m1", CommandAction.Kill, "leaked key"), (command.Id, command.Key, command.Action, command.Reason));
        Assert.Empty(governor.Tick(StartMs + 59_999).Commands);
        Assert.Equal(CommandAction.None, Assert.Single(governor.Tick(StartMs + 60_000).Commands).Action);
    }

    [Fact]
    public void Request_that_is_taken_back_is_released_with_its_reason()
    {
        var governor = new Governor(0, Options);
        governor.SetControls(new GovernControls(GovernPause.Never, [Kill with { UntilMs = null }]));
        governor.Tick(StartMs);
        governor.SetControls(new GovernControls(GovernPause.Never, [Kill with { UntilMs = null, ReleasedMs = StartMs + 1, ReleasedReason = "key revoked" }]));

        var release = Assert.Single(governor.Tick(StartMs + 1).Commands);

        Assert.Equal((CommandAction.None, "key revoked.", null), (release.Action, release.Reason, release.ExpiresMs));
    }

    [Fact]
    public void Only_the_owner_of_a_scopes_partition_issues_a_request()
    {
        var issued = Enumerable.Range(0, 5).Count(partition =>
        {
            var governor = new Governor(partition, new GovernorOptions { Partitions = 5 });
            governor.SetControls(new GovernControls(GovernPause.Never, [Kill]));
            return governor.Tick(StartMs).Commands.Count == 1;
        });

        Assert.Equal(1, issued);
    }

    [Fact]
    public void Pause_leaves_manual_commands_alone()
    {
        var governor = new Governor(0, Options);
        governor.Adopt(BudgetSet.Empty, TenantDirectory.Empty);
        governor.SetControls(new GovernControls(GovernPause.Never, [Kill]));
        governor.Tick(StartMs);

        governor.SetControls(new GovernControls(new GovernPause(true, "stop", "ada", StartMs), [Kill]));

        Assert.Empty(governor.Tick(StartMs + 1).Commands);
        Assert.Single(governor.InForce);
    }

    [Fact]
    public void Pause_releases_within_a_tick_what_a_restored_governor_has_not_evaluated_and_resume_acts_anew()
    {
        var world = new GovernWorld("2026-04-10T00:00Z", 10_000, (MonthlyBudget(10, Exhausted(CommandAction.Kill)), Tenant("acme")));
        world.RunUntil(world.NowMs + (12 * 60_000), (_, _) => DollarPicos);
        world.Restart();
        Assert.Single(world.Governor.InForce);

        world.Control(new GovernControls(new GovernPause(true, "stop", "ada", world.NowMs), []));
        world.Tick();
        Assert.Empty(world.Governor.InForce);
        world.RunUntil(world.NowMs + (5 * 60_000), (_, _) => DollarPicos);
        Assert.Empty(world.Governor.InForce);

        world.Control(new GovernControls(new GovernPause(false, "go on", "ada", world.NowMs), []));
        world.Step((_, _) => DollarPicos);

        Assert.Single(world.Governor.InForce);
        Assert.DoesNotContain(world.Transitions, transition => transition.Kind == TransitionKind.TrippedAgain);
    }

    [Fact]
    public void Command_of_an_organisation_names_its_tenants_and_is_issued_again_when_they_change()
    {
        var directory = new TenantDirectory(
        [
            new TenantEntry("acme", 0, "north", null, null, null),
            new TenantEntry("bolt", 0, "south", null, null, null),
            new TenantEntry("bolt", StartMs + 5000, "north", null, null, null),
        ]);
        var scope = Scope.Of((ScopeDimension.Organisation, ScopeTerm.Exact("north")));
        var governor = new Governor(0, Options);
        governor.Adopt(BudgetSet.Empty, directory);
        governor.SetControls(new GovernControls(GovernPause.Never, [Kill with { Scope = scope }]));

        Assert.Equal(["acme"], Assert.Single(governor.Tick(StartMs).Commands).Tenants);
        Assert.Empty(governor.Tick(StartMs + 4999).Commands);
        Assert.Equal(["acme", "bolt"], Assert.Single(governor.Tick(StartMs + 5000).Commands).Tenants);
    }
}
