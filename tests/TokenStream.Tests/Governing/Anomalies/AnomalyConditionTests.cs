using TokenStream.Budgets;
using TokenStream.Commands;
using TokenStream.Detection;
using TokenStream.Governing.Alerts;
using TokenStream.Governing.Anomalies;
using TokenStream.Scopes;
using Xunit;
using static TokenStream.Tests.Governing.GovernWorld;

namespace TokenStream.Tests.Governing.Anomalies;

public sealed class AnomalyConditionTests
{
    private const long MinuteMs = 60_000;
    private const long Now = 1_700_000_160_000;

    private static readonly Scope Acme = Tenant("acme");

    [Fact]
    public void A_step_that_asks_for_an_anomaly_is_taken_with_its_trigger_and_not_alone()
    {
        var world = World(MonthlyBudget(10, Exhausted(CommandAction.Kill) with { WhenAnomaly = AnomalySeverity.Critical }));
        world.Governor.SetAnomalies(Open(world, AnomalySeverity.Critical));
        world.RunUntil(world.NowMs + (5 * MinuteMs), (_, _) => DollarPicos);
        Assert.Empty(world.Log);

        world.Governor.SetAnomalies(Open(world, AnomalySeverity.Warning));
        world.RunUntil(world.NowMs + (10 * MinuteMs), (_, _) => DollarPicos);
        Assert.Empty(world.Log);
        Assert.Equal(BudgetState.Exhausted, world.Governor.StateOf("acme-month", Acme));

        world.Governor.SetAnomalies(Open(world, AnomalySeverity.Critical));
        world.Step((_, _) => DollarPicos);
        var kill = Assert.Single(world.Log);
        Assert.Equal((CommandAction.Kill, "exhausted and a critical anomaly"), (kill.Action, kill.Cause!.Trigger));
    }

    [Fact]
    public void A_step_in_force_stays_for_its_hold_when_the_anomaly_ends_and_is_not_taken_again()
    {
        var step = Burn(14.4m, CommandAction.Throttle, 1000) with { WhenAnomaly = AnomalySeverity.Warning, HoldMs = 10 * MinuteMs };
        var world = World(MonthlyBudget(500, step));
        var pace = 500 * DollarPicos / (30 * 24 * 60);
        world.RunUntil(world.NowMs + (60 * MinuteMs), (_, _) => pace * 100);
        Assert.Empty(world.Log);
        world.Governor.SetAnomalies(Open(world, AnomalySeverity.Critical));
        world.Step((_, _) => pace * 100);
        Assert.Equal(CommandAction.Throttle, Assert.Single(world.Log).Action);

        world.Governor.SetAnomalies(OpenAnomalies.None);
        world.RunUntil(world.NowMs + (5 * MinuteMs), (_, _) => 0);
        Assert.Single(world.Governor.InForce);
        world.RunUntil(world.NowMs + (60 * MinuteMs), (_, _) => 0);
        Assert.Empty(world.Governor.InForce);
        world.RunUntil(world.NowMs + (120 * MinuteMs), (_, _) => pace * 100);
        Assert.Empty(world.Governor.InForce);
    }

    [Fact]
    public void An_unconditional_step_beside_it_acts_as_before()
    {
        var world = World(MonthlyBudget(
            10, Exhausted(CommandAction.Throttle) with { Parameters = new ActionParameters { TokensPerMinute = 1000 } },
            Exhausted(CommandAction.Kill) with { WhenAnomaly = AnomalySeverity.Critical }));
        world.RunUntil(world.NowMs + (15 * MinuteMs), (_, _) => DollarPicos);
        Assert.Equal(CommandAction.Throttle, Assert.Single(world.Governor.InForce).Action);
        world.Governor.SetAnomalies(Open(world, AnomalySeverity.Critical));
        world.Step((_, _) => DollarPicos);
        Assert.Equal(CommandAction.Kill, Assert.Single(world.Governor.InForce).Action);
    }

