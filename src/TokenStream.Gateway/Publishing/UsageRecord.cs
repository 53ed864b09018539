namespace TokenStream.Gateway.Publishing;

/// <summary>A usage event, or a blocked request, that waits to be written.</summary>
internal readonly struct UsageRecord
{
    public required GatewayRequest Request { get; init; }

    public required string Tenant { get; init; }

    public required long TimeMs { get; init; }

    /// <summary>Null for a request that was blocked.</summary>
    public GatewayUsage? Usage { get; init; }

    /// <summary>The command that blocked or changed it.</summary>
    public string? CommandId { get; init; }

    public string? RoutedProvider { get; init; }

    public string? RoutedModel { get; init; }

    public long? MaxTokens { get; init; }

    /// <summary>Told what became of it, by whoever waits for that; null where nobody does.</summary>
    public TaskCompletionSource<PublishOutcome>? Confirmation { get; init; }
}
