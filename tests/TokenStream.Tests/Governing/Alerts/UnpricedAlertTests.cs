using TokenStream.Budgets;
using TokenStream.Governing;
using TokenStream.Governing.Alerts;
using TokenStream.Scopes;
using TokenStream.Tests.Governing.Evaluation;
using TokenStream.Windowing;
using Xunit;
using static TokenStream.Tests.Governing.Evaluation.LedgerFeed;

namespace TokenStream.Tests.Governing.Alerts;

public sealed class UnpricedAlertTests
{
    private const long Noon = June + (2 * Day) + (12 * Hour);

    [Fact]
    public void The_bound_on_usage_without_a_price_counts_for_24_whole_hours()
    {
        var feed = new LedgerFeed(Monthly(720));
        feed.Spend(Noon - Day, new SpendMeasures { UnpricedBound = 3 * Usd });
        feed.Spend(Noon - Hour, new SpendMeasures { UnpricedBound = 4 * Usd });
        feed.Spend(Noon - Hour, 100 * Usd);
        Assert.Equal(7 * Usd, feed.Evaluate(Noon - 10_000).UnpricedLastDay);
        Assert.Equal(7 * Usd, feed.Evaluate(Noon + Hour - 10_001).UnpricedLastDay);
        Assert.Equal(4 * Usd, feed.Evaluate(Noon + Hour).UnpricedLastDay);
        Assert.Equal(0, feed.Evaluate(Noon + Day).UnpricedLastDay);
    }

    [Fact]
    public void More_than_is_put_up_with_is_an_alert_until_it_is_less()
    {
        var budget = Monthly(720) with { Mode = BudgetMode.Alert };
        var governor = new Governor(0, new GovernorOptions { Partitions = 1, UnpricedPerDay = 5 * Usd });
        governor.Adopt(new BudgetSet(1, [budget]), TenantDirectory.Empty);
        var feed = new LedgerFeed(budget);
        feed.Spend(Noon, new SpendMeasures { UnpricedBound = 5 * Usd, Requests = 1 });
        Assert.Empty(Unpriced(governor, feed, Noon));
        feed.Spend(Noon, new SpendMeasures { UnpricedBound = 1 });
        var begun = Assert.Single(Unpriced(governor, feed, Noon + 10_000));
        Assert.Equal(("unpriced_usage", AlertSeverity.Ticket, true, null), (begun.Name, begun.Severity, begun.Notifies, begun.EndedMs));
        Assert.Contains("5.00 USD", begun.Summary, StringComparison.Ordinal);
        Assert.Empty(Unpriced(governor, feed, Noon + Day));
        Assert.Equal(Noon + Day + Hour, Assert.Single(Unpriced(governor, feed, Noon + Day + Hour)).EndedMs);
        Assert.Equal(BudgetState.Ok, governor.StateOf(budget.Name, Acme));
    }

    private static IEnumerable<BudgetTransition> Unpriced(Governor governor, LedgerFeed feed, long nowMs) =>
        governor.Evaluate([feed.Evaluate(nowMs)], nowMs).Transitions.Where(transition => transition.Kind == TransitionKind.UnpricedUsage);
}
