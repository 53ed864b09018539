using TokenStream.Pricing;
using Xunit;

namespace TokenStream.Tests.Pricing;

/// <summary>What usage without a price counts at, and what is self-hosted and therefore not unpriced.</summary>
public sealed class UnpricedBoundsTests
{
    private const int Classes = 6;

    private static readonly long Noon = PricedEvent.Ms("2026-08-21T12:00:00Z");

    private static readonly PriceBook Book = PriceFiles.Book(
        """
        providers:
          acme:
            names: ["*acme*"]
            models:
              small:
                prices: [{input: 1, output: 4, cached_input: 0.5}]
              large:
                prices:
                  - {input: 3, output: 2, above: {1000: {input: 7}}}
                  - {service_tier: priority, output: 9, reasoning: 8}
              old:
                prices: [{input: 100, until: 2026-01-01}]
          reseller:
            fallback: [acme]
          empty: {makes: [e]}
          home:
            self_hosted: true
            models:
              priced:
                prices: [{output: 3}]
          mixed:
            models:
              ours:
                self_hosted: true
              timed:
                self_hosted: true
                prices: [{input: 5, since: 2026-01-01, until: 2026-02-01}]
              theirs:
                prices: [{input: 1}]
        """);

    [Theory]
    [InlineData("acme", "2026-08-21T12:00:00Z", 7, 0.5, null, null, 9, 8)]
    [InlineData("ACME-eu", "2026-08-21T12:00:00Z", 7, 0.5, null, null, 9, 8)]
    [InlineData("reseller", "2026-08-21T12:00:00Z", 7, 0.5, null, null, 9, 8)]
    [InlineData("acme", "2025-12-31T23:59:59Z", 100, 0.5, null, null, 9, 8)]
    [InlineData("acme", "2026-01-01T00:00:00Z", 7, 0.5, null, null, 9, 8)]
    [InlineData("empty", "2026-08-21T12:00:00Z", null, null, null, null, null, null)]
    [InlineData("nobody", "2026-08-21T12:00:00Z", null, null, null, null, null, null)]
    public void The_dearest_price_of_the_provider_at_the_time_counts(string provider, string at, params object?[] dollars)
    {
        var bound = new UnpricedBounds(Book, RateSet.None).Of(provider);
        for (var tokenClass = 0; tokenClass < Classes; tokenClass++)
        {
            var cost = bound.Cost(Tokens(tokenClass, 1_000_000), PricedEvent.Ms(at), out var unbound);
            var expected = dollars[tokenClass] is { } usd ? Convert.ToDecimal(usd, null) : (decimal?)null;
            Assert.Equal((expected is null ? 1_000_000L : 0, (Int128)((expected ?? 0) * 1_000_000_000_000m)), (unbound, cost));
        }
    }

    [Fact]
    public void Where_the_provider_has_no_price_for_a_class_the_configured_rate_counts()
    {
        Rate.TryCreate(11, 1, out var eleven);
        var configured = new RateSet([KeyValuePair.Create("input", eleven), KeyValuePair.Create("cache_write_1h", eleven)]);
        var tokens = Tokens((int)TokenClass.Input, 10);
        tokens[(int)TokenClass.CacheWrite1h] = 100;
        tokens[(int)TokenClass.CacheWrite5m] = 1000;
        tokens[(int)TokenClass.Units] = 5;
        Assert.Equal((70_000_000 + 1_100, 1_000L), (new UnpricedBounds(Book, configured).Of("acme").Cost(tokens, Noon, out var unbound), unbound));
        Assert.Equal((110 + 1_100, 1_000L), (new UnpricedBounds(Book, configured).Of("nobody").Cost(tokens, Noon, out unbound), unbound));
        Assert.Equal((-110 - 1_100, -1_000L), (new UnpricedBounds(Book, configured).Of("nobody").Cost(Negative(tokens), Noon, out unbound), unbound));
    }

    [Fact]
    public void No_price_of_the_default_book_is_above_its_providers_bound()
    {
        var bounds = new UnpricedBounds(DefaultPriceBook.Book, RateSet.None);
        foreach (var provider in DefaultPriceBook.Book.Content.Providers)
        {
            var (bound, dearest) = (bounds.Of(provider.Id), new Int128[Classes]);
            foreach (var model in provider.Models.Concat(provider.Fallback.SelectMany(Models)))
            {
                foreach (var entry in model.Prices)
                {
                    foreach (var context in entry.Bands.Select(band => band.AboveTokens + 1))
                    {
                        Compare(bound, provider.Id, model.Id, entry, context, dearest);
                    }
                }
            }

            // And the bound is a price that something has, not a number above all.
            for (var tokenClass = 0; tokenClass < Classes; tokenClass++)
            {
                Assert.Equal(dearest[tokenClass], bound.Cost(Tokens(tokenClass, 1_000_000), Noon, out _));
            }
        }
    }

