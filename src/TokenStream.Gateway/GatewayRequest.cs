using TokenStream.Commands;

namespace TokenStream.Gateway;

/// <summary>A request as a gateway knows it before it is sent. A text that is absent is null or empty.</summary>
public readonly record struct GatewayRequest
{
    public required string Tenant { get; init; }

    /// <summary>Null is the gateway's own, <see cref="TokenStreamGatewayOptions.Environment"/>.</summary>
    public string? Environment { get; init; }

    public string? App { get; init; }

    public string? Feature { get; init; }

    /// <summary>A pseudonym.</summary>
    public string? User { get; init; }

    public string? Session { get; init; }

    /// <summary>Who is asked for the model.</summary>
    public required string Provider { get; init; }

    /// <summary>The model that was asked for.</summary>
    public required string Model { get; init; }

    /// <summary>Who is going to serve it, and with which model, where the gateway falls back to another one.</summary>
    public string? ServedProvider { get; init; }

    public string? ServedModel { get; init; }

    /// <summary>An estimate of the prompt's tokens; zero where the gateway has none.</summary>
    public long TokensIn { get; init; }

    /// <summary>Most tokens that the answer may have; zero where the caller set no limit.</summary>
    public long MaxTokens { get; init; }

    /// <summary>How many answers are asked for at once, each of which may have so many tokens; zero is one.</summary>
    public int Answers { get; init; }

    /// <summary>Whether the model writes nothing, as where it makes embeddings: no output is limited or reserved for.</summary>
    public bool IsWithoutOutput { get; init; }

    /// <summary>The service tier that is asked for, where it has prices of its own: <c>batch</c>, <c>flex</c>, <c>priority</c>.</summary>
    public string? ServiceTier { get; init; }

    /// <summary>Which try of the request this is; the first is 1.</summary>
    public int Attempt { get; init; }

    /// <summary>The same for all tries of a request: a blocked request that is tried again counts as demand once.</summary>
    public string? RequestId { get; init; }

    internal RequestDimensions Dimensions(string tenant, string environment) => new(
        Environment ?? environment, tenant, App ?? "", Feature ?? "", Provider, Model, User ?? "", ServedProvider, ServedModel);
}
