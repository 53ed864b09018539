namespace TokenStream.Proxy;

/// <summary>What kind of interface a path belongs to.</summary>
internal enum ApiKind
{
    /// <summary>Nothing that is known to ask a model; a body that names one is governed all the same.</summary>
    Other,

    /// <summary>Asks no model, whatever the body names.</summary>
    Free,
    Chat,
    Completions,
    Responses,
    Embeddings,
    Messages,
    Gemini,
    GeminiEmbeddings,
    Converse,
    Invoke,
}

/// <summary>What a path asks for. The model may stand in it.</summary>
/// <param name="Model">The model's name as it is meant, or null.</param>
/// <param name="ModelStart">Where it stands in the path.</param>
internal readonly record struct ApiCall(ApiKind Kind, string Path, string? Model = null, int ModelStart = 0, bool IsStreamByPath = false)
{
    /// <summary>Whether the body must be understood: it certainly asks a model.</summary>
    public bool IsKnown => Kind > ApiKind.Free;

    public bool IsWithoutOutput =>
        Kind is ApiKind.Embeddings or ApiKind.GeminiEmbeddings || Path.EndsWith("/moderations", StringComparison.OrdinalIgnoreCase);

    /// <summary>Whose errors a caller expects.</summary>
    public string Family => Kind switch
    {
        ApiKind.Messages => "anthropic",
        ApiKind.Gemini or ApiKind.GeminiEmbeddings => "gemini",
        ApiKind.Converse or ApiKind.Invoke => "bedrock",
        _ => "openai",
    };

    /// <summary>Reads a path whose escapes are undone; doubled and trailing slashes change nothing.</summary>
    public static ApiCall Of(string path)
    {
        var clean = path.TrimEnd('/');
        while (clean.Contains("//", StringComparison.Ordinal))
        {
            clean = clean.Replace("//", "/", StringComparison.Ordinal);
        }

        if (Named(clean, "/models/") is { Model.Length: > 0 } gemini)
        {
            var verb = clean[(gemini.Start + gemini.Model.Length)..];
            var kind = verb is ":generateContent" or ":streamGenerateContent" ? ApiKind.Gemini
                : verb is ":embedContent" or ":batchEmbedContents" ? ApiKind.GeminiEmbeddings
                : verb is ":rawPredict" or ":streamRawPredict" ? ApiKind.Invoke
                : verb == ":countTokens" ? ApiKind.Free
                : ApiKind.Other;
            return new ApiCall(kind, clean, gemini.Model, gemini.Start, verb.StartsWith(":stream", StringComparison.Ordinal));
        }

        if (Named(clean, "/model/") is { Model.Length: > 0 } bedrock)
        {
            var verb = clean[(bedrock.Start + bedrock.Model.Length)..];
            var kind = verb.StartsWith("/converse", StringComparison.Ordinal) ? ApiKind.Converse
                : verb.StartsWith("/invoke", StringComparison.Ordinal) ? ApiKind.Invoke
                : ApiKind.Other;
            var isStream = verb.Contains("stream", StringComparison.Ordinal);
            return new ApiCall(kind, clean, Uri.UnescapeDataString(bedrock.Model), bedrock.Start, isStream);
        }

        // Azure names its deployments in the path.
        var (deployment, start) = Named(clean, "/deployments/");
        return new ApiCall(ByEnd(clean), clean, deployment.Length > 0 ? deployment : null, start);
    }

    /// <summary>The path with another model in it.</summary>
    public string WithModel(string model) =>
        Model is null ? Path : string.Concat(Path.AsSpan(0, ModelStart), model, Path.AsSpan(ModelStart + RawLength));

    private int RawLength
    {
        get
        {
            var isOfGoogle = Path.AsSpan(0, ModelStart).EndsWith("/models/", StringComparison.OrdinalIgnoreCase);
            var end = Path.IndexOfAny(isOfGoogle ? [':', '/'] : ['/'], ModelStart);
            return (end < 0 ? Path.Length : end) - ModelStart;
        }
    }

    private static (string Model, int Start) Named(string path, string before)
    {
        var at = path.IndexOf(before, StringComparison.OrdinalIgnoreCase);
        if (at < 0)
        {
            return ("", 0);
        }

        var start = at + before.Length;
        var end = path.IndexOfAny(before == "/models/" ? [':', '/'] : ['/'], start);
        return end < 0 ? ("", 0) : (path[start..end], start);
    }

    private static ApiKind ByEnd(string path)
    {
        bool Ends(string end) => path.EndsWith(end, StringComparison.OrdinalIgnoreCase);
        return Ends("/chat/completions") ? ApiKind.Chat
            : Ends("/completions") ? ApiKind.Completions
            : Ends("/responses") ? ApiKind.Responses
            : Ends("/embeddings") ? ApiKind.Embeddings
            : Ends("/messages") ? ApiKind.Messages
            : Ends("/messages/count_tokens") || Ends("/responses/input_tokens") ? ApiKind.Free
            : ApiKind.Other;
    }
}
