using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using TokenStream.Yaml;

namespace TokenStream.Pricing;

/// <summary>
/// Reads LiteLLM's price map: a JSON object of models with US dollars for a single token or unit, often in exponent form. The text of each
/// number is read as a decimal. It follows LiteLLM's own rules: prices above a size hold for the whole request, a tier's missing price is
/// the standard one, batch is half the standard price where it has none. Keys that state no price for a token or unit that events count are
/// left out, since the map is made for other purposes as well; <c>docs/prices.md</c> lists them.
/// </summary>
internal static partial class LiteLlmPriceMap
{
    private const string Sample = "sample_spec";
    private static readonly Rate Half = Rate.TryCreate(1, 2, out var half) ? half : default;

    /// <summary>Keys of prices, without suffixes, and what they are called in our book.</summary>
    private static readonly Dictionary<string, string> Keys = new(StringComparer.Ordinal)
    {
        ["input_cost_per_token"] = "input",
        ["cache_read_input_token_cost"] = "cached_input",
        ["input_cost_per_token_cache_hit"] = "cached_input",
        ["cache_creation_input_token_cost"] = "cache_write_5m",
        ["cache_creation_input_token_cost_above_1hr"] = "cache_write_1h",
        ["output_cost_per_token"] = "output",
        ["output_cost_per_reasoning_token"] = "reasoning",
        ["input_cost_per_audio_token"] = "input_audio_tokens",
        ["input_cost_per_image_token"] = "input_image_tokens",
        ["input_cost_per_video_token"] = "input_video_tokens",
        ["cache_read_input_audio_token_cost"] = "cached_audio_tokens",
        ["cache_read_input_image_token_cost"] = "cached_image_tokens",
        ["output_cost_per_audio_token"] = "output_audio_tokens",
        ["output_cost_per_image_token"] = "output_image_tokens",
        ["output_cost_per_video_token"] = "output_video_tokens",
        ["citation_cost_per_token"] = "citation_tokens",
        ["input_cost_per_query"] = "queries",
        ["input_cost_per_image"] = "input_images",
        ["output_cost_per_image"] = "images",
        ["input_cost_per_second"] = "input_seconds",
        ["output_cost_per_second"] = "output_seconds",
        ["input_cost_per_audio_per_second"] = "input_audio_seconds",
        ["output_cost_per_audio_per_second"] = "output_audio_seconds",
        ["input_cost_per_video_per_second"] = "input_video_seconds",
        ["output_cost_per_video_per_second"] = "output_video_seconds",
        ["input_cost_per_character"] = "input_characters",
        ["output_cost_per_character"] = "output_characters",
        ["ocr_cost_per_page"] = "pages",
    };

    private static readonly Dictionary<string, string> Tiers = new(StringComparer.Ordinal)
    {
        ["_batches"] = "batch",
        ["_flex"] = "flex",
        ["_priority"] = "priority",
        ["_ultrafast"] = "ultrafast",
    };

    /// <summary>Whether a text is such a map: a JSON object that is not a book of ours written as JSON.</summary>
    public static bool Recognises(string text)
    {
        if (!text.AsSpan().TrimStart().StartsWith('{'))
        {
            return false;
        }

        try
        {
            using var json = JsonDocument.Parse(text);
            return json.RootElement.EnumerateObject()
                .All(entry => entry.Value.ValueKind == JsonValueKind.Object && entry.Name != "providers");
        }
        catch (JsonException)
        {
            return false;
        }
    }

    /// <summary>
    /// Reads a map that <see cref="Recognises"/> said yes to. JSON has no lines worth naming here: errors name the model.
    /// </summary>
    public static PriceBookContent Read(string text, string name, TextErrors errors)
    {
        using var json = JsonDocument.Parse(text);
        var models = json.RootElement.EnumerateObject()
            .Where(entry => entry.Name != Sample)
            .Select(entry => (Provider: LiteLlmProviders.Of(entry.Value), Model: ReadModel(entry.Name, entry.Value, errors)))
            .ToList();
        return new PriceBookContent
        {
            Name = name,
            Effective = DateOnly.MinValue,
            Source = "LiteLLM's price map",
            UnlistedTiers = UnlistedTiers.Standard,
            Providers = [.. models
                .GroupBy(model => model.Provider, StringComparer.OrdinalIgnoreCase)
                .Select(group => LiteLlmProviders.Provider(group.Key, [.. group.Select(model => model.Model).OfType<ModelPrices>()]))],
            Contracts = [],
        };
    }

