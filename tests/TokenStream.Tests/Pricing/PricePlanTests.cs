using TokenStream.Pricing;
using Xunit;

namespace TokenStream.Tests.Pricing;

public sealed class PricePlanTests
{
    private static long InputPrice(PriceBook book, string time, long tokens = 1, string region = "", string tier = "", string tenant = "t", string model = "m")
    {
        var plan = book.Plan(tenant, "acme", model, region, tier);
        var rate = plan.At(PricedEvent.Ms(time), tokens).Rates[(int)TokenClass.Input];
        return rate.IsKnown ? rate.Numerator / 1_000_000 : -1;
    }

    private static string CellAt(PriceBook book, string time, long tokens = 1, string region = "", string tier = "", string tenant = "t") =>
        book.CellId(book.Plan(tenant, "acme", "m", region, tier).At(PricedEvent.Ms(time), tokens).Cell);

    [Theory]
    [InlineData("1999-01-01", 1)]
    [InlineData("2026-02-28T23:59:59.999Z", 1)]
    [InlineData("2026-03-01T00:00:00.000Z", 2)]
    [InlineData("2026-05-31T23:59:59.999Z", 2)]
    [InlineData("2026-06-01", -1)]
    [InlineData("2026-07-01T05:59:59.999Z", -1)]
    [InlineData("2026-07-01T06:00:00Z", 3)]
    [InlineData("2036-07-01", 3)]
    public void A_price_holds_from_its_start_to_its_end(string time, long expected)
    {
        var book = PriceFiles.Model(
            "{since: \"2026-07-01T06:00:00Z\", input: 3}", "{input: 1}", "{since: 2026-03-01, until: 2026-06-01, input: 2}");

        Assert.Equal(expected, InputPrice(book, time));
    }

    [Theory]
    [InlineData(0, 1, "acme/m@ever")]
    [InlineData(200_000, 1, "acme/m@ever")]
    [InlineData(200_001, 2, "acme/m@ever|above=200000")]
    [InlineData(500_000, 2, "acme/m@ever|above=200000")]
    [InlineData(500_001, 3, "acme/m@ever|above=500000")]
    [InlineData(long.MaxValue, 3, "acme/m@ever|above=500000")]
    public void A_context_tier_holds_for_the_whole_request_above_its_bound(long tokens, long expected, string cell)
    {
        var book = PriceFiles.Model("{input: 1, output: 7, above: {500000: {input: 3}, 200000: {input: 2}}}");

        Assert.Equal(expected, InputPrice(book, "2026-08-21", tokens));
        Assert.Equal(cell, CellAt(book, "2026-08-21", tokens));
        Assert.Equal(7_000_000, book.Plan("acme", "m").At(0, tokens).Rates[(int)TokenClass.Output].Numerator);
    }

    [Fact]
    public void A_request_of_the_bound_costs_the_lower_price_and_one_token_more_the_higher_for_all_its_tokens()
    {
        var plan = DefaultPriceBook.Book.Plan("anthropic", "claude-sonnet-4-5");

        Assert.Equal(200_000 * 3_000_000L, new PricedEvent(tokensIn: 200_000).Price(plan).TotalCost);
        Assert.Equal(200_001 * 6_000_000L, new PricedEvent(tokensIn: 200_001).Price(plan).TotalCost);
        Assert.Equal(-200_001 * 6_000_000L, new PricedEvent(tokensIn: -200_001).AsAdjustment().Price(plan).TotalCost);
    }

    [Theory]
    [InlineData("2026-08-21T00:29:59.999Z", 1, "acme/m@ever")]
    [InlineData("2026-08-21T00:30:00Z", 2, "acme/m@ever|hours=00:30-16:30")]
    [InlineData("2026-08-21T16:29:59.999Z", 2, "acme/m@ever|hours=00:30-16:30")]
    [InlineData("2026-08-21T16:30:00Z", 1, "acme/m@ever")]
    [InlineData("1969-12-31T12:00:00Z", 2, "acme/m@ever|hours=00:30-16:30")]
    public void Hours_of_the_day_have_prices_of_their_own(string time, long expected, string cell)
    {
        var book = PriceFiles.Model("{input: 1}", "{hours: \"00:30-16:30\", input: 2}");

        Assert.Equal(expected, InputPrice(book, time));
        Assert.Equal(cell, CellAt(book, time));
    }

    [Theory]
    [InlineData("2026-08-21T23:59:00Z", 2)]
    [InlineData("2026-08-21T03:59:59Z", 2)]
    [InlineData("2026-08-21T04:00:00Z", 1)]
    [InlineData("2026-08-21T21:59:59Z", 1)]
    public void Hours_may_run_over_midnight(string time, long expected) =>
        Assert.Equal(expected, InputPrice(PriceFiles.Model("{input: 1}", "{hours: \"22:00-04:00\", input: 2}"), time));

