using TokenStream.Pricing;
using TokenStream.Yaml;
using Xunit;

namespace TokenStream.Tests.Pricing;

public sealed class PriceBookLoaderTests
{
    [Fact]
    public void Every_error_is_named_at_once_with_its_line_and_column()
    {
        const string Text = """
            name: broken
            date: yesterday
            currency: EUR
            colour: blue
            unlisted_service_tiers: free
            providers:
              acme:
                names: acme
                models:
                  m:
                    names: [n, n-*]
                    prices:
                      - {since: 2026-13-01, input: -1}
                      - {input: 1, output: cheap, outptu: 3}
                      - {since: 2026-03-01, until: 2026-02-01, input: 1}
                      - {service_tier: standard, input: 1}
                      - {hours: "25:00-26:00", input: 1}
                      - {region: eu}
                      - {region: us, input: [1]}
                      - {region: as, input: 1, above: {many: {input: 2}, 5: {}, 7: {inputs: 1}}}
                      - {region: af, per_unit: {Seats: 1, input: 2, seats: 3}, per_thousand: {seats: 4}}
                      - {region: an, input: ""}
                  empty: {}
                  N: {prices: {input: 1}}
              a/b: {models: {m: {prices: {input: 1}}}}
            contracts:
              - {discount: 20%}
              - {tenant: t}
              - {tenant: u, discount: 120%}
              - {tenant: u, input: 1, since: 2026-01-01, until: 2026-06-01}
              - {tenant: u, input: 2, since: 2026-03-01}
              - none
            """;

        Assert.Equal(
            [
                "2:7: 'yesterday' is not a date such as 2026-08-21",
                "3:11: the currency is 'EUR'; prices are in USD only, so convert them first",
                "4:1: 'colour' is not known here; possible are contracts, currency, date, name, providers, source, unlisted_service_tiers",
                "5:25: 'free' is neither 'unpriced' nor 'standard'",
                "8:12: 'names' must be a list, not a text or number",
                "13:21: '2026-13-01' is not a date such as 2026-08-21 or a time in UTC such as 2026-08-21T06:00:00Z",
                "13:40: the price of 'input', '-1', is negative; a price is zero or more",
                "14:13: the entry holds at the same time as the one in line 13",
                "14:32: the price of 'output', 'cheap', is not a decimal number",
                "14:39: 'outptu' is not known here; possible are above, cache_write_1h, cache_write_5m, cached_audio_tokens, cached_image_tokens, " +
                    "cached_input, cached_video_tokens, hours, input, input_audio_tokens, input_image_tokens, input_video_tokens, output, " +
                    "output_audio_tokens, output_image_tokens, output_video_tokens, per_million, per_thousand, per_unit, reasoning, region, " +
                    "service_tier, since, until",
                "15:13: the entry ends (2026-02-01) before it begins (2026-03-01)",
                "16:28: 'standard' names the standard tier, whose entries have no 'service_tier'",
                "17:13: the entry holds at the same time as the one in line 14",
                "17:21: '25:00-26:00' is not a part of the day in UTC such as 00:30-16:30",
                "18:13: the entry states no price",
                "19:33: 'input' must be a text or number, not a list",
                "20:44: 'many' is not a number of input tokens above which other prices hold",
                "20:65: no price is stated above 5 tokens",
                "20:72: no price is stated above 7 tokens",
                "20:73: 'inputs' is not known here; possible are cache_write_1h, cache_write_5m, cached_audio_tokens, cached_image_tokens, " +
                    "cached_input, cached_video_tokens, input, input_audio_tokens, input_image_tokens, input_video_tokens, output, " +
                    "output_audio_tokens, output_image_tokens, output_video_tokens, per_million, per_thousand, per_unit, reasoning",
                "21:37: 'Seats' is no name of a unit: 1 to 64 of a-z, 0-9 and _, and not a token class or unit of tokens",
                "21:47: 'input' is no name of a unit: 1 to 64 of a-z, 0-9 and _, and not a token class or unit of tokens",
                "21:83: unit 'seats' has a price already",
                "22:33: 'input' is empty; leave the key out if there is nothing to say",
            ],
            Errors(Text).Where(error => Line(error) < 23));
        Assert.Equal(
            [
                "23:7: model 'empty' has no prices",
                "24:7: the name 'N' stands for model of acme 'm' in line 10 already",
                "25:3: 'a/b' is no provider id: it must not be empty or contain '/'",
                "27:5: 'tenant' is missing",
                "28:5: the contract states neither a discount nor a price",
                "29:27: '120%' is not a percentage from 0% to 100%, such as 12.5%",
                "31:5: the entry holds at the same time as the one in line 30",
                "32:5: an entry of 'contracts' must be a mapping, not a text or number",
            ],
            Errors(Text).Where(error => Line(error) >= 23));
    }

