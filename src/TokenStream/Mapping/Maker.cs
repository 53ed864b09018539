using System.Text;

namespace TokenStream.Mapping;

/// <summary>Who makes models and has a shape of usage of its own, as far as a table of conventions knows it by name.</summary>
internal enum Maker
{
    None = 0,
    OpenAi,
    Anthropic,
    Gemini,
    Bedrock,
}

/// <summary>Reads who is meant from what people write.</summary>
internal static class Makers
{
    /// <summary>The name in the tables of conventions; empty for everybody else.</summary>
    public static ReadOnlySpan<byte> Name(this Maker maker) => maker switch
    {
        Maker.OpenAi => "openai"u8,
        Maker.Anthropic => "anthropic"u8,
        Maker.Gemini => "gemini"u8,
        Maker.Bedrock => "bedrock"u8,
        _ => default,
    };

    /// <summary>Who is meant by the name of a provider: one that serves what others make (Azure, say) is somebody else.</summary>
    public static Maker OfProvider(ReadOnlySpan<byte> provider) =>
        Ascii.EqualsIgnoreCase(provider, "openai"u8) ? Maker.OpenAi
        : Ascii.EqualsIgnoreCase(provider, "anthropic"u8) ? Maker.Anthropic
        : provider.IndexOf("gemini"u8) >= 0 || provider.IndexOf("google"u8) >= 0 || provider.IndexOf("vertex"u8) >= 0 ? Maker.Gemini
        : provider.IndexOf("bedrock"u8) >= 0 || provider.IndexOf("amazon"u8) >= 0 ? Maker.Bedrock
        : Maker.None;

    /// <summary>Who makes a model; it may be somebody else who serves it, so that what rests on this is an assumption.</summary>
    public static Maker OfModel(ReadOnlySpan<byte> model)
    {
        var isReasoning = model.Length > 1 && model[0] == 'o' && model[1] is >= (byte)'1' and <= (byte)'9';
        return isReasoning || model.StartsWith("gpt-"u8) || model.StartsWith("chatgpt-"u8) || model.StartsWith("text-embedding-"u8)
            ? Maker.OpenAi
            : model.StartsWith("claude"u8) ? Maker.Anthropic
            : model.StartsWith("gemini"u8) ? Maker.Gemini
            : Maker.None;
    }
}
