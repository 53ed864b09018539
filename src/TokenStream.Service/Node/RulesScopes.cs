using TokenStream.Budgets;
using TokenStream.Pricing;
using TokenStream.Scopes;

namespace TokenStream.Service.Node;

/// <summary>What the rules say about the spend of scopes: all that its content depends on besides prices.</summary>
internal sealed record RulesScopes
{
    public static RulesScopes None { get; } = new();

    /// <summary>Version of the budget set that the patterns come from: the first one that had them all.</summary>
    public long BudgetsVersion { get; init; }

    /// <summary>The budgets' scopes, as <see cref="ScopePattern.Text"/>.</summary>
    public IReadOnlyList<string> Patterns { get; init; } = [];

    public IReadOnlyList<TenantEntry> Directory { get; init; } = [];

    /// <summary>What tokens without a price count at, by their class in a price book: USD a million, as decimals.</summary>
    public IReadOnlyDictionary<string, string> UnpricedBound { get; init; } = new Dictionary<string, string>();

    public static RulesScopes Of(BudgetSet budgets, TenantDirectory directory, RateSet unpricedBound) => new()
    {
        BudgetsVersion = budgets.Version,
        Patterns = [.. budgets.Patterns.Select(pattern => pattern.Text)],
        Directory = [.. directory.Entries],
        UnpricedBound = unpricedBound.All.ToDictionary(rate => rate.Key, rate => PriceText.Format(rate.Value, RateUnits.Million)),
    };

    /// <summary>Whether spend computed under either comes out the same.</summary>
    public bool SameContent(RulesScopes other) =>
        Patterns.SequenceEqual(other.Patterns) && Directory.SequenceEqual(other.Directory) &&
        UnpricedBound.OrderBy(rate => rate.Key, StringComparer.Ordinal)
            .SequenceEqual(other.UnpricedBound.OrderBy(rate => rate.Key, StringComparer.Ordinal));

    /// <exception cref="FormatException">A pattern or a rate is none.</exception>
    public ScopeIndex ToIndex() => Patterns.Count == 0
        ? ScopeIndex.None
        : new ScopeIndex(Patterns.Select(Pattern), new TenantDirectory(Directory));

    /// <exception cref="FormatException">A rate is none.</exception>
    public RateSet ToBound() => new(UnpricedBound.Select(rate => KeyValuePair.Create(
        rate.Key,
        PriceText.TryParse(rate.Value, RateUnits.Million, out var parsed, out var reason)
            ? parsed
            : throw new FormatException($"the rules' bound '{rate.Value}' {reason}"))));

    private static ScopePattern Pattern(string text) =>
        ScopePattern.TryParse(text, out var pattern, out var error)
            ? pattern
            : throw new FormatException($"the rules' pattern '{text}' {error}");
}
