using TokenStream.Budgets;
using TokenStream.Governing.Evaluation;
using TokenStream.Governing.Ledger;
using TokenStream.Scopes;
using TokenStream.Windowing;
using Xunit;
using static TokenStream.Tests.Governing.Evaluation.LedgerFeed;

namespace TokenStream.Tests.Governing.Evaluation;

public sealed class BudgetEvaluatorTests
{
    /// <summary>720 USD over 30 days: one dollar an hour is a burn rate of exactly 1.</summary>
    private readonly Budget _budget = Monthly(720);

    [Fact]
    public void Spend_counts_in_the_period_of_its_windows_time()
    {
        var feed = new LedgerFeed(new(), [_budget], June - Day);
        feed.Spend(June - 10_000, 5 * Usd);
        Assert.Equal(5 * Usd, feed.Evaluate(June - 1).Spent);
        Assert.Equal(0, feed.Evaluate(June).Spent);
        feed.Spend(June, 7 * Usd);
        feed.Spend(June - 20_000, 100 * Usd);
        var evaluation = feed.Evaluate(June + 5_000);
        Assert.Equal(7 * Usd, evaluation.Spent);
        Assert.Equal(new PeriodSpan(June, June + (30 * Day)), evaluation.Period);
    }

    [Fact]
    public void A_pair_is_above_only_when_both_lookbacks_exceed_the_factor()
    {
        // 14.4 dollars within the hour, 1.2 of them within the last five minutes, are exactly the factor: not above.
        var now = June + (2 * Day);
        var feed = new LedgerFeed(_budget);
        for (var i = 0; i < 12; i++)
        {
            feed.Spend(now - Hour + (i * 5 * Minute), 12 * Usd / 10);
        }

        var reading = feed.Evaluate(now - 1).Pairs[0];
        Assert.Equal((Hour, 5 * Minute), (reading.LongMs, reading.ShortMs));
        Assert.Equal(14.4, reading.LongRate, 12);
        Assert.Equal(14.4, reading.ShortRate, 12);
        Assert.False(reading.IsAbove);
        feed.Spend(now - Hour, 1);
        Assert.False(feed.Evaluate(now - 1).Pairs[0].IsAbove);
        feed.Spend(now - (5 * Minute), 1);
        Assert.True(feed.Evaluate(now - 1).Pairs[0].IsAbove);

        // One step of ten seconds later the first window has left the long lookback.
        Assert.False(feed.Evaluate(now).Pairs[0].IsAbove);
    }

    [Fact]
    public void Lookbacks_cross_the_periods_boundary_and_amounts_do_not()
    {
        var feed = new LedgerFeed(new(), [_budget], June - Day);
        for (var i = 0; i < 360; i++)
        {
            feed.Spend(June - Hour + (i * 10_000) + 60_000, 20 * Usd / 360);
        }

        var evaluation = feed.Evaluate(June + 50_000);
        Assert.Equal(6 * (20 * Usd / 360), evaluation.Spent);
        Assert.True(evaluation.Pairs[0].IsAbove);
    }

    [Fact]
    public void A_pair_fires_only_when_the_limit_is_reached_before_the_period_ends()
    {
        var (feed, now) = (new LedgerFeed(_budget), June + (10 * Day));
        Fill(feed, now, Hour, 20 * Usd);
        var evaluation = feed.Evaluate(now);
        Assert.True(evaluation.Pairs[0].IsAbove);
        Assert.False(evaluation.Pairs[0].Fires);
        Assert.Null(evaluation.ExhaustedAtMs);

        // The same hour after a week of the like: the recent speed exhausts the amount.
        Fill(feed, now - Hour, 23 * Hour, 20 * 23 * Usd);
        evaluation = feed.Evaluate(now);
        Assert.True(evaluation.Pairs[0].Fires);
        Assert.InRange(evaluation.ExhaustedAtMs!.Value, now, now + Day);
    }

    [Fact]
    public void Fewer_than_five_requests_in_the_long_lookback_say_nothing()
    {
        var (feed, now) = (new LedgerFeed(_budget), June + (2 * Day));
        for (var i = 0; i < 4; i++)
        {
            feed.Spend(now - 60_000, 50 * Usd);
        }

        Assert.False(feed.Evaluate(now).Pairs[0].IsAbove);
        feed.Spend(now - 60_000, 50 * Usd);
        Assert.True(feed.Evaluate(now).Pairs[0].IsAbove);
    }

    [Fact]
    public void The_batch_tier_counts_in_sums_and_in_burn_rates_only_where_the_budget_asks()
    {
        var (feed, now) = (new LedgerFeed(_budget, _budget with { Name = "batch", BatchInBurnRates = true }), June + (2 * Day));
        feed.Spend(now - 60_000, new SpendMeasures { Cost = 50 * Usd, BatchCost = 50 * Usd, Requests = 9, BatchRequests = 9 });
        Assert.Equal(50 * Usd, feed.Evaluate(now).Spent);
        Assert.Equal(0, feed.Evaluate(now).Pairs[0].LongRate);
        Assert.False(feed.Evaluate(now).Pairs[0].IsAbove);
        Assert.True(feed.Evaluate(now, "batch").Pairs[0].IsAbove);
    }

