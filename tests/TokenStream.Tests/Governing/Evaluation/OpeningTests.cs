using TokenStream.Budgets;
using TokenStream.Governing.Ledger;
using TokenStream.Scopes;
using TokenStream.Windowing;
using Xunit;
using static TokenStream.Tests.Governing.Evaluation.LedgerFeed;

namespace TokenStream.Tests.Governing.Evaluation;

/// <summary>What scopes had spent before the ledger counted, in dollars that are added up by hand.</summary>
public sealed class OpeningTests
{
    private const long Tenth = June + (9 * Day);
    private const long Later = Tenth + Hour;

    private readonly Budget _each = Monthly(1000, "each", "tenant=<each>") with { EachLimit = 10 };

    [Fact]
    public void A_tenant_that_appears_under_an_old_pattern_counts_from_zero_at_once()
    {
        var feed = Known(sinceMs: June - Day);
        feed.Spend(Later, 5 * Usd, Tenant("newcomer"));
        Assert.Equal((5 * Usd, false, null), Standing(feed, "newcomer"));
        Assert.Empty(feed.Evaluator.Seeding);
    }

    [Fact]
    public void A_pattern_that_is_new_in_mid_period_seeds_once_and_for_all_its_scopes()
    {
        var feed = Known(sinceMs: Tenth);
        feed.Spend(Tenth, 5 * Usd);
        Assert.True(Standing(feed, "acme").IsSeeding);
        Assert.Equal([new SeedingPattern("tenant=<each>", June, Tenth)], feed.Evaluator.Seeding);

        Assert.True(feed.Evaluator.SetOpening(Opening(("acme", 40), ("silent", 7))));
        Assert.Empty(feed.Evaluator.Seeding);
        Assert.False(feed.Evaluator.SetOpening(Opening(("acme", 40))));
        Assert.Equal((45 * Usd, false, null), Standing(feed, "acme"));
        Assert.Equal((7 * Usd, false, null), Standing(feed, "silent"));
        feed.Spend(Later, 3 * Usd, Tenant("newcomer"));
        feed.Spend(Later, 2 * Usd, Tenant("silent"));
        Assert.Equal((3 * Usd, false, null), Standing(feed, "newcomer"));
        Assert.Equal((9 * Usd, false, null), Standing(feed, "silent"));

        Assert.Equal((0, false, null), Standing(feed, "acme", June + (30 * Day)));
        Assert.Empty(feed.Evaluator.Seeding);
    }

    [Fact]
    public void A_pattern_said_within_ten_minutes_of_the_periods_start_may_have_missed_some_of_it()
    {
        Assert.Single(Known(sinceMs: June - (10 * Minute) + 1).Evaluator.Seeding);
        Assert.Empty(Known(sinceMs: June - (10 * Minute)).Evaluator.Seeding);
    }

    [Fact]
    public void The_period_after_a_late_pattern_seeds_where_the_pattern_came_shortly_before_it()
    {
        var feed = Known(sinceMs: June + (30 * Day) - Minute, nowMs: June + (30 * Day) - Minute);
        feed.Evaluator.SetOpening(Opening(("acme", 40)));
        Assert.Equal((40 * Usd, false, null), Standing(feed, "acme", June + (30 * Day) - 1));
        feed.Spend(June + (30 * Day), Usd);
        Assert.True(Standing(feed, "acme", June + (30 * Day)).IsSeeding);
        Assert.Equal([new SeedingPattern("tenant=<each>", June + (30 * Day), June + (30 * Day) - Minute)], feed.Evaluator.Seeding);
        Assert.True(feed.Evaluator.SetOpening(Opening(("acme", 2)) with { PeriodStartMs = June + (30 * Day) }));
        Assert.Equal((3 * Usd, false, null), Standing(feed, "acme", June + (30 * Day)));
    }

    [Fact]
    public void A_restart_remembers_that_the_pattern_is_filled()
    {
        var feed = Known(sinceMs: Tenth);
        feed.Spend(Tenth, 5 * Usd);
        var before = Again(feed.Snapshot(), Tenth);
        feed.Evaluator.SetOpening(Opening(("acme", 40)));
        var after = Again(feed.Snapshot(), Tenth);
        after.Spend(Later, 3 * Usd, Tenant("newcomer"));
        Assert.Empty(after.Evaluator.Seeding);
        Assert.Equal((45 * Usd, false, null), Standing(after, "acme"));
        Assert.Equal((3 * Usd, false, null), Standing(after, "newcomer"));

        // One that fell before it was filled asks again, and comes to the same.
        Assert.True(Standing(before, "acme").IsSeeding);
        Assert.True(before.Evaluator.SetOpening(Opening(("acme", 40))));
        Assert.Equal((45 * Usd, false, null), Standing(before, "acme"));
    }

