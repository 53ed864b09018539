using System.Text;
using TokenStream.Budgets;
using TokenStream.Pricing;
using TokenStream.Scopes;
using TokenStream.Service.Node;
using TokenStream.Service.Options;
using Xunit;

namespace TokenStream.Tests.Service.Node;

/// <summary>Versions of the rules as they travel between nodes.</summary>
public sealed class RulesRecordTests
{
    private static readonly TenantDirectory Directory = new([new TenantEntry("acme", 5, "north", "ann", "Europe/Berlin", "team")]);

    [Fact]
    public void Scopes_directory_and_bound_are_read_back()
    {
        var record = RulesRecord.Parse(WithScopes(3, "tenant=<each>", "all").ToBytes());
        var rules = record.ToRules();
        Assert.Equal(["all", "tenant=<each>"], rules.Scopes.Patterns.Select(pattern => pattern.Text));
        Assert.Equal(Directory.Entries, rules.Scopes.Directory.Entries);
        Assert.Equal((3L, 5, 4), (rules.BudgetsVersion, rules.SpendPartitions, rules.RollupsPartitions));
        Assert.Equal(2_500_000, rules.UnpricedBound["input"].Numerator);
        Assert.True(record.SameContent(WithScopes(3, "all", "tenant=<each>")));
    }

    [Fact]
    public void Gateways_read_the_same_prices_and_bounds_from_it()
    {
        // A provider that no book knows, so that the bound alone counts: 2.5 USD a million tokens in, and nothing is known of output.
        var record = WithScopes(3, "all") with { Prices = PriceBookWriter.Write(DefaultPriceBook.Book.Content) };
        Assert.True(RequestPrices.TryRead("rules/0000000001", record.ToBytes(), out var prices));
        Assert.Equal(record.Version, prices.Version);
        Assert.Equal(2_500_000_000, prices.Estimate("acme", "nobody", "nothing", null, 1_800_000_000_000, 1_000, 500));

        // gpt-4o: 2.50 USD a million tokens in, 10 out.
        Assert.Equal(7_500_000_000, prices.Estimate("acme", "openai", "gpt-4o", null, 1_800_000_000_000, 1_000, 500));
    }

    [Fact]
    public void Only_what_sums_depend_on_makes_other_rules()
    {
        var record = WithScopes(3, "all");
        Assert.True(record.SameContent(WithScopes(4, "all")));
        Assert.False(record.SameContent(WithScopes(3, "all", "tenant=a")));
        Assert.False(record.SameContent(record.With(Budgets(3, "all"), TenantDirectory.Empty, Bound("2.5"))));
        Assert.False(record.SameContent(record.With(Budgets(3, "all"), Directory, Bound("2.50001"))));
        Assert.False(record.SameContent(record with { SpendPartitions = 6 }));
    }

    [Fact]
    public void A_version_of_the_first_format_says_nothing_about_spend()
    {
        var old = Encoding.UTF8.GetString(WithScopes(3, "all").ToBytes()).Replace("\"format\":2", "\"format\":1", StringComparison.Ordinal);
        old = old[..old.IndexOf(",\"spend_partitions\"", StringComparison.Ordinal)] + "}";
        var rules = RulesRecord.Parse(Encoding.UTF8.GetBytes(old)).ToRules();
        Assert.Equal((0, 0, 4), (rules.SpendPartitions, rules.Scopes.Patterns.Count, rules.RollupsPartitions));
    }

    [Fact]
    public void A_format_of_later_releases_is_refused()
    {
        var later = Encoding.UTF8.GetString(WithScopes(3, "all").ToBytes()).Replace("\"format\":2", "\"format\":3", StringComparison.Ordinal);
        Assert.Throws<FormatException>(() => RulesRecord.Parse(Encoding.UTF8.GetBytes(later)));
    }

    private static RulesRecord WithScopes(long version, params string[] patterns)
    {
        var options = new NodeOptions();
        var partitions = new Dictionary<string, int> { [options.Topics.Rollups] = 4, [options.Topics.Spend] = 5 };
        return RulesRecord.Of(options, PriceBook.Empty, partitions, "start", DateTimeOffset.UnixEpoch).With(Budgets(version, patterns), Directory, Bound("2.5"));
    }

    private static RateSet Bound(string usd)
    {
        Assert.True(PriceText.TryParse(usd, RateUnits.Million, out var rate, out _));
        return new RateSet([KeyValuePair.Create("input", rate)]);
    }

    private static BudgetSet Budgets(long version, params string[] patterns) => new(
        version,
        [.. patterns.Select((text, i) => new Budget
        {
            Name = $"b{i}",
            Scope = ScopePattern.TryParse(text, out var pattern, out _) ? pattern : throw new ArgumentException(text),
            Amount = default,
            Period = default!,
        })]);
}
