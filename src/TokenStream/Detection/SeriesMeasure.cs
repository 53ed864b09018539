namespace TokenStream.Detection;

/// <summary>What a series is of. The numbers are part of formats and never change.</summary>
public enum SeriesMeasure
{
    /// <summary>Picodollars a minute.</summary>
    Cost = 0,

    /// <summary>Requests a minute, blocked ones included: demand.</summary>
    Requests = 1,

    TokensIn = 2,

    TokensOut = 3,

    /// <summary>Attempts a minute that failed or ran out of time.</summary>
    Errors = 4,

    /// <summary>Picodollars of a minute by its requests.</summary>
    CostPerRequest = 5,

    /// <summary>Cached input tokens by input tokens, 0 to 1.</summary>
    CacheShare = 6,

    /// <summary>Failed attempts by attempts, 0 to 1.</summary>
    ErrorShare = 7,

    TokensOutPerRequest = 8,

    /// <summary>95th percentile of a minute, milliseconds.</summary>
    LatencyP95 = 9,

    /// <summary>95th percentile of the time to first token of a minute, milliseconds.</summary>
    TtftP95 = 10,
}

/// <summary>Kinds of measures.</summary>
public static class SeriesMeasures
{
    /// <summary>
    /// Whether values of parts add up, a minute without traffic is 0, and values are never negative; of the others a minute without requests
    /// has no value.
    /// </summary>
    public static bool IsCount(this SeriesMeasure measure) => measure <= SeriesMeasure.Errors;
}
