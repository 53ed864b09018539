using System.Globalization;
using TokenStream.Scopes;

namespace TokenStream.Benchmarks.Partition;

/// <summary>The scopes of so many budgets: some for every event, the rest exact, each for one tenant and feature or one that never comes.</summary>
internal static class SampleScopes
{
    private static readonly string[] Broad =
    [
        "all", "tenant=<each>", "environment=prod", "environment=prod;feature=<each>", "model=<each>", "provider=openai;model=load-model-0*",
        "environment=staging", "tenant=tenant-00000;feature=<each>", "feature=team/feature-00", "provider=<each>",
    ];

    public static ScopeIndex Of(int budgets)
    {
        var exact = Enumerable.Range(0, Math.Max(0, budgets - Broad.Length))
            .Select(i => string.Create(CultureInfo.InvariantCulture, $"environment=prod;tenant=tenant-{i / 4:D5};feature=team/feature-{i % 4:D2}"));
        return new ScopeIndex(Broad.Take(budgets).Concat(exact).Select(Parse), TenantDirectory.Empty);
    }

    private static ScopePattern Parse(string text) =>
        ScopePattern.TryParse(text, out var pattern, out var error) ? pattern : throw new ArgumentException($"'{text}' {error}", nameof(text));
}