    private static ModelPrices? ReadModel(string name, JsonElement model, TextErrors errors)
    {
        // By tier and then by the number of tokens above which they hold; xAI's prices hold from that number on.
        var inclusive = LiteLlmProviders.Of(model) == "x-ai" ? 1 : 0;
        var rates = new Dictionary<(string Tier, long Above), Dictionary<string, Rate>>();
        foreach (var property in model.EnumerateObject())
        {
            if (TryPlace(property.Name, out var tier, out var above, out var key) && property.Value.ValueKind != JsonValueKind.Null)
            {
                Add(name, property.Value, (tier, above < 0 ? above : above - inclusive), key, rates, errors);
            }
            else if (property.Name == "search_context_cost_per_query" && property.Value.ValueKind == JsonValueKind.Object)
            {
                ReadSearch(name, property.Value, rates, errors);
            }
        }

        if (!rates.ContainsKey((string.Empty, PriceBand.Everything)))
        {
            return null;
        }

        var standard = Bands(rates, string.Empty);
        List<PriceEntry> entries = [new() { Bands = standard }];
        var batch = Bands(rates, "batch");
        entries.Add(new() { ServiceTier = "batch", Bands = batch.Count > 0 ? Over(batch, standard) : Halved(standard) });
        foreach (var tier in rates.Keys.Select(place => place.Tier).Distinct().Where(tier => tier is not ("" or "batch")))
        {
            entries.Add(new() { ServiceTier = tier, Bands = Over(Bands(rates, tier), standard) });
        }

        return new ModelPrices(name.ToLowerInvariant(), LiteLlmProviders.Names(name, model), entries);
    }

    private static void Add(
        string model,
        JsonElement value,
        (string Tier, long Above) place,
        string key,
        Dictionary<(string Tier, long Above), Dictionary<string, Rate>> rates,
        TextErrors errors)
    {
        var text = value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText();
        if (!PriceText.TryParse(text, 1, out var rate, out var reason))
        {
            errors.Add(1, 1, $"model '{model}': the price of '{key}', '{text}', {reason}");
            return;
        }

        if (!rates.TryGetValue(place, out var set))
        {
            rates.Add(place, set = new Dictionary<string, Rate>(StringComparer.Ordinal));
        }

        set.TryAdd(key, rate);
    }

    /// <summary>Searches cost by the size of what they return, which events do not say: the medium size stands for all.</summary>
    private static void ReadSearch(
        string model,
        JsonElement sizes,
        Dictionary<(string Tier, long Above), Dictionary<string, Rate>> rates,
        TextErrors errors)
    {
        if (sizes.TryGetProperty("search_context_size_medium", out var medium))
        {
            Add(model, medium, (string.Empty, PriceBand.Everything), "web_searches", rates, errors);
        }
    }

    /// <summary>Takes the suffixes for size and tier off a key: <c>input_cost_per_token_above_200k_tokens_priority</c>.</summary>
    private static bool TryPlace(string property, out string tier, out long above, out string key)
    {
        tier = string.Empty;
        above = PriceBand.Everything;
        var rest = property;
        foreach (var (suffix, named) in Tiers)
        {
            if (rest.EndsWith(suffix, StringComparison.Ordinal))
            {
                rest = rest[..^suffix.Length];
                tier = named;
                break;
            }
        }

        var size = AboveSuffix().Match(rest);
        if (size.Success)
        {
            var thousands = size.Groups["k"].Length > 0 ? 1_000 : 1;
            above = long.Parse(size.Groups["n"].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture) * thousands;
            rest = rest[..size.Index];
        }

        return Keys.TryGetValue(rest, out key!);
    }

    private static List<PriceBand> Bands(Dictionary<(string Tier, long Above), Dictionary<string, Rate>> rates, string tier) =>
        [.. rates.Where(entry => entry.Key.Tier == tier).OrderBy(entry => entry.Key.Above)
            .Select(entry => new PriceBand(entry.Key.Above, new RateSet(entry.Value)))];

    /// <summary>A tier's bands with the standard prices, of the same size, where it states none.</summary>
    private static List<PriceBand> Over(List<PriceBand> bands, List<PriceBand> standard)
    {
        RateSet At(List<PriceBand> of, long above) =>
            of.Where(band => band.AboveTokens <= above).Aggregate(RateSet.None, (below, band) => band.Rates.Over(below));

        return [.. bands.Concat(standard).Select(band => band.AboveTokens).Distinct().Order()
            .Select(above => new PriceBand(above, At(bands, above).Over(At(standard, above))))];
    }

    /// <summary>Tokens at half price; what is billed beside them costs the same in a batch.</summary>
    private static List<PriceBand> Halved(List<PriceBand> standard) =>
        [.. standard.Select(band => new PriceBand(band.AboveTokens, band.Rates.OfTokens().Times(Half).Over(band.Rates)))];

    [GeneratedRegex("_above_(?<n>[0-9]{1,9})(?<k>k?)_tokens$", RegexOptions.CultureInvariant)]
    private static partial Regex AboveSuffix();
}