    [Theory]
    [InlineData("tenant=acme", true)]
    [InlineData("tenant=acme;feature=chat", true)]
    [InlineData("tenant=acme;feature=search", false)]
    [InlineData("tenant=acme;user=u1", true)]
    [InlineData("tenant=globex", false)]
    [InlineData("environment=test", false)]
    [InlineData("model=m-1", true)]
    [InlineData("organisation=north", true)]
    [InlineData("organisation=south", false)]
    public void An_anomaly_concerns_the_scopes_that_share_requests_with_its_place(string scope, bool concerns)
    {
        Assert.True(Scope.TryParse(scope, out var parsed, out var error), error);
        string[] members = scope == "organisation=north" ? ["acme", "other"] : [];
        Assert.Equal(concerns ? AnomalySeverity.Warning : null, Of(Chat()).WorstFor(parsed, members, Now));
    }

    [Fact]
    public void What_is_not_of_rising_spend_or_not_told_to_people_does_not_count()
    {
        Assert.Equal(AnomalySeverity.Critical, Worst(Chat(), Chat() with { Id = "worse", Severity = AnomalySeverity.Critical }));
        Assert.Null(Worst(Chat() with { Severity = AnomalySeverity.Info }));
        Assert.Null(Worst(Chat() with { HeldBack = "part of another" }));
        Assert.Null(Worst(Chat() with { Direction = AnomalyDirection.Down }));
        Assert.Null(Worst(Chat() with { Kind = AnomalyKind.Digest }));
        Assert.Null(Worst(Chat() with { EndedMs = Now, End = AnomalyEnd.Quiet }));
        Assert.Equal(AnomalySeverity.Warning, Of(Chat()).WorstFor(Acme, [], Now + OpenAnomalies.HeardWithinMs));
        Assert.Null(Of(Chat()).WorstFor(Acme, [], Now + OpenAnomalies.HeardWithinMs + 1));
    }

    [Fact]
    public void What_people_have_silenced_or_resolved_does_not_count()
    {
        var silence = new AnomalySilence { Id = "silence-1", Scope = Acme, UntilMs = Now + 1, Reason = "r", By = "ada", AtMs = Now };
        var people = new AnomalyRequests([silence], new Dictionary<string, AnomalyResolution>());
        var open = new OpenAnomalies([new HeardAnomaly(Chat(), Now)], people);
        Assert.Null(open.WorstFor(Acme, [], Now));
        Assert.Equal(AnomalySeverity.Warning, open.WorstFor(Acme, [], Now + 1));
        people = new AnomalyRequests([], new Dictionary<string, AnomalyResolution> { [Chat().Id] = new(Chat().Id, "r", "ada", Now) });
        Assert.Equal(0, new OpenAnomalies([new HeardAnomaly(Chat(), Now)], people).Count);
    }

    [Fact]
    public void A_group_over_tenants_concerns_those_that_it_names()
    {
        var group = Chat() with { Scope = new SeriesPath("prod", null, null, "m-1"), Members = [new("prod", "acme", null, "m-1"), new("prod", "globex", null, "m-1")] };
        Assert.Equal(AnomalySeverity.Warning, Of(group).WorstFor(Tenant("globex"), [], Now));
        Assert.Null(Of(group).WorstFor(Tenant("initech"), [], Now));
    }

    private static Anomaly Chat() => Tests.Detection.Anomalies.Chat();

    private static OpenAnomalies Of(params IEnumerable<Anomaly> anomalies) =>
        new(anomalies.Select(anomaly => new HeardAnomaly(anomaly, Now)), AnomalyRequests.None);

    private static AnomalySeverity? Worst(params IEnumerable<Anomaly> anomalies) => Of(anomalies).WorstFor(Acme, [], Now);

    private static OpenAnomalies Open(GovernWorld world, AnomalySeverity severity) =>
        new([new HeardAnomaly(Chat() with { Severity = severity }, world.NowMs)], AnomalyRequests.None);

    private static GovernWorld World(Budget budget) => new("2026-03-02T00:00:00Z", 10_000, (budget, Acme));
}
