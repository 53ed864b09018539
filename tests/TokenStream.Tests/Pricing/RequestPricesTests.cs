using System.Text;
using System.Text.Json.Nodes;
using TokenStream.Events;
using TokenStream.Pricing;
using Xunit;

namespace TokenStream.Tests.Pricing;

public sealed class RequestPricesTests
{
    private const string Book = """
        name: test
        date: 2026-01-01
        providers:
          openai:
            models:
              gpt-5:
                prices:
                  - {input: 1.25, cached_input: 0.125, output: 10}
              gpt-5-mini:
                prices:
                  - {input: 0.25, cached_input: 0.025, output: 2}
          anthropic:
            models:
              claude:
                prices:
                  - {input: 3, cached_input: 0.3, cache_write_5m: 3.75, cache_write_1h: 6, output: 15}
        contracts:
          - tenant: partner
            provider: openai
            discount: 50%
        """;

    // By hand, in picodollars: a USD a million tokens is 1,000,000 a token. A thousand tokens in and at most five hundred out.
    [Theory]
    [InlineData("openai", "gpt-5", 6_250_000_000)]
    [InlineData("openai", "gpt-5-mini", 1_250_000_000)]
    [InlineData("anthropic", "claude", 13_500_000_000)]
    [InlineData("openai", "gpt-9", 6_250_000_000)]
    [InlineData("nobody", "gpt-9", 4_000_000_000)]
    public void An_estimate_is_the_most_that_a_request_can_cost(string provider, string model, long expected) =>
        Assert.Equal(expected, Prices().Estimate("beta", provider, model, null, 1_800_000_000_000, 1_000, 500));

    [Fact]
    public void What_neither_price_nor_bound_is_known_for_costs_nothing() =>
        Assert.Equal(0, Prices(bound: "{}").Estimate("beta", "nobody", "gpt-9", null, 1_800_000_000_000, 1_000, 500));

    [Fact]
    public void A_contract_counts_for_its_tenant() =>
        Assert.Equal(3_125_000_000, Prices().Estimate("partner", "openai", "gpt-5", null, 1_800_000_000_000, 1_000, 500));

    [Fact]
    public void A_cost_is_what_the_event_will_be_priced_at()
    {
        // 600 uncached at 1.25, 400 cached at 0.125, 150 out and 50 of reasoning at 10.
        var usage = new UsageEvent { TokensIn = 1_000, TokensCached = 400, TokensOut = 200, TokensReasoning = 50 };
        Assert.Equal(2_800_000_000, Prices().Cost("beta", "openai", "gpt-5", null, 1_800_000_000_000, in usage));

        // Without a price each class counts at the dearest of the provider, which is gpt-5's.
        Assert.Equal(2_800_000_000, Prices().Cost("beta", "openai", "gpt-9", null, 1_800_000_000_000, in usage));
    }

    [Fact]
    public void What_is_out_of_range_costs_the_most_there_is() =>
        Assert.Equal(RequestPrices.MostCost, Prices().Estimate("beta", "openai", "gpt-5", null, 1_800_000_000_000, long.MaxValue / 4, long.MaxValue / 4));

    [Fact]
    public void Only_versions_of_the_rules_are_read()
    {
        var bytes = Rules("{}");
        Assert.False(RequestPrices.TryRead("prices/1", bytes, out _));
        Assert.False(RequestPrices.TryRead("rules/1", "{}"u8, out _));
        Assert.False(RequestPrices.TryRead("rules/1", "nonsense"u8, out _));
        Assert.False(RequestPrices.TryRead("rules/1", Rules("{}", format: 3), out _));
        Assert.False(RequestPrices.TryRead("rules/1", Rules("""{"input":"a lot"}"""), out _));
        Assert.True(RequestPrices.TryRead("rules/1", bytes, out var prices));
        Assert.Equal(7, prices.Version);
    }

    internal static byte[] Rules(string bound, int format = 2) => Encoding.UTF8.GetBytes(new JsonObject
    {
        ["format"] = format,
        ["version"] = 7,
        ["source"] = "start",
        ["prices"] = Book,
        ["scopes"] = new JsonObject { ["budgets_version"] = 1, ["unpriced_bound"] = JsonNode.Parse(bound) },
    }.ToJsonString());

    private static RequestPrices Prices(string bound = """{"input":"2","output":"4"}""") =>
        RequestPrices.TryRead("rules/0000000007", Rules(bound), out var prices) ? prices : throw new InvalidOperationException("the book is sound");
}
