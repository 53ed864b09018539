using System.Globalization;
using System.Text.Json;
using TokenStream.Pricing;
using Xunit;

namespace TokenStream.Tests.Pricing;

/// <summary>
/// The cases of genai-prices: usage as providers reported it, with the price that its own implementation gave, exact decimals of US dollars.
/// They are compared without any tolerance: twelve decimals is what a picodollar holds. The file is of 2026-08-21; its prices are those of
/// the source's own dated entries for a daytime in July, as three lines show whose model became cheaper on the 30th.
/// </summary>
public sealed class PriceOracleTests
{
    private const int ExpectedCases = 1104;
    private const int ExpectedPriced = 2437 - 2;
    private const int ExpectedUnpriced = 11194 + 2;

    private static readonly long PricedAt = PricedEvent.Ms("2026-07-29T12:00:00Z");

    [Fact]
    public void Every_case_costs_exactly_what_the_oracle_says_with_the_default_book()
    {
        int priced = 0, unpriced = 0;
        var cases = new HashSet<int>();
        foreach (var line in Lines())
        {
            cases.Add(line.Case);
            var plan = DefaultPriceBook.Book.Plan(line.Provider, line.Model);
            Assert.True(plan.IsPriced == (line.IsPriced && !IsListedWithoutPrice(line)), line.About);
            if (plan.IsPriced)
            {
                priced++;
                AssertPriced(line, plan);
            }
            else
            {
                unpriced++;
                AssertUnpriced(Event(line.Usage).Price(plan, PricedAt), line.About);
            }
        }

        Assert.Equal((ExpectedCases, ExpectedPriced, ExpectedUnpriced), (cases.Count, priced, unpriced));
    }

    [Fact]
    public void On_the_day_of_the_file_only_the_model_that_became_cheaper_since_costs_less()
    {
        var day = PricedEvent.Ms("2026-08-21T12:00:00Z");
        var cheaper = Lines().Where(line => line.IsPriced)
            .Where(line => Event(line.Usage).Price(DefaultPriceBook.Book.Plan(line.Provider, line.Model), day).TotalCost != line.Total)
            .Select(line => (line.Case, line.Provider, line.Model));
        Assert.Equal([(974, "aws", "openai.gpt-5.6-luna"), (976, "aws", "openai.gpt-5.6-luna"), (977, "aws", "openai.gpt-5.6-luna")], cheaper);
    }

    /// <summary>One usage, as one provider's price is asked for it; prices in picodollars where the oracle knows the model.</summary>
    private sealed record Line(int Case, string Provider, string Model, JsonElement Usage, bool IsPriced, long Input, long Output, long Total)
    {
        public string About => $"case {Case}, {Provider} {Model}, {Usage}";
    }

    private static IEnumerable<Line> Lines()
    {
        foreach (var line in PriceFiles.Lines("usage_cost_cases.jsonl.gz"))
        {
            var json = JsonDocument.Parse(line).RootElement;
            var model = json.TryGetProperty("model", out var named) ? named.GetString()! : string.Empty;
            foreach (var extracted in json.GetProperty("extracted").EnumerateArray())
            {
                foreach (var extractor in extracted.GetProperty("extractors").EnumerateArray())
                {
                    var isPriced = extractor.TryGetProperty("input_price", out _);
                    var (input, output) = isPriced ? (Picodollars(extractor, "input_price"), Picodollars(extractor, "output_price")) : (0, 0);
                    var total = extractor.TryGetProperty("total_price", out _) ? Picodollars(extractor, "total_price") : input + output;
                    var provider = extractor.GetProperty("provider_id").GetString()!;
                    yield return new Line(
                        json.GetProperty("case").GetInt32(), provider, model, extracted.GetProperty("usage"), isPriced, input, output, total);
                }
            }
        }
    }

