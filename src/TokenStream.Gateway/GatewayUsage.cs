namespace TokenStream.Gateway;

/// <summary>How a request ended.</summary>
public enum UsageResult
{
    Ok,
    Error,
    Timeout,
    Cancelled,
}

/// <summary>What a request used, as its provider reported it. An unknown count is null, which is not zero.</summary>
public readonly record struct GatewayUsage
{
    public UsageResult Result { get; init; }

    /// <summary>What failed, where something did.</summary>
    public string? ErrorType { get; init; }

    /// <summary>Inclusive totals.</summary>
    public long? TokensIn { get; init; }

    public long? TokensOut { get; init; }

    /// <summary>Parts of the tokens in.</summary>
    public long? TokensCached { get; init; }

    /// <summary>Of them, written to the provider's cache for five minutes, or for a time that nobody tells.</summary>
    public long? TokensCacheWrite { get; init; }

    /// <summary>Of them, written to the provider's cache for an hour.</summary>
    public long? TokensCacheWriteHour { get; init; }

    /// <summary>A part of the tokens out.</summary>
    public long? TokensReasoning { get; init; }

    /// <summary>Searches of the web that the provider ran and bills by their number.</summary>
    public long? WebSearches { get; init; }

    /// <summary>How the counts came about, <c>usage_convention</c> of the event.</summary>
    public string? UsageConvention { get; init; }

    /// <summary>Where the provider served it, where prices differ by it.</summary>
    public string? Region { get; init; }

    /// <summary>Whether the counts are an estimate: a stream that was ended reports nothing.</summary>
    public bool IsEstimated { get; init; }

    /// <summary>Whether the gateway's own cache answered: nothing was spent.</summary>
    public bool IsCacheHit { get; init; }

    public long? LatencyMs { get; init; }

    public long? TimeToFirstTokenMs { get; init; }

    /// <summary>The model that served where it is neither the one asked for nor the route's, as the provider names it.</summary>
    public string? ServedModel { get; init; }

    /// <summary>Of a service tier with prices of its own: <c>batch</c>, <c>flex</c>, <c>priority</c>.</summary>
    public string? ServiceTier { get; init; }

    /// <summary>
    /// What the event is called where its source has a name for it: counts that come in by two ways are then one event. Null is a new one.
    /// </summary>
    public string? EventId { get; init; }
}

/// <summary>Whether an event is on its way.</summary>
public enum PublishOutcome
{
    /// <summary>It waits in the buffer and will be sent.</summary>
    Accepted,

    /// <summary>Dropped, and counted: the buffer is full, since Kafka takes events too slowly or not at all.</summary>
    BufferFull,

    /// <summary>Dropped, and counted: the gateway is stopping.</summary>
    Stopping,

    /// <summary>Kafka has it on every replica that it asks for.</summary>
    Acknowledged,

    /// <summary>Kafka did not take it in time, or refused it.</summary>
    Lost,
}
