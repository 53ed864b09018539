namespace TokenStream.Mapping.ProviderUsage;

/// <summary>What a provider's answer said, as far as it was seen. An unknown count is null, which is not zero.</summary>
public readonly record struct ProviderReading
{
    public ProviderShape Shape { get; init; }

    /// <summary>Whether the answer said that it is at its end.</summary>
    public bool IsEnded { get; init; }

    public bool IsError { get; init; }

    public bool IsCancelled { get; init; }

    /// <summary>How sure the counts are.</summary>
    public Standing Standing { get; init; }

    /// <summary>How they came about, as an event's <c>usage_convention</c> says it; null where there are none.</summary>
    public string? Convention { get; init; }

    /// <summary>Inclusive totals.</summary>
    public long? TokensIn { get; init; }

    public long? TokensOut { get; init; }

    public long? TokensCached { get; init; }

    public long? TokensCacheWrite5m { get; init; }

    public long? TokensCacheWrite1h { get; init; }

    public long? TokensReasoning { get; init; }

    public long? WebSearches { get; init; }

    public string? Model { get; init; }

    public string? ServiceTier { get; init; }

    public string? Region { get; init; }

    public string? ErrorType { get; init; }
}