    [Fact]
    public void The_bound_on_unpriced_usage_is_told_apart()
    {
        var (feed, now) = (new LedgerFeed(_budget), June + (2 * Day));
        Fill(feed, now, 23 * Hour, 0);
        for (var i = 0; i < 100; i++)
        {
            feed.Spend(now - 60_000, new SpendMeasures { UnpricedBound = 5 * Usd, Requests = 1 });
        }

        var evaluation = feed.Evaluate(now);
        Assert.Equal((0, 500 * Usd), (evaluation.Spent, evaluation.UnpricedBound));
        Assert.False(evaluation.Pairs[0].IsAbove);
        Assert.False(evaluation.Pairs[0].Fires);
        Assert.True(evaluation.Pairs[0].FiresWithBound);
    }

    [Fact]
    public void A_changed_amount_acts_at_once_and_resets_nothing()
    {
        var feed = new LedgerFeed(_budget);
        feed.Spend(June, 5 * Usd);
        feed.Adopt(June + Hour, isNew: true, Monthly(100));
        var evaluation = feed.Evaluate(June + Hour);
        Assert.Equal((100 * (Int128)Usd, 5 * Usd, false), (evaluation.Limit, evaluation.Spent, evaluation.IsSeeding));
    }

    [Fact]
    public void What_a_period_leaves_over_goes_into_the_next_where_asked()
    {
        var feed = new LedgerFeed(new(), [_budget with { CarryOver = true }], June - Day);
        feed.Spend(June - Hour, 20 * Usd);
        Assert.Equal(720 * (Int128)Usd, feed.Evaluate(June - 1).Limit);
        Assert.Equal((720 + 700) * (Int128)Usd, feed.Evaluate(June).Limit);
        feed.Spend(June, 1420 * (Int128)Usd + 1);
        Assert.Equal(720 * (Int128)Usd, feed.Evaluate(June + (30 * Day)).Limit);
    }

    [Fact]
    public void A_budget_that_is_new_in_mid_period_is_seeding_until_its_opening_balance_is_known()
    {
        var feed = new LedgerFeed(new(), [_budget], June + Day, isNew: true);
        feed.Spend(June + Day, 5 * Usd);
        Assert.True(feed.Evaluate(June + Day + Minute).IsSeeding);
        Assert.Equal([new SeedingPattern("tenant=acme", June, June + Day)], feed.Evaluator.Seeding);
        var opening = new PatternOpening("tenant=acme", June, new Dictionary<Scope, SpendMeasures> { [Acme] = new() { Cost = 40 * Usd } });
        Assert.True(feed.Evaluator.SetOpening(opening));
        Assert.False(feed.Evaluator.SetOpening(opening));
        var evaluation = feed.Evaluate(June + Day + Minute);
        Assert.Equal((45 * Usd, false), (evaluation.Spent, evaluation.IsSeeding));
        Assert.Equal((0, false), (feed.Evaluate(June + (30 * Day)).Spent, feed.Evaluate(June + (30 * Day)).IsSeeding));
    }

    [Fact]
    public void A_scope_that_names_a_user_counts_from_when_it_was_known()
    {
        var user = Scope.Of((ScopeDimension.User, ScopeTerm.Exact("u1")));
        var feed = new LedgerFeed(new(), [Monthly(10, scope: "user=u1")], June + Day, isNew: true);
        feed.Spend(June + Day, 5 * Usd, user);
        var evaluation = feed.Evaluate(June + Day + Minute);
        Assert.Equal((false, June + Day, 5 * Usd), (evaluation.IsSeeding, evaluation.CountsFromMs, evaluation.Spent));
        Assert.Null(feed.Evaluate(June + (30 * Day)).CountsFromMs);
    }

    [Fact]
    public void A_budget_on_a_scope_that_is_known_finds_what_its_period_spent()
    {
        var feed = new LedgerFeed(_budget);
        feed.Spend(June + Hour, 3 * Usd);
        feed.Spend(June + Day + Hour, 5 * Usd);
        feed.Adopt(June + Day + (2 * Hour), isNew: false, _budget, _budget with { Name = "daily", Period = new BudgetPeriod(PeriodKind.Day) });
        var evaluation = feed.Evaluate(June + Day + (2 * Hour), "daily");
        Assert.Equal((5 * Usd, false), (evaluation.Spent, evaluation.IsSeeding));
    }

