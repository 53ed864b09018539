using TokenStream.Budgets;
using TokenStream.Commands;
using TokenStream.Governing;
using TokenStream.Governing.Alerts;
using TokenStream.Scopes;
using TokenStream.Windowing;
using Xunit;
using static TokenStream.Tests.Governing.GovernWorld;

namespace TokenStream.Tests.Governing;

/// <summary>
/// The ledger, the evaluation, the forecast and the governor together, on demand of which is known what should be done: habits that spend each month's
/// amount to the last picodollar, which is what a budget is for, and a runaway of a day, which is what it is not.
/// </summary>
public sealed class HabitTests
{
    private static readonly Int128 Amount = 500 * DollarPicos;

    private static readonly Budget Budget = MonthlyBudget(
        500, Burn(3, CommandAction.TrimOutput), Burn(6, CommandAction.Throttle, 100), Burn(14.4m, CommandAction.Kill), Exhausted(CommandAction.Kill));

    [Fact]
    public void Office_hours_that_spend_24_months_to_the_end_bring_no_page_and_no_command() =>
        Stays_quiet(time => time.DayOfWeek is not (DayOfWeek.Saturday or DayOfWeek.Sunday) && time.Hour is >= 9 and < 17);

    [Fact]
    public void Nightly_batch_that_spends_24_months_to_the_end_brings_no_page_and_no_command() => Stays_quiet(time => time.Hour == 2);

    [Theory]
    [InlineData(20)]
    [InlineData(300)]
    public void Constant_runaway_of_a_day_trips_at_most_six_times_and_at_most_two_percent_pass(int factor)
    {
        var startMs = At("2026-04-10T00:00Z");
        var simulation = new BudgetSimulation(new BudgetSet(1, [Budget]), TenantDirectory.Empty, startMs, enforces: true);
        var perStep = Amount * factor / (30 * 24 * 360);
        var (trips, demandedAtTrip, spentAtTrip) = (0, (Int128)0, (Int128)0);
        for (var step = 1; step <= 30 * 360; step++)
        {
            foreach (var transition in simulation.Step(startMs + (step * 10_000L), [Usage(perStep)]))
            {
                if (transition.Kind is TransitionKind.Tripped or TransitionKind.TrippedAgain && transition.EndedMs is null && trips++ == 0)
                {
                    (demandedAtTrip, spentAtTrip) = (simulation.Demanded, simulation.Spent);
                }
            }
        }

        Assert.InRange(trips, 1, 6);
        Assert.True((simulation.Spent - spentAtTrip) * 50 <= simulation.Demanded - demandedAtTrip);
    }

    private static void Stays_quiet(Func<DateTime, bool> isBusy)
    {
        var month = new DateTime(2025, 1, 1, 0, 0, 0, DateTimeKind.Utc);
        var nowMs = new DateTimeOffset(month).ToUnixTimeMilliseconds();
        var simulation = new BudgetSimulation(new BudgetSet(1, [Budget]), TenantDirectory.Empty, nowMs, enforces: true);
        for (; month.Year < 2027; month = month.AddMonths(1))
        {
            var minutes = Enumerable.Range(0, DateTime.DaysInMonth(month.Year, month.Month) * 24 * 60);
            var busy = minutes.Select(minute => isBusy(month.AddMinutes(minute))).ToArray();
            var (left, count) = (Amount, busy.Count(isIt => isIt));
            for (var minute = 0; minute < busy.Length; minute++)
            {
                var demand = busy[minute] ? left / count : 0;
                left -= demand;
                count -= busy[minute] ? 1 : 0;
                nowMs += 60_000;

                // Silence is looked at every ten minutes.
                if (busy[minute] || minute % 10 == 9)
                {
                    var told = simulation.Step(nowMs, busy[minute] ? [Usage(demand)] : []);
                    Assert.DoesNotContain(told, transition => transition is { Severity: AlertSeverity.Page } or { Kind: TransitionKind.Issued });
                }
            }

            Assert.Equal(0, left);
        }

        Assert.Equal(24 * Amount, simulation.Spent);
    }

    private static SimulatedUsage Usage(Int128 picodollars)
    {
        var values = Enumerable.Repeat("", Scope.Dimensions).ToArray();
        values[(int)ScopeDimension.Tenant] = "acme";
        return new SimulatedUsage(values, new SpendMeasures { Cost = picodollars, Tokens = 10_000, Requests = 10 });
    }
}
