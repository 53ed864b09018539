using System.Globalization;
using TokenStream.Budgets;
using TokenStream.Scopes;
using Xunit;

namespace TokenStream.Tests.Budgets;

public sealed class BudgetTimelineTests
{
    private static readonly BudgetPeriod Month = new(PeriodKind.Month);
    private static readonly BudgetPeriod Week = new(PeriodKind.Week);

    [Fact]
    public void An_amount_acts_at_once()
    {
        var after = Follow(Of(Month), Of(Month) with { Amount = new BudgetAmount(7, IsTokens: false) }, "2026-11-21");
        Assert.Null(after.Held);
        Assert.Equal(7, after.Amount.Value);
    }

    [Fact]
    public void A_period_acts_when_the_running_one_ends()
    {
        var after = Follow(Of(Month), Of(Week), "2026-11-21");
        Assert.Equal(new HeldPeriod(Month, Ms("2026-12-01")), after.Held);
        Assert.Equal(Month, BudgetTimeline.PeriodAt(after, Ms("2026-12-01") - 1));
        Assert.Equal(Week, BudgetTimeline.PeriodAt(after, Ms("2026-12-01")));
    }

    [Fact]
    public void A_zone_acts_when_the_running_period_ends_by_the_old_zone()
    {
        var after = Follow(Of(Month with { TimeZone = "Asia/Tokyo" }), Of(Month), "2026-11-21");
        Assert.Equal(Ms("2026-11-30T15:00:00Z"), after.Held!.UntilMs);
    }

    [Fact]
    public void A_period_that_was_held_is_held_on_through_further_changes_and_no_longer()
    {
        var changed = Follow(Of(Month), Of(Week), "2026-11-21");
        Assert.Equal(changed.Held, Follow(changed, Of(Week), "2026-11-22").Held);
        Assert.Equal(changed.Held, Follow(changed, Of(new BudgetPeriod(PeriodKind.Day)), "2026-11-22").Held);
        Assert.Null(Follow(changed, Of(Month), "2026-11-22").Held);

        // Once it has ended, the period that was asked for is the running one: that week ends on the 7th.
        Assert.Equal(new HeldPeriod(Week, Ms("2026-12-07")), Follow(changed, Of(Month), "2026-12-02").Held);
        Assert.Null(Follow(changed, Of(Week), "2026-12-02").Held);
    }

    [Fact]
    public void A_rolling_period_is_left_at_once_and_entered_when_the_running_one_ends()
    {
        var rolling = new BudgetPeriod(PeriodKind.Rolling, Hours: 5);
        Assert.Null(Follow(Of(rolling), Of(Month), "2026-11-21").Held);
        Assert.Equal(Ms("2026-12-01"), Follow(Of(Month), Of(rolling), "2026-11-21").Held!.UntilMs);
    }

    [Fact]
    public void Another_scope_or_name_is_another_budget()
    {
        Assert.Null(Follow(Of(Month), Of(Week) with { Name = "other" }, "2026-11-21").Held);
        Assert.Null(Follow(Of(Month), Of(Week) with { Scope = ScopePattern.Of((ScopeDimension.Tenant, ScopeTerm.Exact("a"))) }, "2026-11-21").Held);
    }

    private static Budget Follow(Budget before, Budget after, string now) => Assert.Single(BudgetTimeline.Follow([before], [after], Ms(now)));

    private static Budget Of(BudgetPeriod period) => new()
    {
        Name = "b", Scope = ScopePattern.Of(), Amount = new BudgetAmount(1, IsTokens: false), Period = period,
    };

    private static long Ms(string time) => DateTimeOffset.Parse(time, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal).ToUnixTimeMilliseconds();
}