    [Theory]
    [InlineData("", "1:1: the price book is empty")]
    [InlineData("just text", "1:1: the price book must be a mapping, not a text or number")]
    [InlineData("name: [unclosed", "2:1: is not YAML")]
    [InlineData("name: a\ndate: 2026-08-21\nname: b", "3:1: 'name' stands here a second time")]
    [InlineData("name: &a b\ndate: *a", "1:7: is not YAML: anchors and aliases are not allowed in a price book")]
    [InlineData("name: a\ndate: 2026-08-21\n---\nname: b", "3:1: a second document begins; a price book is one document")]
    [InlineData("date: 2026-08-21", "1:1: 'name' is missing")]
    [InlineData("name: a", "1:1: 'date' is missing")]
    [InlineData("name: a\ndate: 2026-08-21\n? [a]\n: b\n", "3:3: a key must be a text, not a list")]
    [InlineData("{\"model\": {\"input_cost_per_token\": \"dear\"}}", "1:1: model 'model': the price of 'input', 'dear', is not a decimal number")]
    [InlineData("{\"model\": {\"input_cost_per_token\": -1e-6}}", "1:1: model 'model': the price of 'input', '-1e-6', is negative; a price is zero or more")]
    public void A_text_that_is_no_price_book_is_refused(string text, string expected) =>
        Assert.StartsWith(expected, Errors(text)[0], StringComparison.Ordinal);

    [Fact]
    public void The_documented_example_is_a_price_book()
    {
        var load = PriceBookLoader.Load(PriceFiles.DocumentedBook(), "docs");

        Assert.Empty(load.Errors);
        Assert.Equal(
            "openai/gpt-5.4@ever|tier=batch|contract=acme@2026-01-01",
            load.Book!.CellId(load.Book.Plan("acme", "openai", "gpt-5.4-2026-03-05", "eu", "batch").At(PricedEvent.OracleDay, 1).Cell));
    }

    [Fact]
    public void Nesting_and_length_are_bounded()
    {
        var deep = string.Concat(Enumerable.Repeat("[", 100_000));

        Assert.Contains("nested deeper than 16 levels", Errors($"name: {deep}")[0], StringComparison.Ordinal);
        Assert.Contains("longer than", Errors(new string('#', PriceBookLoader.MaxLength + 1))[0], StringComparison.Ordinal);
    }

