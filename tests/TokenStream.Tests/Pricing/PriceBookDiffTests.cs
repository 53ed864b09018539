using TokenStream.Pricing;
using Xunit;

namespace TokenStream.Tests.Pricing;

public sealed class PriceBookDiffTests
{
    [Fact]
    public void Rows_that_came_went_and_changed_are_listed_with_percentages()
    {
        var before = PriceFiles.Book("""
            providers:
              acme:
                models:
                  m: {prices: [{input: 3, output: 10, cached_input: 0, above: {200000: {input: 6}}}]}
                  gone: {prices: {input: 1}}
                  same: {prices: {input: 1}}
            contracts:
              - {tenant: big, discount: 20%}
            """);
        var after = PriceFiles.Book("""
            providers:
              acme:
                models:
                  m: {prices: [{until: 2027-01-01, input: 2, output: 10, cached_input: 0.1, above: {200000: {input: 6}}}]}
                  new: {prices: {input: 1, per_thousand: {web_searches: 10}}}
                  same: {prices: {input: 1.0}}
            contracts:
              - {tenant: big, discount: 25%}
            """);

        Assert.Equal(
            """
            changed */*@ever|contract=big@ever
              discount: 20% -> 25% (-6.25 %)
            removed acme/gone@ever
              input: 1 per million -> none
            changed acme/m@ever, ends never -> 2027-01-01
              cached_input: 0 per million -> 0.1 per million
              input: 3 per million -> 2 per million (-33.33 %)
            changed acme/m@ever|above=200000, ends never -> 2027-01-01
              cached_input: 0 per million -> 0.1 per million
            added acme/new@ever
              input: none -> 1 per million
              web_searches: none -> 0.01 each

            """,
            PriceBookDiff.Of(before, after).Render());
    }

    [Fact]
    public void What_becomes_free_or_costs_again_is_told()
    {
        var before = PriceFiles.Book("""
            providers:
              ours: {self_hosted: true, models: {m: {prices: {input: 1}}}}
              acme: {models: {a: {self_hosted: true}, b: {prices: {input: 1}}}}
            """);
        var after = PriceFiles.Book("""
            providers:
              ours: {models: {m: {prices: {input: 1}}}}
              acme: {models: {a: {self_hosted: true}, b: {self_hosted: true, prices: {input: 1}}}}
            """);

        Assert.Equal(
            """
            self_hosted acme/b: what has no price is free
            not self_hosted any more ours: what has no price is unpriced

            """,
            PriceBookDiff.Of(before, after).Render());
    }

    [Fact]
    public void Equal_books_do_not_differ() => Assert.Empty(PriceBookDiff.Of(DefaultPriceBook.Book, DefaultPriceBook.Book).Rows);

    [Theory]
    [InlineData("openai/gpt-5.4@2026-03-05|region=eu|tier=batch|hours=00:30-16:30|above=272000|contract=big@2026-01-01")]
    [InlineData("acme/m@ever")]
    [InlineData("acme/a%7Cb%40c%25d@2026-03-05T06:00:00.5Z")]
    public void A_cell_reads_back_from_its_id(string id)
    {
        Assert.True(PriceCell.TryParse(id, out var cell));
        Assert.Equal(id, cell!.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("acme")]
    [InlineData("acme/m")]
    [InlineData("acme/m@yesterday")]
    [InlineData("acme/m@ever|colour=blue")]
    [InlineData("acme/m@ever|above=-1")]
    [InlineData("acme/m@ever|contract=big")]
    [InlineData("/m@ever")]
    public void Other_texts_are_no_cell(string id) => Assert.False(PriceCell.TryParse(id, out _));
}
