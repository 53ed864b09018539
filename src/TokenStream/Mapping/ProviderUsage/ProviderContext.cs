namespace TokenStream.Mapping.ProviderUsage;

/// <summary>What is known of a provider's answer beside its body, by whoever took it: a body says neither when nor for whom.</summary>
public sealed record ProviderContext
{
    /// <summary>The lowest status of an answer that is an error.</summary>
    internal const int FirstErrorStatus = 400;

    /// <summary>When the answer ended; milliseconds since the Unix epoch.</summary>
    public required long TimeMs { get; init; }

    /// <summary>The path that was asked, such as <c>/v1/chat/completions</c>; for Gemini and Bedrock it has the model.</summary>
    public string Path { get; init; } = "";

    /// <summary>The status of the answer; 0 where it is not known.</summary>
    public int HttpStatus { get; init; }

    /// <summary>Who serves, where it is not the provider whose shape the body has.</summary>
    public string Provider { get; init; } = "";

    /// <summary>The model that was asked for.</summary>
    public string Model { get; init; } = "";

    /// <summary>What names the request, for answers without an id of their own.</summary>
    public string RequestId { get; init; } = "";

    public string Tenant { get; init; } = "";

    /// <summary>The tenant of a request that names none.</summary>
    public string DefaultTenant { get; init; } = "default";

    public string App { get; init; } = "";

    public string Feature { get; init; } = "";

    public string Environment { get; init; } = "";

    public string User { get; init; } = "";

    public string Session { get; init; } = "";

    /// <summary>From asking to the answer's end, milliseconds.</summary>
    public long? LatencyMs { get; init; }
}