    [Theory]
    [InlineData("", "", 1)]
    [InlineData("eu", "", 2)]
    [InlineData("EU", "standard", 2)]
    [InlineData("us", "default", 1)]
    [InlineData("", "batch", 3)]
    [InlineData("us", "Batch", 3)]
    [InlineData("eu", "batch", 4)]
    [InlineData("eu", "priority", 5)]
    [InlineData("", "flex", -1)]
    public void A_tier_decides_before_a_region_and_a_tier_without_price_is_unpriced(string region, string tier, long expected)
    {
        var book = PriceFiles.Model(
            "{input: 1}", "{region: eu, input: 2}", "{service_tier: batch, input: 3}", "{service_tier: batch, region: eu, input: 4}",
            "{service_tier: priority, input: 5}");

        Assert.Equal(expected, InputPrice(book, "2026-08-21", region: region, tier: tier));
    }

    [Fact]
    public void A_book_may_say_that_tiers_without_a_price_cost_the_standard_one()
    {
        var book = PriceFiles.Book("unlisted_service_tiers: standard\nproviders: {acme: {models: {m: {prices: {input: 1}}}}}");

        Assert.Equal(1, InputPrice(book, "2026-08-21", tier: "flex"));
        Assert.Equal("acme/m@ever", CellAt(book, "2026-08-21", tier: "flex"));
    }

    [Fact]
    public void A_region_that_has_a_price_only_for_a_while_pays_the_general_one_before_and_after()
    {
        var book = PriceFiles.Model("{input: 1}", "{region: eu, since: 2026-03-01, until: 2026-04-01, input: 2}");

        Assert.Equal(1, InputPrice(book, "2026-02-28", region: "eu"));
        Assert.Equal(2, InputPrice(book, "2026-03-01", region: "eu"));
        Assert.Equal(1, InputPrice(book, "2026-04-01", region: "eu"));
    }

    [Fact]
    public void Names_are_case_blind_and_a_literal_name_beats_a_longer_pattern()
    {
        var book = PriceFiles.Book("""
            providers:
              acme:
                names: ["*acme*"]
                models:
                  m: {names: ["m-*"], prices: {input: 1}}
                  n: {names: ["m-large-*"], prices: {input: 2}}
                  o: {names: ["M-Large-####-##"], prices: {input: 3}}
                  p: {names: ["m-large-x"], prices: {input: 4}}
            """);

        Assert.Equal(1, InputPrice(book, "2026-08-21", model: "M-small"));
        Assert.Equal(2, InputPrice(book, "2026-08-21", model: "m-LARGE-2026"));
        Assert.Equal(3, InputPrice(book, "2026-08-21", model: "m-large-2026-08"));
        Assert.Equal(4, InputPrice(book, "2026-08-21", model: "m-large-X"));
        Assert.True(book.Plan("ACME.inference", "m").IsPriced);
        Assert.False(book.Plan("acme", "other").IsPriced);
        Assert.False(book.Plan("other", "m").IsPriced);
    }

    [Fact]
    public void A_provider_falls_back_to_others_and_two_that_name_each_other_end()
    {
        var book = PriceFiles.Book("""
            providers:
              azure: {fallback: [openai, anthropic], models: {own: {prices: {input: 1}}}}
              openai: {fallback: [azure], models: {gpt: {prices: {input: 2}}}}
              anthropic: {models: {claude: {prices: {input: 3}}, own: {prices: {input: 4}}}}
            """);

        Assert.Equal("azure/own@ever", book.CellId(book.Plan("azure", "own").At(0, 0).Cell));
        Assert.Equal("openai/gpt@ever", book.CellId(book.Plan("azure", "gpt").At(0, 0).Cell));
        Assert.Equal("anthropic/claude@ever", book.CellId(book.Plan("Azure", "Claude").At(0, 0).Cell));
        Assert.False(book.Plan("openai", "other").IsPriced);
        Assert.False(book.Plan("anthropic", "gpt").IsPriced);
    }

    [Fact]
    public void Equal_rows_have_one_cell_and_the_unpriced_one_has_none()
    {
        var book = PriceFiles.Book("providers: {acme: {models: {m: {names: [\"m*\"], prices: {input: 1}}}}}");
        var (first, second) = (book.Plan("acme", "m-1"), book.Plan("acme", "m-2"));

        Assert.Equal(first.At(0, 0).Cell, second.At(0, 0).Cell);
        Assert.Equal(string.Empty, book.CellId(PricedUsage.NoCell));
        Assert.Equal(PricedUsage.NoCell, PriceBook.Empty.Plan("a", "b").At(0, 0).Cell);
    }

    [Fact]
    public void Plans_are_made_from_many_threads_with_one_number_for_a_cell()
    {
        var book = DefaultPriceBook.Book;
        var models = new[] { "gpt-4o", "gpt-5.4", "gpt-4o-mini", "o3", "gpt-4.1" };
        var cells = new System.Collections.Concurrent.ConcurrentBag<(string Model, int Cell, string Id)>();
        Parallel.For(0, 200, index =>
        {
            var model = models[index % models.Length];
            var cell = book.Plan("openai", model).At(PricedEvent.OracleDay, 1).Cell;
            cells.Add((model, cell, book.CellId(cell)));
        });

        Assert.Equal(models.Length, cells.Distinct().Count());
        Assert.All(cells, cell => Assert.StartsWith($"openai/{cell.Model}@", cell.Id, StringComparison.Ordinal));
    }
}
