namespace TokenStream.Gateway.Http;

/// <summary>How a handler reads requests.</summary>
public sealed class TokenStreamHandlerOptions
{
    /// <summary>Set on a request's options by whoever knows the caller; a request without it passes as the empty tenant.</summary>
    public static readonly HttpRequestOptionsKey<RequestAttribution> Attribution = new("TokenStream.Attribution");

    /// <summary>Who serves the requests of this client.</summary>
    public string Provider { get; set; } = "openai";

    /// <summary>The caller of a request that does not carry <see cref="Attribution"/>.</summary>
    public Func<HttpRequestMessage, RequestAttribution>? Attribute { get; set; }

    /// <summary>Estimates a prompt's tokens from the request's body; by default a token for every four bytes of it.</summary>
    public Func<ReadOnlyMemory<byte>, long>? EstimateTokensIn { get; set; }

    /// <summary>A larger request is refused with 413: what is not read cannot be decided about.</summary>
    public int MostBodyBytes { get; set; } = 16 * 1024 * 1024;
}

/// <summary>Who a request is for.</summary>
public sealed record RequestAttribution(string Tenant)
{
    public string? Environment { get; init; }

    public string? App { get; init; }

    public string? Feature { get; init; }

    public string? User { get; init; }

    public string? Session { get; init; }

    /// <summary>The same for all tries of a request.</summary>
    public string? RequestId { get; init; }

    /// <summary>The model first asked for, where this is a fallback to another one.</summary>
    public string? ModelRequested { get; init; }
}
