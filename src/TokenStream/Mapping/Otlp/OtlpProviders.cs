namespace TokenStream.Mapping.Otlp;

/// <summary>Providers by the many names that spans have for them.</summary>
internal static class OtlpProviders
{
    /// <summary>Frameworks that name themselves where their provider should stand.</summary>
    private static readonly byte[][] Frameworks =
    [
        .. new[]
        {
            "langchain", "langgraph", "llamaindex", "llama_index", "llama-index", "strands", "crewai", "haystack", "semantic_kernel",
            "autogen", "openai_agents", "openai-agents", "google_adk", "agno", "dspy", "spring_ai",
        }.Select(System.Text.Encoding.UTF8.GetBytes),
    ];

    /// <summary>Ways to a model before its name, <c>azure/gpt-4o</c>, as LiteLLM's callers write them.</summary>
    private static readonly byte[][] Routes =
    [
        .. new[]
        {
            "openai", "azure", "azure_ai", "anthropic", "bedrock", "vertex_ai", "gemini", "google", "mistral", "groq", "deepseek", "xai",
            "cohere", "openrouter",
        }.Select(System.Text.Encoding.UTF8.GetBytes),
    ];

    /// <summary>The way that a model's name begins with; empty for none.</summary>
    public static ReadOnlySpan<byte> RouteOf(ReadOnlySpan<byte> model)
    {
        var slash = model.IndexOf((byte)'/');
        if (slash > 0 && slash < model.Length - 1)
        {
            foreach (var route in Routes)
            {
                if (model[..slash].SequenceEqual(route))
                {
                    return route;
                }
            }
        }

        return default;
    }

    /// <summary>
    /// Whether a name says which provider was asked; Vercel's gateway, which calls itself so, has it before the model's name.
    /// </summary>
    public static bool IsProvider(ReadOnlySpan<byte> name)
    {
        foreach (var framework in Frameworks)
        {
            if (OtlpResults.Contains(name, framework))
            {
                return false;
            }
        }

        return !name.IsEmpty && !name.SequenceEqual("gateway"u8);
    }

    /// <summary>
    /// Whose way of counting a provider has: <c>openai</c>, <c>anthropic</c>, <c>gemini</c> or <c>bedrock</c>; empty for another.
    /// </summary>
    public static ReadOnlySpan<byte> Canonical(ReadOnlySpan<byte> name) =>
        OtlpResults.Contains(name, "bedrock"u8) || name.SequenceEqual("aws"u8) ? "bedrock"u8
        : OtlpResults.Contains(name, "openai"u8) || OtlpResults.Contains(name, "azure"u8) ? "openai"u8
        : OtlpResults.Contains(name, "anthropic"u8) ? "anthropic"u8
        : OtlpResults.Contains(name, "gemini"u8) || OtlpResults.Contains(name, "vertex"u8) || OtlpResults.Contains(name, "google"u8)
            || name.StartsWith("gcp."u8) ? "gemini"u8
        : default;
}
