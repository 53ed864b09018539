namespace TokenStream.Mapping.ProviderUsage;

/// <summary>Whose answer a body is, by its fields.</summary>
public enum ProviderShape
{
    None = 0,
    OpenAiChat,
    OpenAiResponses,
    OpenAiEmbeddings,
    Anthropic,
    Gemini,
    Bedrock,
}

/// <summary>Tells the providers' answers apart: by several fields together, since each name alone is used by others, too.</summary>
internal static class ProviderShapes
{
    /// <summary>The provider's name, which is also its row's in the table of conventions.</summary>
    public static ReadOnlySpan<byte> Provider(this ProviderShape shape) => shape switch
    {
        ProviderShape.OpenAiChat or ProviderShape.OpenAiResponses or ProviderShape.OpenAiEmbeddings => "openai"u8,
        ProviderShape.Anthropic => "anthropic"u8,
        ProviderShape.Gemini => "gemini"u8,
        ProviderShape.Bedrock => "bedrock"u8,
        _ => default,
    };

    /// <summary>The shape of a body, or of a piece of a stream; none where the piece fits many.</summary>
    public static ProviderShape Of(ReadOnlySpan<byte> payload, ProviderPaths paths, JsonPathReader values)
    {
        var kind = values[paths.Object].Of(payload);
        var type = values[paths.Type].Of(payload);
        if ((kind.StartsWith("chat.completion"u8) || kind.SequenceEqual("text_completion"u8))
            && values[paths.Choices].Kind == JsonKind.Array)
        {
            return ProviderShape.OpenAiChat;
        }

        if ((kind.SequenceEqual("response"u8) && values[paths.Status].IsText)
            || (type.StartsWith("response."u8) && values[paths.Response].Kind == JsonKind.Object))
        {
            return ProviderShape.OpenAiResponses;
        }

        if (kind.SequenceEqual("list"u8) && values[paths.Data].Kind == JsonKind.Array && values[paths.Usage].Kind == JsonKind.Object)
        {
            return ProviderShape.OpenAiEmbeddings;
        }

        if ((type.SequenceEqual("message"u8) && values[paths.Role].IsText && values[paths.Usage].Kind == JsonKind.Object)
            || (type.SequenceEqual("message_start"u8) && values[paths.Message].Kind == JsonKind.Object))
        {
            return ProviderShape.Anthropic;
        }

        if (values[paths.GeminiModel].IsText && (values[paths.Candidates].IsThere || values[paths.GeminiUsage].IsThere))
        {
            return ProviderShape.Gemini;
        }

        return values[paths.BedrockInput].Kind == JsonKind.Number && (values[paths.StopReason].IsText || values[paths.Metrics].IsThere)
            ? ProviderShape.Bedrock
            : ProviderShape.None;
    }

    /// <summary>The shape of an error: its fields, and the path that was asked, since errors resemble each other.</summary>
    public static ProviderShape OfError(ReadOnlySpan<byte> payload, ProviderPaths paths, JsonPathReader values, string path)
    {
        var asked = OfPath(path);
        if (values[paths.Error].Kind != JsonKind.Object)
        {
            return asked == ProviderShape.Bedrock && values[paths.Message].Kind == JsonKind.Text ? asked : ProviderShape.None;
        }

        if (values[paths.Type].Is(payload, "error"u8) && values[paths.ErrorType].IsText)
        {
            return ProviderShape.Anthropic;
        }

        if (values[paths.ErrorStatus].IsText && values[paths.ErrorCode].Kind == JsonKind.Number)
        {
            return ProviderShape.Gemini;
        }

        var isOpenAi = values[paths.ErrorMessage].Kind == JsonKind.Text && values[paths.ErrorType].Kind != JsonKind.Absent;
        return !isOpenAi ? ProviderShape.None : asked == ProviderShape.None ? ProviderShape.OpenAiChat : asked;
    }

    /// <summary>The API that a path belongs to; none where it is unknown.</summary>
    public static ProviderShape OfPath(string path) =>
        path.EndsWith("/messages", StringComparison.Ordinal) ? ProviderShape.Anthropic
        : path.EndsWith("/completions", StringComparison.Ordinal) ? ProviderShape.OpenAiChat
        : path.EndsWith("/responses", StringComparison.Ordinal) ? ProviderShape.OpenAiResponses
        : path.EndsWith("/embeddings", StringComparison.Ordinal) ? ProviderShape.OpenAiEmbeddings
        : path.Contains("enerateContent", StringComparison.Ordinal) ? ProviderShape.Gemini
        : path.Contains("/model/", StringComparison.Ordinal) && path.Contains("/converse", StringComparison.Ordinal) ? ProviderShape.Bedrock
        : ProviderShape.None;

    /// <summary>The model that a path names; empty where it names none.</summary>
    public static string ModelOfPath(string path)
    {
        var (before, after) = path.Contains("/models/", StringComparison.Ordinal) ? ("/models/", ':') : ("/model/", '/');
        var at = path.IndexOf(before, StringComparison.Ordinal);
        if (at < 0)
        {
            return "";
        }

        var rest = path[(at + before.Length)..];
        var end = rest.IndexOf(after, StringComparison.Ordinal);
        return Uri.UnescapeDataString(end < 0 ? rest : rest[..end]);
    }
}
