using TokenStream.Pricing;
using Xunit;

namespace TokenStream.Tests.Pricing;

public sealed class PriceDerivationTests
{
    private static readonly PriceBook Book = PriceFiles.Book("""
        source: "the makers' pages"
        providers:
          acme: {names: ["*acme*"], fallback: [maker], models: {other: {prices: {input: 1}}}}
          maker: {makes: ["m*"], models: {m: {names: ["m-####"], prices: [{since: 2026-03-01, input: 2.5, output: 0.0000005, per_thousand: {web_searches: 10},
            input_audio_tokens: 32, above: {1000: {input: 5}}}]}}}
        contracts:
          - {tenant: big, discount: 20%}
        """);

    [Fact]
    public void A_derivation_shows_the_look_up_the_row_and_the_arithmetic()
    {
        var derivation = PriceDerivation.Derive(Book, new PriceQuestion
        {
            Tenant = "big",
            Provider = "my-acme",
            Model = "M-2026",
            TimeMs = PricedEvent.Ms("2026-08-21T06:00:00Z"),
            TokensIn = 1001,
            TokensOut = 3,
            TokensCached = 1,
            Units = [new("web_searches", 2), new("input_audio_tokens", 100), new("tea", 1)],
        });

        Assert.Equal(
            $"""
            Price book test of 2026-08-21, {Book.Hash[..12]}
              from the makers' pages
            Look-up
              provider 'my-acme': acme, by its pattern '*acme*'
              model 'M-2026' of acme: not in the book
              model 'M-2026' of maker: m, by its pattern 'm-####'
              prices of m for the standard tier: 1 found
              contract of tenant 'big': 1 found, the most particular at the event's time applies
              row at 2026-08-21T06:00:00Z for 1001 input tokens: maker/m@2026-03-01|above=1000|contract=big@ever
            Arithmetic, each class rounded once to a picodollar (1e-12 USD), half to even
              input                  900 x 4 USD per million = 0.0036 USD
              cached_input           1 unpriced
              output                 3 x 0.0000004 USD per million = 0.000000000001 USD, rounded
              web_searches           2 x 0.008 USD each = 0.016 USD
              tea                    1 unpriced
              input_audio_tokens     100 x 25.6 USD per million = 0.00256 USD
            Total 0.022160000001 USD = 22160000001 picodollars
            At list prices 0.027700000002 USD
            Unpriced: 1 cached_input, 1 tea. The book has no price for this, so its cost is unknown and not within the total.

            """,
            PriceDerivationText.Render(derivation!));
        Assert.Equal(derivation!.TotalCost, derivation.Lines.Sum(line => line.Cost));
    }

    [Fact]
    public void A_price_that_does_not_hold_yet_is_said_to_be_none()
    {
        var derivation = PriceDerivation.Derive(Book, new PriceQuestion { Provider = "maker", Model = "m", TimeMs = PricedEvent.Ms("2026-02-28"), TokensIn = 1 });

        Assert.False(derivation!.IsPriced);
        Assert.Equal("no price holds then", derivation.Steps[^1].Outcome);
        Assert.Contains("Unpriced: 1 input.", PriceDerivationText.Render(derivation), StringComparison.Ordinal);
    }

    [Fact]
    public void A_price_out_of_range_has_no_derivation() => Assert.Null(
        PriceDerivation.Derive(Book, new PriceQuestion { Provider = "maker", Model = "m", TimeMs = PricedEvent.OracleDay, TokensIn = long.MaxValue }));

    [Theory]
    [InlineData("m", "maker")]
    [InlineData("M-1234", "maker")]
    [InlineData("other", "acme")]
    [InlineData("nothing", "")]
    public void The_provider_that_makes_a_model_is_meant_where_none_is_named(string model, string expected) =>
        Assert.Equal(expected, string.Join(", ", Book.ProvidersOf(model)));

    [Theory]
    [InlineData("gpt-4o", "openai")]
    [InlineData("claude-sonnet-4-5-20250929", "anthropic")]
    [InlineData("gemini-2.5-pro", "google")]
    [InlineData("o3", "openai")]
    [InlineData("mistral-large-latest", "mistral")]
    [InlineData("deepseek-chat", "deepseek")]
    [InlineData("grok-4-fast", "x-ai")]
    public void The_default_book_knows_who_makes_the_common_models(string model, string expected) =>
        Assert.Equal(expected, Assert.Single(DefaultPriceBook.Book.ProvidersOf(model)));
}