    [Fact]
    public void A_rolling_period_holds_its_last_hours()
    {
        var feed = new LedgerFeed(_budget with { Period = new BudgetPeriod(PeriodKind.Rolling, Hours: 2) });
        feed.Spend(June, 3 * Usd);
        feed.Spend(June + Hour, 5 * Usd);
        Assert.Equal(8 * Usd, feed.Evaluate(June + (2 * Hour) - 10_000).Spent);
        Assert.Equal(5 * Usd, feed.Evaluate(June + (2 * Hour)).Spent);
        Assert.Equal(0, feed.Evaluate(June + (3 * Hour)).Spent);
    }

    [Fact]
    public void A_rolling_period_holds_what_its_last_hours_blocked()
    {
        var rolling = _budget with { Period = new BudgetPeriod(PeriodKind.Rolling, Hours: 2) };
        var feed = new LedgerFeed(rolling, rolling with { Name = "tokens", Amount = new BudgetAmount(100, IsTokens: true) });
        feed.Spend(June, new SpendMeasures { BlockedCost = 3 * Usd, BlockedTokens = 30, BlockedRequests = 1 });
        feed.Spend(June + Hour, new SpendMeasures { BlockedCost = 5 * Usd, BlockedTokens = 50, BlockedRequests = 1 });
        Assert.Equal((8 * Usd, 80), (feed.Evaluate(June + (2 * Hour) - 10_000).Blocked, feed.Evaluate(June + (2 * Hour) - 10_000, "tokens").Blocked));
        Assert.Equal((5 * Usd, 50), (feed.Evaluate(June + (2 * Hour)).Blocked, feed.Evaluate(June + (2 * Hour), "tokens").Blocked));
        Assert.Equal(0, feed.Evaluate(June + (3 * Hour)).Blocked);
    }

    [Fact]
    public void A_budget_for_each_tenant_governs_as_many_as_it_may_and_never_the_folded_rest()
    {
        var feed = new LedgerFeed(Monthly(10, "each", "tenant=<each>") with { EachLimit = 2 });
        foreach (var tenant in new[] { "a", RollupKey.Other, "b", "c" })
        {
            feed.Spend(June, Usd, Scope.Of((ScopeDimension.Tenant, ScopeTerm.Exact(tenant))));
        }

        Assert.Equal(["tenant=a", "tenant=b"], feed.EvaluateAll(June + Minute).Select(evaluation => evaluation.Scope.Text));
        Assert.Equal((2, 1L), (feed.Evaluator.EachCounts["each"], feed.Evaluator.BeyondEachLimit));
    }

    [Fact]
    public void Demand_is_what_was_spent_and_what_was_blocked()
    {
        var (feed, now) = (new LedgerFeed(_budget), June + Hour);
        feed.Spend(now - (4 * Minute), 4 * Usd);
        feed.Spend(now - 30_000, new SpendMeasures { BlockedCost = 6 * Usd, BlockedTokens = 60, BlockedRequests = 2 });
        var evaluation = feed.Evaluate(now);
        Assert.Equal((6 * Usd, 2 * Usd, 60, 2), (evaluation.DemandPerMinute, evaluation.SteadyDemandPerMinute, evaluation.DemandTokensPerMinute, evaluation.DemandRequestsPerMinute));
        Assert.True(evaluation.BlockedIsReported);
        Assert.Equal(6 * Usd, evaluation.Blocked);
        Assert.False(feed.Evaluate(now + (6 * Minute)).BlockedIsReported);
    }

    [Fact]
    public void Spend_more_than_ten_minutes_old_is_stale()
    {
        var feed = new LedgerFeed(_budget);
        Assert.True(feed.Evaluate(June + Minute).IsStale);
        feed.Spend(June, Usd);
        Assert.False(feed.Evaluate(June + (10 * Minute) + 10_000).IsStale);
        Assert.True(feed.Evaluate(June + (10 * Minute) + 10_001).IsStale);
    }

    [Fact]
    public void A_price_a_million_times_too_high_is_still_compared_exactly()
    {
        var (feed, now) = (new LedgerFeed(_budget), June + (2 * Day));
        for (var i = 0; i < 10; i++)
        {
            feed.Spend(now - 60_000, (Int128)long.MaxValue * 1_000_000_000_000);
        }

        Assert.True(feed.Evaluate(now).Pairs[0].Fires);
    }

    [Fact]
    public void What_did_not_change_is_evaluated_once_in_ten_seconds()
    {
        var feed = new LedgerFeed(_budget);
        feed.Spend(June, Usd);
        feed.EvaluateAll(June + 5_000);
        var seen = new List<BudgetEvaluation>();
        for (var now = June + 6_000; now < June + 106_000; now += 100)
        {
            feed.Evaluator.Evaluate(now, seen);
        }

        Assert.InRange(seen.Count, 10, 11);
    }

    private static void Fill(LedgerFeed feed, long upto, long span, Int128 cost)
    {
        for (var i = 0; i < 100; i++)
        {
            feed.Spend((upto - span + (i * span / 100)) / 10_000 * 10_000, cost / 100);
        }
    }
}
