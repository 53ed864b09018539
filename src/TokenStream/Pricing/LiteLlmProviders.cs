using System.Text.Json;

namespace TokenStream.Pricing;

/// <summary>
/// Providers and model names of LiteLLM's price map, where one provider has several names and models carry it as a prefix.
/// </summary>
internal static class LiteLlmProviders
{
    /// <summary>
    /// LiteLLM's providers that others call otherwise, and further names of each; starting with a star they match as patterns.
    /// </summary>
    private static readonly Dictionary<string, (string Id, string[] Names)> Known = new(StringComparer.Ordinal)
    {
        ["gemini"] = ("google", ["gemini", "gcp.*", "*vertex*"]),
        ["vertex_ai"] = ("google", ["gemini", "gcp.*", "*vertex*"]),
        ["bedrock"] = ("aws", ["*bedrock*", "amazon"]),
        ["bedrock_converse"] = ("aws", ["*bedrock*", "amazon"]),
        ["azure"] = ("azure", ["azure_ai", "*azure*"]),
        ["azure_ai"] = ("azure", ["azure_ai", "*azure*"]),
        ["xai"] = ("x-ai", ["xai", "x_ai"]),
        ["text-completion-openai"] = ("openai", []),
        ["moonshot"] = ("moonshotai", ["moonshot"]),
        ["zhipu"] = ("zhipuai", ["zhipu"]),
    };

    /// <summary>Providers that serve models of others at their prices.</summary>
    private static readonly Dictionary<string, string[]> Fallbacks = new(StringComparer.Ordinal)
    {
        ["azure"] = ["openai", "anthropic"],
        ["google"] = ["anthropic"],
    };

    /// <summary>The provider of a model; the families of one platform count as one.</summary>
    public static string Of(JsonElement model)
    {
        var name = model.TryGetProperty("litellm_provider", out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()!.ToLowerInvariant().Replace('/', '_')
            : "unknown";
        var family = name.StartsWith("vertex_ai", StringComparison.Ordinal) ? "vertex_ai" : name;
        return Known.TryGetValue(family, out var known) ? known.Id : family;
    }

    public static ProviderPrices Provider(string id, IReadOnlyList<ModelPrices> models)
    {
        var names = Known.Where(known => known.Value.Id == id)
            .SelectMany(known => known.Value.Names.Prepend(known.Key))
            .Where(name => name != id).Distinct().Select(name => new NamePattern(name));
        return new ProviderPrices(id, [.. names], [], Fallbacks.GetValueOrDefault(id, []), Distinct(models));
    }

    /// <summary>A key's other names: without the provider before its slash, and those listed as aliases.</summary>
    public static IReadOnlyList<NamePattern> Names(string key, JsonElement model)
    {
        List<NamePattern> names = [];
        var slash = key.IndexOf('/', StringComparison.Ordinal);
        if (slash >= 0 && slash < key.Length - 1)
        {
            names.Add(new NamePattern(key[(slash + 1)..]));
        }

        if (model.TryGetProperty("aliases", out var aliases) && aliases.ValueKind == JsonValueKind.Array)
        {
            names.AddRange(aliases.EnumerateArray()
                .Where(alias => alias.ValueKind == JsonValueKind.String)
                .Select(alias => new NamePattern(alias.GetString()!)));
        }

        return names;
    }

    /// <summary>Of two keys of one provider with the same name the first counts: the map lists some models twice.</summary>
    private static List<ModelPrices> Distinct(IReadOnlyList<ModelPrices> models)
    {
        var taken = models.Select(model => model.Id).ToHashSet(StringComparer.OrdinalIgnoreCase);
        var distinct = models.DistinctBy(model => model.Id, StringComparer.OrdinalIgnoreCase);
        return [.. distinct.Select(model => model with { Names = [.. model.Names.Where(name => taken.Add(name.Text))] })];
    }
}
