using System.Globalization;
using System.Text.Json;
using TokenStream.Pricing;
using Xunit;

namespace TokenStream.Tests.Pricing;

public sealed class LiteLlmPriceMapTests
{
    private static readonly Lazy<PriceBook> Map = new(() => Load(PriceFiles.Text("litellm_model_prices_2026-07.json.gz")));

    /// <summary>The map's own numbers, as decimals, for a million tokens of input and output of every model.</summary>
    [Fact]
    public void Every_model_of_the_map_costs_what_the_map_says()
    {
        using var json = JsonDocument.Parse(PriceFiles.Text("litellm_model_prices_2026-07.json.gz"));
        var priced = 0;
        foreach (var model in json.RootElement.EnumerateObject())
        {
            var plan = Map.Value.Plan(model.Value.GetProperty("litellm_provider").GetString()!, model.Name);
            foreach (var (key, used) in new[] { ("input_cost_per_token", new PricedEvent(tokensIn: 1000)), ("output_cost_per_token", new PricedEvent(tokensOut: 1000)) })
            {
                if (model.Value.TryGetProperty(key, out var price))
                {
                    priced++;
                    var expected = decimal.Parse(price.GetRawText(), NumberStyles.Float, CultureInfo.InvariantCulture) * 1000 * 1_000_000_000_000m;
                    Assert.True(used.Price(plan).TotalCost == decimal.Round(expected, MidpointRounding.ToEven), $"{model.Name} {key}");
                }
            }
        }

        Assert.Equal(217 + 215, priced);
    }

    [Fact]
    public void Sizes_tiers_and_units_follow_the_maps_rules()
    {
        var book = Load("""
            {
              "sample_spec": {"input_cost_per_token": "not a price"},
              "vertex_ai/m": {
                "litellm_provider": "vertex_ai-language-models", "aliases": ["m-latest"], "mode": "chat", "supports_vision": true,
                "input_cost_per_token": 3e-06, "output_cost_per_token": 1.5e-05, "cache_read_input_token_cost": 3e-07,
                "cache_creation_input_token_cost": 3.75e-06, "cache_creation_input_token_cost_above_1hr": 6e-06,
                "input_cost_per_token_above_200k_tokens": 6e-06, "cache_creation_input_token_cost_above_1hr_above_200k_tokens": 1.2e-05,
                "input_cost_per_token_priority": 9e-06, "input_cost_per_token_above_200k_tokens_priority": 1.8e-05,
                "input_cost_per_audio_token": 1e-05, "output_cost_per_image": 0.04, "max_tokens": null,
                "search_context_cost_per_query": {"search_context_size_low": 0.01, "search_context_size_medium": 0.02, "search_context_size_high": 0.03}
              },
              "x": {"litellm_provider": "xai", "input_cost_per_token": 1e-06, "input_cost_per_token_above_128k_tokens": 2e-06, "input_cost_per_token_batches": 7e-07}
            }
            """);
        long Price(PricedEvent used, string tier = "", string model = "m", string provider = "google") =>
            used.Price(book.Plan(string.Empty, provider, model, string.Empty, tier)).TotalCost;

        Assert.Equal(200_000 * 3_000_000L, Price(new PricedEvent(tokensIn: 200_000)));
        Assert.Equal(200_001 * 6_000_000L, Price(new PricedEvent(tokensIn: 200_001), model: "M-Latest"));
        Assert.Equal(200_001 * 12_000_000L, Price(new PricedEvent(tokensIn: 200_001, write1h: 200_001)));
        Assert.Equal(9_000_000 + 15_000_000, Price(new PricedEvent(tokensIn: 1, tokensOut: 1), "priority"));
        Assert.Equal((200_001 * 18_000_000L) + 15_000_000, Price(new PricedEvent(tokensIn: 200_001, tokensOut: 1), "priority"));
        Assert.Equal(1_500_000 + 7_500_000, Price(new PricedEvent(tokensIn: 1, tokensOut: 1), "batch"));
        Assert.Equal(3_000_000, Price(new PricedEvent(tokensIn: 1), "flex"));
        Assert.Equal(10_000_000 + 40_000_000_000 + 20_000_000_000, Price(new PricedEvent(tokensIn: 1).With("input_audio_tokens", 1).With("images", 1).With("web_searches", 1)));
        Assert.Equal(5_000_000 + 40_000_000_000, Price(new PricedEvent(tokensIn: 1).With("input_audio_tokens", 1).With("images", 1), "batch"));
        Assert.Equal(127_999 * 1_000_000L, Price(new PricedEvent(tokensIn: 127_999), model: "x", provider: "x-ai"));
        Assert.Equal(128_000 * 2_000_000L, Price(new PricedEvent(tokensIn: 128_000), model: "x", provider: "xAI"));
        Assert.Equal(700_000, Price(new PricedEvent(tokensIn: 1), "batch", "x", "xai"));
    }

    [Fact]
    public void The_map_over_the_default_book_can_be_written_and_read_again()
    {
        var book = PriceBook.Overlay(DefaultPriceBook.Book, Map.Value);
        var again = PriceBookLoader.Load(PriceBookWriter.Write(book.Content), "again");

        Assert.Empty(again.Errors);
        Assert.Equal(book.Hash, again.Book!.Hash);
    }

    private static PriceBook Load(string text)
    {
        var load = PriceBookLoader.Load(text, "litellm");
        Assert.Empty(load.Errors);
        return load.Book!;
    }
}
