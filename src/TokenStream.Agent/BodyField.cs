namespace TokenStream.Agent;

/// <summary>What the agent reads of a request's JSON, in the order of <see cref="BodyFields.Table"/>.</summary>
internal enum BodyField
{
    Tenant,
    App,
    Feature,
    Environment,
    User,
    Session,
    Provider,
    Model,
    ServedProvider,
    ServedModel,
    ServiceTier,
    RequestId,
    TokensIn,
    InputBytes,
    MaxTokens,
    Answers,
    Attempt,
    WithoutOutput,
    HasCache,
    Reservation,
    Result,
    ErrorType,
    TokensOut,
    TokensCached,
    TokensCacheWrite,
    TokensCacheWriteHour,
    TokensReasoning,
    LatencyMs,
    TimeToFirstTokenMs,
    Estimated,
    CacheHit,
    EventId,
    Publish,
    Wait,
    Source,
    Payload,
}

/// <summary>What JSON a field has.</summary>
internal enum BodyKind
{
    /// <summary>A text of few values, which is kept.</summary>
    Name,

    /// <summary>A text that is another one each time.</summary>
    Text,
    Count,
    Flag,

    /// <summary>Anything: its place is kept.</summary>
    Raw,
}

/// <summary>The names of the fields.</summary>
internal static class BodyFields
{
    public static readonly (byte[] Name, BodyKind Kind)[] Table =
    [
        ("tenant"u8.ToArray(), BodyKind.Name),
        ("app"u8.ToArray(), BodyKind.Name),
        ("feature"u8.ToArray(), BodyKind.Name),
        ("environment"u8.ToArray(), BodyKind.Name),
        ("user"u8.ToArray(), BodyKind.Text),
        ("session"u8.ToArray(), BodyKind.Text),
        ("provider"u8.ToArray(), BodyKind.Name),
        ("model"u8.ToArray(), BodyKind.Name),
        ("served_provider"u8.ToArray(), BodyKind.Name),
        ("served_model"u8.ToArray(), BodyKind.Name),
        ("service_tier"u8.ToArray(), BodyKind.Name),
        ("request_id"u8.ToArray(), BodyKind.Text),
        ("tokens_in"u8.ToArray(), BodyKind.Count),
        ("input_bytes"u8.ToArray(), BodyKind.Count),
        ("max_tokens"u8.ToArray(), BodyKind.Count),
        ("answers"u8.ToArray(), BodyKind.Count),
        ("attempt"u8.ToArray(), BodyKind.Count),
        ("without_output"u8.ToArray(), BodyKind.Flag),
        ("has_cache"u8.ToArray(), BodyKind.Flag),
        ("reservation"u8.ToArray(), BodyKind.Text),
        ("result"u8.ToArray(), BodyKind.Name),
        ("error_type"u8.ToArray(), BodyKind.Name),
        ("tokens_out"u8.ToArray(), BodyKind.Count),
        ("tokens_cached"u8.ToArray(), BodyKind.Count),
        ("tokens_cache_write"u8.ToArray(), BodyKind.Count),
        ("tokens_cache_write_1h"u8.ToArray(), BodyKind.Count),
        ("tokens_reasoning"u8.ToArray(), BodyKind.Count),
        ("latency_ms"u8.ToArray(), BodyKind.Count),
        ("ttft_ms"u8.ToArray(), BodyKind.Count),
        ("estimated"u8.ToArray(), BodyKind.Flag),
        ("cache_hit"u8.ToArray(), BodyKind.Flag),
        ("event_id"u8.ToArray(), BodyKind.Text),
        ("publish"u8.ToArray(), BodyKind.Flag),
        ("wait"u8.ToArray(), BodyKind.Flag),
        ("source"u8.ToArray(), BodyKind.Name),
        ("payload"u8.ToArray(), BodyKind.Raw),
    ];
}