    [Fact]
    public void Scopes_beyond_each_limit_find_their_opening_when_there_is_room()
    {
        var feed = new LedgerFeed();
        feed.Adopt(Tenth, Tenth, _each with { EachLimit = 1 });
        feed.Spend(Tenth, 5 * Usd);
        feed.Evaluator.SetOpening(Opening(("acme", 40), ("second", 7)));
        feed.Spend(Tenth, 2 * Usd, Tenant("second"));
        Assert.Equal(["tenant=acme"], feed.EvaluateAll(Later).Select(evaluation => evaluation.Scope.Text));
        feed.Adopt(Later, Tenth, _each);
        Assert.Equal((9 * Usd, false, null), Standing(feed, "second"));
        Assert.Equal((45 * Usd, false, null), Standing(feed, "acme"));
    }

    [Fact]
    public void What_was_lost_or_had_no_room_is_not_taken_for_nothing()
    {
        var small = new LedgerFeed(new SpendLedger(limit: 1), [], Tenth);
        small.Adopt(Tenth, June - Day, _each);
        small.Spend(Tenth, 5 * Usd);
        small.Spend(Tenth + 10_000, 7 * Usd, Tenant("refused"));
        var roomy = Again(small.Snapshot(), June - Day);
        roomy.Spend(Later, 2 * Usd, Tenant("refused"));
        Assert.Equal((5 * Usd, false, null), Standing(roomy, "acme"));
        Assert.Equal((2 * Usd, false, Tenth + 20_000), Standing(roomy, "refused"));
        Assert.Equal((0, false, null), Standing(roomy, "refused", June + (30 * Day)));

        // A pattern that came after the loss was never in what is lost.
        roomy = Again(small.Snapshot(), Later);
        roomy.Spend(Later, 2 * Usd, Tenant("refused"));
        Assert.True(Standing(roomy, "refused").IsSeeding);
        Assert.True(roomy.Evaluator.SetOpening(Opening(("refused", 7))));
        Assert.Equal((9 * Usd, false, null), Standing(roomy, "refused"));
    }

    [Fact]
    public void A_pattern_that_was_gone_for_a_while_does_not_count_twice_what_it_knew()
    {
        var feed = Known(sinceMs: June - Day);
        feed.Spend(Tenth, 5 * Usd);
        feed.Adopt(Tenth + Minute, Tenth, Monthly(1, "other", "tenant=other"));
        feed.Adopt(Later, Later, _each);
        feed.Spend(Later, 2 * Usd, Tenant("newcomer"));
        feed.Spend(Later, 1 * Usd);
        Assert.True(feed.Evaluator.SetOpening(Opening(("acme", 6), ("newcomer", 4))));
        Assert.Equal((6 * Usd, false, Later), Standing(feed, "acme"));
        Assert.Equal((6 * Usd, false, null), Standing(feed, "newcomer"));
    }

    [Fact]
    public void A_scope_that_another_pattern_published_before_does_not_wait()
    {
        var feed = new LedgerFeed();
        feed.Adopt(June, June - Day, Monthly(1000));
        feed.Spend(Tenth, 5 * Usd);
        feed.Adopt(Later, Later, _each);
        Assert.Equal((5 * Usd, false, null), Standing(feed, "acme"));
        feed.Spend(Later, 2 * Usd, Tenant("newcomer"));
        Assert.True(Standing(feed, "newcomer").IsSeeding);
    }

    private static Scope Tenant(string name) => Scope.Of((ScopeDimension.Tenant, ScopeTerm.Exact(name)));

    private static PatternOpening Opening(params (string Tenant, int Dollars)[] spent) => new(
        "tenant=<each>", June, spent.ToDictionary(pair => Tenant(pair.Tenant), pair => new SpendMeasures { Cost = pair.Dollars * (Int128)Usd }));

    private static (Int128 Spent, bool IsSeeding, long? CountsFromMs) Standing(LedgerFeed feed, string tenant, long nowMs = Later)
    {
        var evaluation = feed.EvaluateAll(nowMs).First(evaluation => evaluation.Scope.Equals(Tenant(tenant)));
        return (evaluation.Spent, evaluation.IsSeeding, evaluation.CountsFromMs);
    }

    private LedgerFeed Known(long sinceMs, long nowMs = Tenth)
    {
        var feed = new LedgerFeed();
        feed.Adopt(nowMs, sinceMs, _each);
        return feed;
    }

    private LedgerFeed Again(IReadOnlyList<byte[]> snapshot, long sinceMs)
    {
        var feed = new LedgerFeed(snapshot);
        feed.Adopt(Later, sinceMs, _each);
        return feed;
    }
}