    /// <summary>
    /// The source lists one model without any price, so the oracle says 0. With us a price that nobody knows is no price of 0: the cost is
    /// the same, but the tokens count as unpriced.
    /// </summary>
    private static bool IsListedWithoutPrice(Line line) => line is { Provider: "cerebras", Model: "qwen-3-coder-480b", Total: 0 };

    private static void AssertUnpriced(PricedUsage result, string about)
    {
        Assert.True(result is { TotalCost: 0, ListCost: 0, Cell: PricedUsage.NoCell }, about);
        for (var tokenClass = 0; tokenClass < PerTokenClass.Count; tokenClass++)
        {
            Assert.True(result.Unpriced[tokenClass] == result.Tokens[tokenClass] && result.Cost[tokenClass] == 0, about);
        }
    }

    /// <summary>
    /// The oracle gives a price of all input and one of all output. Units carry no direction in the result, so each side is priced alone too.
    /// </summary>
    private static void AssertPriced(Line line, PricePlan plan)
    {
        var result = Event(line.Usage).Price(plan, PricedAt);
        Assert.True(result.TotalCost == line.Total, $"{line.About}: {result.TotalCost}");
        Assert.True(result.ListCost == result.TotalCost && result.Cell != PricedUsage.NoCell, line.About);
        for (var tokenClass = 0; tokenClass < PerTokenClass.Count; tokenClass++)
        {
            Assert.True(result.Unpriced[tokenClass] == 0, line.About);
        }

        var input = Event(line.Usage, name => !name.StartsWith("output", StringComparison.Ordinal) && name != "web_searches");
        Assert.True(input.Price(plan, PricedAt).TotalCost == line.Input, $"{line.About}: input");
        var sized = Event(line.Usage, OutputOrSize).Price(plan, PricedAt).TotalCost;
        var size = Event(line.Usage, name => name == "input_tokens").Price(plan, PricedAt).TotalCost;
        Assert.True(sized - size == line.Output, $"{line.About}: output");
    }

    /// <summary>Output is priced in the band of the request's input, which therefore stays beside it, as one class.</summary>
    private static bool OutputOrSize(string name) => name == "input_tokens" || name.StartsWith("output", StringComparison.Ordinal);

    private static PricedEvent Event(JsonElement usage, Func<string, bool>? keep = null)
    {
        long Get(string name) =>
            (keep is null || keep(name)) && usage.TryGetProperty(name, out var value) ? value.GetInt64() : 0;

        var write1h = Get("cache_write_1h_tokens");
        var built = new PricedEvent(
            Get("input_tokens"),
            Get("output_tokens"),
            Get("cache_read_tokens"),
            Get("cache_write_tokens") - write1h,
            write1h,
            Get("output_reasoning_tokens"));
        foreach (var (theirs, ours) in Units)
        {
            if (Get(theirs) is not 0 and var count)
            {
                built.With(ours, count);
            }
        }

        return built;
    }

    private static readonly (string Theirs, string Ours)[] Units =
    [
        ("input_audio_tokens", "input_audio_tokens"),
        ("input_image_tokens", "input_image_tokens"),
        ("input_video_tokens", "input_video_tokens"),
        ("input_text_tokens", "input_text_tokens"),
        ("cache_audio_read_tokens", "cached_audio_tokens"),
        ("cache_image_read_tokens", "cached_image_tokens"),
        ("cache_video_read_tokens", "cached_video_tokens"),
        ("cache_text_read_tokens", "cached_text_tokens"),
        ("output_image_tokens", "output_image_tokens"),
        ("output_text_tokens", "output_text_tokens"),
        ("web_searches", "web_searches"),
    ];

    /// <summary>Dollars as the oracle writes them, some with an exponent: none has a part smaller than a picodollar.</summary>
    private static long Picodollars(JsonElement extractor, string property)
    {
        var picodollars = decimal.Parse(extractor.GetProperty(property).GetString()!, NumberStyles.Float, CultureInfo.InvariantCulture) * 1_000_000_000_000m;
        Assert.Equal(decimal.Truncate(picodollars), picodollars);
        return (long)picodollars;
    }
}