    [Fact]
    public void More_errors_than_can_be_listed_are_counted()
    {
        var text = "name: a\ndate: 2026-08-21\n" + string.Concat(Enumerable.Range(0, 150).Select(index => $"key{index}: 1\n"));

        Assert.Equal(TextErrors.MaxListed + 1, Errors(text).Count);
        Assert.EndsWith("and 50 more", Errors(text)[^1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{input: 1}", "{input: 2}", "the entry holds at the same time")]
    [InlineData("{input: 1}", "{since: 2026-03-01, input: 2}", null)]
    [InlineData("{input: 1, until: 2026-03-02}", "{since: 2026-03-01, input: 2}", "the entry holds at the same time")]
    [InlineData("{input: 1, until: 2026-03-01}", "{since: 2026-03-01, input: 2}", null)]
    [InlineData("{input: 1}", "{region: EU, input: 2}", null)]
    [InlineData("{region: eu, input: 1}", "{region: EU, input: 2}", "the entry holds at the same time")]
    [InlineData("{hours: \"01:00-05:00\", input: 1}", "{hours: \"04:59-06:00\", input: 2}", "the hours 04:59-06:00 overlap 01:00-05:00")]
    [InlineData("{hours: \"01:00-05:00\", input: 1}", "{hours: \"05:00-01:00\", input: 2}", null)]
    [InlineData("{hours: \"22:00-02:00\", input: 1}", "{hours: \"01:00-03:00\", input: 2}", "the hours 01:00-03:00 overlap 22:00-02:00")]
    [InlineData("{hours: \"22:00-02:00\", input: 1, until: 2026-03-01}", "{hours: \"01:00-03:00\", input: 2, since: 2026-03-01}", null)]
    public void Two_prices_for_the_same_request_are_an_error(string first, string second, string? expected)
    {
        var text = $"name: a\ndate: 2026-08-21\nproviders:\n  acme:\n    models:\n      m:\n        prices:\n          - {first}\n          - {second}\n";

        Assert.Equal(expected is null ? 0 : 1, Errors(text).Count);
        Assert.Contains(expected ?? string.Empty, Errors(text).FirstOrDefault(string.Empty), StringComparison.Ordinal);
    }

    [Fact]
    public void A_book_written_as_JSON_is_read_as_ours()
    {
        var load = PriceBookLoader.Load(
            """{"name": "j", "date": "2026-08-21", "providers": {"acme": {"models": {"m": {"prices": [{"input": 2.5}]}}}}}""", "j");

        Assert.Empty(load.Errors);
        Assert.Equal(2_500_000, new PricedEvent(tokensIn: 1).Price(load.Book!.Plan("acme", "m")).TotalCost);
    }

    [Fact]
    public void What_the_writer_writes_reads_as_the_same_book()
    {
        var book = DefaultPriceBook.Book;
        var text = PriceBookWriter.Write(book.Content);
        var load = PriceBookLoader.Load(text, "again");

        Assert.Empty(load.Errors);
        Assert.Equal(book.Hash, load.Book!.Hash);
        Assert.Equal(text, PriceBookWriter.Write(load.Book.Content));
    }

    [Fact]
    public void Names_that_YAML_could_read_otherwise_and_all_fields_survive_writing()
    {
        var book = PriceFiles.Book("""
            source: "a: \"b\" # c\n"
            unlisted_service_tiers: standard
            providers:
              "true":
                names: ["*: x", "é\u2028"]
                makes: ["- y"]
                fallback: [other]
                models:
                  "a: #b\tc\\": {names: ["&x", "~"], prices: {since: "2026-03-01T06:00:00.123Z", until: 2027-01-01, region: "e u", service_tier: batch,
                    hours: "22:00-04:00", input: 0.08333333333333334, reasoning: 0, input_audio_tokens: 3, per_thousand: {web_searches: 10}, per_million: {x: 1},
                    above: {200000: {input: 3, per_unit: {y: 0.1}}}}}
            contracts:
              - {tenant: "T: 1", provider: "a*", model: "m#", since: 2026-01-01, discount: 12.5%, region: eu, above: {5: {output: 1}}}
            """);
        var again = PriceBookLoader.Load(PriceBookWriter.Write(book.Content), "again");

        Assert.Empty(again.Errors);
        Assert.Equal(PriceBookWriter.Write(book.Content), PriceBookWriter.Write(again.Book!.Content));
        var model = Assert.Single(again.Book.Content.Providers[0].Models);
        Assert.Equal("a: #b\tc\\", model.Id);
        Assert.Equal(PricedEvent.Ms("2026-03-01T06:00:00.123Z"), model.Prices[0].SinceMs);
    }

    [Fact]
    public void Equal_books_have_equal_hashes_whatever_their_layout()
    {
        var one = PriceFiles.Book("providers: {acme: {models: {m: {prices: {output: 10, input: 2.50}}}}}");
        var other = PriceFiles.Book("# a comment\nproviders:\n  acme:\n    models:\n      m:\n        prices:\n          - input: 2.5\n            output: 1e1\n");
        var changed = PriceFiles.Book("providers: {acme: {models: {m: {prices: {output: 10, input: 2.51}}}}}");

        Assert.Equal(one.Hash, other.Hash);
        Assert.NotEqual(one.Hash, changed.Hash);
    }

    [Fact]
    public void A_users_entries_win_over_those_of_the_default_book()
    {
        var defaults = PriceFiles.Book("""
            providers:
              openai: {names: [oai], fallback: [acme], models: {a: {names: ["x", "a-*"], prices: {input: 1}}, b: {prices: {input: 2}}, c: {prices: {input: 3}}}}
              acme: {models: {m: {prices: {input: 9}}}}
            contracts:
              - {tenant: t, discount: 50%}
              - {tenant: u, discount: 50%}
            """);
        var user = PriceFiles.Book("""
            providers:
              OpenAI: {models: {B: {names: [c], prices: {input: 20}}, "x": {prices: {input: 10}}}}
              mine: {models: {m: {prices: {input: 8}}}}
            contracts:
              - {tenant: t, discount: 10%}
            """);
        var book = PriceBook.Overlay(defaults, user);
        long Price(string provider, string model, string tenant = "") =>
            new PricedEvent(tokensIn: 1).Price(book.Plan(tenant, provider, model, string.Empty, string.Empty)).TotalCost;

        Assert.Equal(20_000_000, Price("openai", "b"));
        Assert.Equal(20_000_000, Price("oai", "c"));
        Assert.Equal(10_000_000, Price("openai", "X"));
        Assert.Equal(1_000_000, Price("openai", "a"));
        Assert.Equal(1_000_000, Price("openai", "a-2"));
        Assert.Equal(9_000_000, Price("openai", "m"));
        Assert.Equal(8_000_000, Price("mine", "m"));
        Assert.Equal(18_000_000, Price("openai", "b", "t"));
        Assert.Equal(10_000_000, Price("openai", "b", "u"));
    }

    private static List<string> Errors(string text) => [.. PriceBookLoader.Load(text, "test").Errors.Select(error => error.ToString())];

    private static int Line(string error) => int.Parse(error[..error.IndexOf(':', StringComparison.Ordinal)], System.Globalization.CultureInfo.InvariantCulture);
}
