namespace TokenStream.Mapping;

/// <summary>
/// Who made a model, by its name, for sources that name the model alone. Names are those of the table of conventions; a name that nobody
/// is known by is <c>unknown</c>, and the price book may still know the model.
/// </summary>
internal static class ModelMakers
{
    public static ReadOnlySpan<byte> Of(ReadOnlySpan<byte> model)
    {
        // Bedrock's names carry the maker, and often a region before it: eu.anthropic.claude-sonnet-4-5-20250929-v1:0.
        if (model.IndexOf("anthropic."u8) >= 0 || model.IndexOf("amazon."u8) >= 0)
        {
            return "bedrock"u8;
        }

        var name = model[(model.LastIndexOf((byte)'/') + 1)..];
        return name.StartsWith("claude"u8) ? "anthropic"u8
            : IsOfOpenAi(name) ? "openai"u8
            : name.StartsWith("gemini"u8) || name.StartsWith("text-embedding-00"u8) ? "gemini"u8
            : name.StartsWith("mistral"u8) || name.StartsWith("codestral"u8) || name.StartsWith("magistral"u8) ? "mistral"u8
            : name.StartsWith("deepseek"u8) ? "deepseek"u8
            : name.StartsWith("grok"u8) ? "xai"u8
            : name.StartsWith("command"u8) ? "cohere"u8
            : "unknown"u8;
    }

    private static bool IsOfOpenAi(ReadOnlySpan<byte> name) =>
        name.StartsWith("gpt-"u8) || name.StartsWith("chatgpt-"u8) || name.StartsWith("text-embedding-3"u8)
        || name.StartsWith("text-embedding-ada"u8) || name.StartsWith("ft:gpt-"u8)
        || (name.Length >= 2 && name[0] == 'o' && name[1] is >= (byte)'1' and <= (byte)'9' && (name.Length == 2 || name[2] == '-'));
}
