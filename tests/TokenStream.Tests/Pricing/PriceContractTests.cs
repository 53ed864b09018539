using TokenStream.Pricing;
using Xunit;

namespace TokenStream.Tests.Pricing;

public sealed class PriceContractTests
{
    private const string List = """
        providers:
          acme:
            models:
              m:
                prices:
                  - {input: 2, output: 10, above: {200000: {input: 4, output: 20}}}
                  - {service_tier: batch, input: 1, output: 5}
              n: {prices: {input: 3}}
        contracts:

        """;

    private static PriceBook Book(params string[] contracts) =>
        PriceFiles.Book(List + string.Concat(contracts.Select(contract => $"  - {contract}\n")));

    private static PricedUsage Price(PriceBook book, PricedEvent priced, string tenant = "big", string model = "m", string tier = "", string provider = "acme") =>
        priced.Price(book.Plan(tenant, provider, model, string.Empty, tier));

    [Fact]
    public void A_discount_lowers_every_price_of_the_tenant_and_keeps_the_list_cost()
    {
        var book = Book("{tenant: big, discount: 20%}");
        var result = Price(book, new PricedEvent(tokensIn: 100, tokensOut: 10));

        Assert.Equal((240_000_000, 300_000_000), (result.TotalCost, result.ListCost));
        Assert.Equal("acme/m@ever|contract=big@ever", book.CellId(result.Cell));
        Assert.Equal(300_000_000, Price(book, new PricedEvent(tokensIn: 100, tokensOut: 10), tenant: "small").TotalCost);
        Assert.Equal(300_000_000, Price(book, new PricedEvent(tokensIn: 100, tokensOut: 10), tenant: "BIG").TotalCost);
    }

    [Fact]
    public void A_stated_price_replaces_the_list_price_of_its_class_in_every_band()
    {
        var book = Book("{tenant: big, model: m, input: 1.5}");

        Assert.Equal((150_000_000 + 100_000_000, 300_000_000), Totals(Price(book, new PricedEvent(tokensIn: 100, tokensOut: 10))));
        Assert.Equal(200_001 * 1_500_000L, Price(book, new PricedEvent(tokensIn: 200_001)).TotalCost);
        Assert.Equal(200_001 * 4_000_000L, Price(book, new PricedEvent(tokensIn: 200_001)).ListCost);
    }

    [Fact]
    public void A_contract_has_context_bands_of_its_own()
    {
        var book = Book("{tenant: big, model: m, input: 1.5, above: {100000: {input: 1.2}}}");

        Assert.Equal(100_000 * 1_500_000L, Price(book, new PricedEvent(tokensIn: 100_000)).TotalCost);
        Assert.Equal(100_001 * 1_200_000L, Price(book, new PricedEvent(tokensIn: 100_001)).TotalCost);
        Assert.Equal(100_001 * 2_000_000L, Price(book, new PricedEvent(tokensIn: 100_001)).ListCost);
        var above = Price(book, new PricedEvent(tokensIn: 200_001));
        Assert.Equal((200_001 * 1_200_000L, 200_001 * 4_000_000L), Totals(above));
        Assert.Equal("acme/m@ever|above=200000|contract=big@ever", book.CellId(above.Cell));
    }

    [Fact]
    public void A_discount_holds_for_all_tiers_but_stated_prices_for_the_standard_one()
    {
        var book = Book("{tenant: big, discount: 50%, input: 1.5}");

        Assert.Equal(150_000_000, Price(book, new PricedEvent(tokensIn: 100)).TotalCost);
        Assert.Equal(50_000_000, Price(book, new PricedEvent(tokensIn: 100), tier: "batch").TotalCost);
        Assert.Equal(100_000_000, Price(book, new PricedEvent(tokensIn: 100), tier: "batch").ListCost);
    }

    [Fact]
    public void The_most_particular_contract_alone_applies()
    {
        var book = Book("{tenant: big, discount: 50%}", "{tenant: big, model: \"m*\", discount: 10%}", "{tenant: big, model: m, service_tier: batch, input: 0.5}");

        Assert.Equal(180_000_000, Price(book, new PricedEvent(tokensIn: 100)).TotalCost);
        Assert.Equal(150_000_000, Price(book, new PricedEvent(tokensIn: 100), model: "n").TotalCost);
        Assert.Equal(50_000_000, Price(book, new PricedEvent(tokensIn: 100), tier: "batch").TotalCost);
    }

    [Fact]
    public void A_contract_begins_and_ends()
    {
        var book = Book("{tenant: big, since: 2026-03-01, until: 2026-04-01, discount: 50%}", "{tenant: big, since: 2026-05-01, discount: 10%}");
        long At(string time) => new PricedEvent(tokensIn: 100).Price(book.Plan("big", "acme", "m", string.Empty, string.Empty), PricedEvent.Ms(time)).TotalCost;

        Assert.Equal(200_000_000, At("2026-02-28T23:59:59.999Z"));
        Assert.Equal(100_000_000, At("2026-03-01"));
        Assert.Equal(200_000_000, At("2026-04-01"));
        Assert.Equal(180_000_000, At("2026-05-01"));
    }

    [Fact]
    public void A_contract_prices_a_model_that_the_list_does_not_know()
    {
        var book = Book("{tenant: big, provider: private, model: tuned, input: 7}", "{tenant: big, discount: 50%}");
        var result = Price(book, new PricedEvent(tokensIn: 100, tokensOut: 3), provider: "Private", model: "Tuned");

        Assert.Equal((700_000_000, 700_000_000), Totals(result));
        Assert.Equal(3, result.Unpriced[(int)TokenClass.Output]);
        Assert.Equal("private/tuned@ever|contract=big@ever", book.CellId(result.Cell));
        Assert.False(book.Plan("big", "private", "other", string.Empty, string.Empty).IsPriced);
    }

    [Fact]
    public void A_class_that_only_the_contract_prices_counts_the_same_at_list_prices()
    {
        var book = Book("{tenant: big, model: m, cached_input: 0.5, discount: 50%}");
        var result = Price(book, new PricedEvent(tokensIn: 100, cached: 40));

        Assert.Equal((60_000_000 + 20_000_000, 120_000_000 + 20_000_000), Totals(result));
        Assert.Equal(0, result.Unpriced[(int)TokenClass.CacheRead]);
    }

    private static (long Cost, long List) Totals(PricedUsage result) => (result.TotalCost, result.ListCost);
}
