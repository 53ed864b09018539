using TokenStream.Detection;
using TokenStream.Scopes;

namespace TokenStream.Governing.Anomalies;

/// <summary>
/// A person expects something: anomalies of these places are written down and not sent until it ends. Times are milliseconds since the Unix
/// epoch.
/// </summary>
public sealed record AnomalySilence
{
    /// <summary>What the places of anomalies are told apart by.</summary>
    public static readonly IReadOnlyList<ScopeDimension> Dimensions =
        [ScopeDimension.Environment, ScopeDimension.Tenant, ScopeDimension.Feature, ScopeDimension.Provider, ScopeDimension.Model];

    /// <summary>Unique; as of requests.</summary>
    public required string Id { get; init; }

    /// <summary>Binds <see cref="Dimensions"/> only.</summary>
    public required Scope Scope { get; init; }

    /// <summary>Null for every measure.</summary>
    public SeriesMeasure? Measure { get; init; }

    /// <summary>A silence ends: what is forgotten is not silent for good.</summary>
    public required long UntilMs { get; init; }

    public required string Reason { get; init; }

    public required string By { get; init; }

    public required long AtMs { get; init; }

    /// <summary>When a person took it back; null where nobody did.</summary>
    public long? EndedMs { get; init; }

    public string? EndedBy { get; init; }

    public string? EndedReason { get; init; }

    public bool IsInForce(long nowMs) => EndedMs is null && nowMs < UntilMs;

    /// <summary>
    /// Whether it is about an anomaly: every dimension that is bound must match that of the anomaly's own place. A silence of a feature does
    /// not silence its tenant.
    /// </summary>
    public bool Covers(Anomaly anomaly) => (Measure is null || Measure == anomaly.Measure) && AnomalyScope.Covers(Scope, [], anomaly.Scope);
}
