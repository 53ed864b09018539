using TokenStream.Budgets;
using TokenStream.Commands;
using TokenStream.Governing;
using TokenStream.Governing.Alerts;
using TokenStream.Scopes;
using TokenStream.Windowing;
using Xunit;
using static TokenStream.Tests.Governing.GovernWorld;

namespace TokenStream.Tests.Governing;

public sealed class BudgetSimulationTests
{
    private const long MinuteMs = 60_000;

    private static readonly long StartMs = At("2026-04-10T00:00Z");
    private static readonly Budget Budget = MonthlyBudget(10, Exhausted(CommandAction.Kill)) with { Mode = BudgetMode.Observe };

    // A dollar and ten requests a minute: after eleven minutes eleven dollars are spent, and 49 minutes of the hour are refused.
    [Fact]
    public void Kill_stops_what_comes_after_it_and_is_told_with_what_it_saved()
    {
        var simulation = new BudgetSimulation(new BudgetSet(1, [Budget]), TenantDirectory.Empty, StartMs, enforces: true);

        var transitions = Run(simulation, 60, _ => [Usage("acme", "chat", 1)]);

        Assert.Equal((60 * DollarPicos, 11 * DollarPicos), (simulation.Demanded, simulation.Spent));
        Assert.Equal([new SimulatedEffect("acme-month", Tenant("acme"), 490, 49 * DollarPicos)], simulation.Effects);
        Assert.Equal(StartMs + (11 * MinuteMs), Assert.Single(transitions, transition => transition.Kind == TransitionKind.Issued).AtMs);
    }

    [Fact]
    public void Budget_that_observes_blocks_nothing_and_says_what_it_would_do()
    {
        var simulation = new BudgetSimulation(new BudgetSet(1, [Budget]), TenantDirectory.Empty, StartMs, enforces: false);

        var transitions = Run(simulation, 60, _ => [Usage("acme", "chat", 1)]);

        Assert.Equal(simulation.Demanded, simulation.Spent);
        Assert.Empty(simulation.Effects);
        Assert.Single(transitions, transition => transition.Kind == TransitionKind.WouldIssue);
    }

    // The feature is killed at 11 dollars; the tenant's other feature goes on, at a tenth of a dollar a minute.
    [Fact]
    public void What_a_narrow_budget_blocks_is_not_spent_in_the_wider_one()
    {
        var narrow = Budget with
        {
            Name = "chat",
            Scope = ScopePattern.Of((ScopeDimension.Tenant, ScopeTerm.Each), (ScopeDimension.Feature, ScopeTerm.Exact("chat"))),
        };
        var wide = Budget with { Amount = new BudgetAmount(18 * DollarPicos, false) };
        var simulation = new BudgetSimulation(new BudgetSet(1, [narrow, wide]), TenantDirectory.Empty, StartMs, enforces: true);

        Run(simulation, 60, _ => [Usage("acme", "chat", 1), Usage("acme", "search", 0.1m)]);

        Assert.Equal(17 * DollarPicos, simulation.Spent);
        Assert.Equal("chat", Assert.Single(simulation.Effects).Budget);
    }

    // 10 requests of 1,000 tokens a minute are let through as 2,500 tokens: a quarter.
    [Fact]
    public void Throttle_lets_its_part_through()
    {
        var budget = Budget with { Ladder = [Spent(100, CommandAction.Throttle, 2500)] };
        var simulation = new BudgetSimulation(new BudgetSet(1, [budget]), TenantDirectory.Empty, StartMs, enforces: true);

        Run(simulation, 30, _ => [Usage("acme", "chat", 1)]);

        Assert.Equal(15 * DollarPicos, simulation.Spent);
        Assert.Equal(15 * DollarPicos, Assert.Single(simulation.Effects).Saved);
    }

    private static List<BudgetTransition> Run(BudgetSimulation simulation, int minutes, Func<int, SimulatedUsage[]> usage)
    {
        var transitions = new List<BudgetTransition>();
        for (var minute = 0; minute < minutes; minute++)
        {
            transitions.AddRange(simulation.Step(StartMs + ((minute + 1) * MinuteMs), usage(minute)));
        }

        return transitions;
    }

    private static SimulatedUsage Usage(string tenant, string feature, decimal dollars)
    {
        var values = Enumerable.Repeat("", Scope.Dimensions).ToArray();
        (values[(int)ScopeDimension.Tenant], values[(int)ScopeDimension.Feature]) = (tenant, feature);
        return new SimulatedUsage(values, new SpendMeasures { Cost = (Int128)(dollars * DollarPicos), Tokens = 10_000, Requests = 10 });
    }
}