    [Theory]
    [InlineData("home", "anything", 0)]
    [InlineData("home", "priced", 3)]
    [InlineData("mixed", "ours", 0)]
    [InlineData("mixed", "timed", 0)]
    public void What_is_self_hosted_is_never_unpriced(string provider, string model, long outputUsd)
    {
        foreach (var tier in new[] { "", "batch" })
        {
            ref readonly var row = ref Book.Plan("t", provider, model, "", tier).At(Noon, 10);
            Assert.NotEqual(PricedUsage.NoCell, row.Cell);
            for (var tokenClass = 0; tokenClass < Classes; tokenClass++)
            {
                var isOutput = tier.Length == 0 && tokenClass is (int)TokenClass.Output or (int)TokenClass.Reasoning;
                Assert.True(row.Rates[tokenClass].TryCost(1_000_000, out var cost));
                Assert.Equal(isOutput && tier.Length == 0 ? outputUsd * 1_000_000_000_000 : 0, cost);
            }
        }
    }

    [Fact]
    public void A_self_hosted_model_costs_its_price_while_it_has_one()
    {
        var plan = Book.Plan("t", "mixed", "timed", "", "");
        Assert.Equal(5_000_000, plan.At(PricedEvent.Ms("2026-01-15T00:00:00Z"), 10).Rates[0].Numerator);
        Assert.Equal(0, plan.At(PricedEvent.Ms("2025-12-31T23:59:59Z"), 10).Rates[0].Numerator);
        Assert.NotEqual(plan.At(PricedEvent.Ms("2025-12-31T23:59:59Z"), 10).Cell, plan.At(PricedEvent.Ms("2026-01-15T00:00:00Z"), 10).Cell);
        Assert.False(Book.Plan("t", "mixed", "theirs", "", "").At(Noon, 10).Rates[(int)TokenClass.Output].IsKnown);
    }

    [Fact]
    public void A_book_with_self_hosted_models_is_written_and_read_back()
    {
        var again = PriceBookLoader.Load(PriceBookWriter.Write(Book.Content), "again");
        Assert.Empty(again.Errors);
        Assert.Equal(Book.Hash, again.Book!.Hash);
        Assert.True(again.Book.Content.Find("home")!.IsSelfHosted);
        Assert.NotEmpty(PriceBookLoader.Load("name: n\ndate: 2026-01-01\nproviders: {p: {self_hosted: perhaps}}", "n").Errors);
        Assert.NotEmpty(PriceBookLoader.Load("name: n\ndate: 2026-01-01\nproviders: {p: {models: {m: {self_hosted: false}}}}", "n").Errors);
    }

    private static IReadOnlyList<ModelPrices> Models(string providerId)
    {
        var provider = DefaultPriceBook.Book.Content.Find(providerId);
        return provider is null ? [] : [.. provider.Models, .. provider.Fallback.SelectMany(Models)];
    }

    private static void Compare(UnpricedBound bound, string provider, string model, PriceEntry entry, long context, Int128[] dearest)
    {
        var time = entry.UntilMs == long.MaxValue ? Math.Max(entry.SinceMs, Noon) : entry.UntilMs - 1;
        var above = entry.Bands.Where(band => band.AboveTokens < context).Aggregate(RateSet.None, (below, band) => band.Rates.Over(below));
        for (var tokenClass = 0; tokenClass < Classes; tokenClass++)
        {
            var rate = above[RateSet.ClassKeys[tokenClass]];
            rate = !rate.IsKnown && tokenClass == (int)TokenClass.Reasoning ? above["output"] : rate;
            if (rate.IsKnown)
            {
                var cost = rate.CostOfSum(1_000_000);
                Assert.True(cost <= bound.Cost(Tokens(tokenClass, 1_000_000), time, out _), $"{provider} {model} {(TokenClass)tokenClass}");
                dearest[tokenClass] = entry.SinceMs <= Noon && Noon < entry.UntilMs && cost > dearest[tokenClass] ? cost : dearest[tokenClass];
            }
        }
    }

    private static PerTokenClass Tokens(int tokenClass, long tokens)
    {
        PerTokenClass all = default;
        all[tokenClass] = tokens;
        return all;
    }

    private static PerTokenClass Negative(PerTokenClass tokens)
    {
        for (var i = 0; i < PerTokenClass.Count; i++)
        {
            tokens[i] = -tokens[i];
        }

        return tokens;
    }
}
