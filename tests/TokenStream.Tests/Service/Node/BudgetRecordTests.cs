using TokenStream.Budgets;
using TokenStream.Pricing;
using TokenStream.Scopes;
using TokenStream.Service.Governing;
using TokenStream.Service.Node;
using Xunit;

namespace TokenStream.Tests.Service.Node;

public sealed class BudgetRecordTests
{
    private static readonly DateTimeOffset Now = DateTimeOffset.UnixEpoch.AddDays(20_000);

    [Fact]
    public void A_record_is_read_back_as_the_budgets_it_was_made_of()
    {
        var record = Of("- {name: a, scope: {tenant: t}, amount: 5 USD, period: month}", PublishedBudgets.None) with { Version = 7 };
        var again = BudgetRecord.Parse(record.ToBytes());
        Assert.Equal("budgets/0000000007", again.Key);
        Assert.Equal((record.Hash, record.At, "why"), (again.Hash, again.At, again.Reason));
        var budgets = again.ToBudgets();
        Assert.Equal(7, budgets.Set.Version);
        Assert.Equal("tenant=t", Assert.Single(budgets.Set.Patterns).Text);
        Assert.Equal("north", budgets.Directory.At("t", 0)!.Organisation);
        Assert.Equal("3", PriceText.Format(budgets.UnpricedBound["input"], 1_000_000));
    }

    [Fact]
    public void A_changed_period_is_held_in_the_record_of_its_version()
    {
        var before = Of("- {name: a, scope: all, amount: 5 USD, period: month}", PublishedBudgets.None).ToBudgets();
        var after = BudgetRecord.Parse(Of("- {name: a, scope: all, amount: 6 USD, period: rolling, hours: 5}", before).ToBytes()).ToBudgets().Set.Budgets[0];
        Assert.Equal(PeriodKind.Rolling, after.Period.Kind);
        Assert.Equal(new BudgetPeriod(PeriodKind.Month), after.Held!.Period);
        Assert.Equal(new PeriodCalendar(after.Held.Period).At(Now.ToUnixTimeMilliseconds()).EndMs, after.Held.UntilMs);
    }

    [Theory]
    [InlineData("""{"format":2}""")]
    [InlineData("nonsense")]
    [InlineData("{}")]
    public void Other_records_are_refused(string json) => Assert.Throws<FormatException>(() => BudgetRecord.Parse(System.Text.Encoding.UTF8.GetBytes(json)));

    [Fact]
    public void Spend_is_published_since_the_first_version_that_has_the_scope_without_a_gap()
    {
        var acme = Scope.Of((ScopeDimension.Tenant, ScopeTerm.Exact("acme")));
        Assert.Equal(3, OpeningBalances.FirstVersion(acme, [Rules(1, "tenant=acme"), Rules(2, "tenant=b"), Rules(3, "tenant=<each>"), Rules(4, "tenant=acme")]));
        Assert.Equal(0, OpeningBalances.FirstVersion(acme, [Rules(1, "tenant=acme"), Rules(2, "all")]));
        Assert.Equal(0, OpeningBalances.FirstVersion(acme, []));
        Assert.Equal(4, OpeningBalances.FirstVersion("tenant=acme", [Rules(1, "tenant=acme"), Rules(3, "tenant=<each>"), Rules(4, "tenant=acme"), Rules(5, "tenant=acme")]));
        Assert.Equal(0, OpeningBalances.FirstVersion("tenant=<each>", [Rules(3, "tenant=<each>"), Rules(4, "tenant=acme")]));
    }

    private static VersionPatterns Rules(long version, string pattern) => VersionPatterns.Of(new RulesRecord
    {
        Version = version,
        Source = "start",
        By = "",
        At = Now,
        Prices = "",
        PricesHash = "",
        LabelKeys = [],
        GraceMs = 0,
        DuplicateHorizonMs = 0,
        RollupsPartitions = 1,
        Scopes = new RulesScopes { Patterns = [pattern] },
    });

    private static BudgetRecord Of(string budgets, PublishedBudgets before)
    {
        var document = BudgetFile.Load($"version: 1\nunpriced_bound: {{input: 3}}\nbudgets:\n  {budgets}\n").Document!;
        return BudgetRecord.Of(document, DirectoryFile.Load("tenants: {t: [{organisation: north}]}").Directory!, before, "apply", "me", "why", Now);
    }
}
