using TokenStream.Scopes;
using Xunit;

namespace TokenStream.Tests.Windowing;

/// <summary>Which scopes patterns make of requests, against trying every pattern on every value by hand.</summary>
public sealed class ScopeIndexTests
{
    private static readonly string[] Terms = ["a", "b", "ab", "<each>", "a*", "*b*", "x%3By", "b%2A"];

    private static readonly string[] Words = ["", "a", "b", "ab", "abc", "b*", "x;y", "~other"];

    [Fact]
    public void The_index_finds_what_trying_every_pattern_finds()
    {
        for (var seed = 0; seed < 300; seed++)
        {
            var random = new Random(seed);
            var patterns = Enumerable.Range(0, random.Next(1, 40)).Select(_ => RandomPattern(random)).ToArray();
            var index = new ScopeIndex(patterns.Select(Parse), TenantDirectory.Empty);
            for (var request = 0; request < 20; request++)
            {
                var values = Enumerable.Range(0, Scope.Dimensions).Select(_ => Words[random.Next(Words.Length)]).ToArray();
                var found = index.Find(values, withUser: false).Concat(index.Find(values, withUser: true)).ToArray();
                var expected = patterns.Distinct().Select(pattern => (Pattern: pattern, Scope: Naive(pattern, values)))
                    .Where(one => one.Scope is not null).Select(one => $"{one.Pattern} {one.Scope}");
                Assert.Equal(expected.Order(StringComparer.Ordinal), found.Select(one => $"{index.Patterns[one.Pattern]} {one.Scope}").Order(StringComparer.Ordinal));
                Assert.All(found, one => Assert.True(index.Patterns[one.Pattern].Covers(one.Scope)));

                // Whoever could be put into a user's scope is told so, whoever the user is.
                string[] withoutUser = [.. values[..^1], ""];
                Assert.True(index.MayBindUser(withoutUser) || !index.Find(values, withUser: true).Any());
            }
        }
    }

    [Theory]
    [InlineData("tenant=acme;model=gpt-4*", "tenant=acme;model=gpt-4*")]
    [InlineData("tenant=<each>;model=gpt-4*", "tenant=acme;model=gpt-4*")]
    [InlineData("environment=prod;tenant=<each>;user=<each>", "environment=prod;tenant=acme;user=u%3B1")]
    [InlineData("feature=<each>", null)]
    [InlineData("feature=*", null)]
    [InlineData("model=gpt-5*", null)]
    [InlineData("all", "all")]
    public void A_pattern_makes_a_scope_of_a_request(string pattern, string? scope)
    {
        var index = new ScopeIndex([Parse(pattern)], TenantDirectory.Empty);
        string[] request = ["", "prod", "acme", "shop", "", "openai", "gpt-4o", "u;1"];
        Assert.Equal(scope, index.Find(request, withUser: false).Concat(index.Find(request, withUser: true)).SingleOrDefault().Scope?.Text);
    }

    [Fact]
    public void Names_are_exact_values_only()
    {
        var index = new ScopeIndex([Parse("tenant=acme;model=gpt*;feature=<each>")], TenantDirectory.Empty);
        Assert.True(index.Names(ScopeDimension.Tenant, "acme"));
        Assert.False(index.Names(ScopeDimension.Tenant, "other"));
        Assert.False(index.Names(ScopeDimension.Model, "gpt"));
        Assert.False(index.Names(ScopeDimension.Feature, "acme"));
    }

    [Fact]
    public void A_directory_says_from_when_until_when_an_entry_holds()
    {
        var (first, second) = (new TenantEntry("a", 100, "north", null, null, null), new TenantEntry("a", 200, "south", null, null, null));
        var directory = new TenantDirectory([second, first]);
        Assert.Equal((null, long.MinValue, 100L), directory.During("a", 99));
        Assert.Equal((first, 100L, 200L), directory.During("a", 100));
        Assert.Equal((first, 100L, 200L), directory.During("a", 199));
        Assert.Equal((second, 200L, long.MaxValue), directory.During("a", 200));
        Assert.Equal((null, long.MinValue, long.MaxValue), directory.During("b", 200));
    }

    private static ScopePattern Parse(string text) =>
        ScopePattern.TryParse(text, out var pattern, out var error) ? pattern : throw new ArgumentException($"'{text}' {error}");

    private static string RandomPattern(Random random)
    {
        var terms = Enum.GetNames<ScopeDimension>().Where(_ => random.Next(4) == 0)
            .Select(name => $"{name.ToLowerInvariant()}={Terms[random.Next(Terms.Length)]}").ToArray();
        return terms.Length == 0 ? "all" : string.Join(';', terms);
    }

    /// <summary>The rules of the documentation on texts alone.</summary>
    private static string? Naive(string pattern, string[] values)
    {
        if (pattern == "all")
        {
            return "all";
        }

        var names = Enum.GetNames<ScopeDimension>().Select(name => name.ToLowerInvariant()).ToArray();
        var bound = new List<string>();
        foreach (var term in pattern.Split(';').Select(part => part.Split('=')))
        {
            var value = values[Array.IndexOf(names, term[0])];
            var written = Uri.EscapeDataString(value);
            var holds = term[1] switch
            {
                "<each>" => true,
                "a*" => value.StartsWith('a'),
                "*b*" => value.Contains('b', StringComparison.Ordinal),
                _ => written == term[1],
            };
            if (value.Length == 0 || !holds)
            {
                return null;
            }

            bound.Add($"{term[0]}={(term[1] == "<each>" ? written : term[1])}");
        }

        return string.Join(';', bound);
    }
}
