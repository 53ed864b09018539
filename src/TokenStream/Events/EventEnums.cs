namespace TokenStream.Events;

/// <summary>What a record on the input topic is.</summary>
public enum EventKind : byte
{
    /// <summary>One use of a model.</summary>
    Request = 0,

    /// <summary>A refund or settled estimate with signed deltas; booked in its own window.</summary>
    Adjustment = 1,

    /// <summary>Time only: moves a partition's stream time at the end of a replay. Counted apart, never rolled up.</summary>
    Tick = 2,
}

/// <summary>
/// The gateway's own cache: exact and semantic hits cost nothing, their tokens are avoided; a prefix hit is priced normally.
/// </summary>
public enum CacheStatus : byte
{
    None = 0,
    Exact = 1,
    Prefix = 2,
    Semantic = 3,
}

public enum ResultType : byte
{
    Ok = 0,
    Error = 1,
    Timeout = 2,
    Cancelled = 3,
    BlockedPolicy = 4,
    BlockedBudget = 5,
}

public enum Completeness : byte
{
    Final = 0,
    Partial = 1,
    Estimated = 2,
}

/// <summary>Which optional facts an event carries: absent is unknown, zero is zero.</summary>
[Flags]
public enum EventFields : ushort
{
    None = 0,
    TokensIn = 1 << 0,
    TokensOut = 1 << 1,
    TokensCached = 1 << 2,
    TokensCacheWrite5m = 1 << 3,
    TokensCacheWrite1h = 1 << 4,
    TokensReasoning = 1 << 5,
    LatencyMs = 1 << 6,
    TtftMs = 1 << 7,
    Pii = 1 << 8,
    Accepted = 1 << 9,
    CacheStatus = 1 << 10,
    Attempt = 1 << 11,
    MaxTokens = 1 << 12,
}
