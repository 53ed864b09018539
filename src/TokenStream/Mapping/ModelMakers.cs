namespace TokenStream.Mapping;

/// <summary>
/// Who made a model, by its name, for sources that name the model alone. Names are those of the table of conventions; a name that nobody
/// is known by is <c>unknown</c>, and the price book may still know the model.
/// </summary>
internal static class ModelMakers
{
    private static readonly byte[] Unknown = "unknown"u8.ToArray();
    public static readonly byte[] OpenAi = "openai"u8.ToArray();
    private static readonly byte[] Anthropic = "anthropic"u8.ToArray();
    private static readonly byte[] Gemini = "gemini"u8.ToArray();
    private static readonly byte[] Bedrock = "bedrock"u8.ToArray();
    private static readonly byte[] Mistral = "mistral"u8.ToArray();
    private static readonly byte[] DeepSeek = "deepseek"u8.ToArray();
    private static readonly byte[] XAi = "xai"u8.ToArray();
    private static readonly byte[] Cohere = "cohere"u8.ToArray();

    public static byte[] Of(ReadOnlySpan<byte> model)
    {
        // Bedrock's names carry the maker, and often a region before it: eu.anthropic.claude-sonnet-4-5-20250929-v1:0.
        if (model.IndexOf("anthropic."u8) >= 0 || model.IndexOf("amazon."u8) >= 0)
        {
            return Bedrock;
        }

        var name = model[(model.LastIndexOf((byte)'/') + 1)..];
        return name.StartsWith("claude"u8) ? Anthropic
            : IsOfOpenAi(name) ? OpenAi
            : name.StartsWith("gemini"u8) || name.StartsWith("text-embedding-00"u8) ? Gemini
            : name.StartsWith("mistral"u8) || name.StartsWith("codestral"u8) || name.StartsWith("magistral"u8)
                || name.StartsWith("ministral"u8) || name.StartsWith("devstral"u8) ? Mistral
            : name.StartsWith("deepseek"u8) ? DeepSeek
            : name.StartsWith("grok"u8) ? XAi
            : name.StartsWith("command"u8) ? Cohere
            : Unknown;
    }

    /// <summary>Who made a model whose usage has a provider's own names.</summary>
    public static byte[] Of(ReadOnlySpan<byte> model, UsageNames names) => names switch
    {
        UsageNames.Gemini => Gemini,
        UsageNames.Bedrock => Bedrock,
        _ => Of(model),
    };

    private static bool IsOfOpenAi(ReadOnlySpan<byte> name) =>
        name.StartsWith("gpt-"u8) || name.StartsWith("chatgpt-"u8) || name.StartsWith("text-embedding-3"u8)
        || name.StartsWith("text-embedding-ada"u8) || name.StartsWith("ft:"u8) || name.StartsWith("codex-"u8)
        || name.StartsWith("text-davinci"u8) || name.StartsWith("davinci"u8) || name.StartsWith("babbage"u8)
        || name.StartsWith("computer-use"u8) || name.StartsWith("omni-"u8)
        || (name.Length >= 2 && name[0] == 'o' && name[1] is >= (byte)'1' and <= (byte)'9' && (name.Length == 2 || name[2] == '-'));
}
