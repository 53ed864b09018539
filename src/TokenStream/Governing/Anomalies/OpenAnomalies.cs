using TokenStream.Detection;
using TokenStream.Scopes;

namespace TokenStream.Governing.Anomalies;

/// <summary>An anomaly that lasts, and when it was spoken of last, milliseconds since the Unix epoch.</summary>
public readonly record struct HeardAnomaly(Anomaly Anomaly, long HeardMs);

/// <summary>
/// The anomalies that a budget's step may ask for besides its own trigger: those of spend that rises, and that people are told of. What is
/// held back, silenced or resolved by a person stops nobody. Never changed; a new one replaces it.
/// </summary>
public sealed class OpenAnomalies
{
    /// <summary>What nobody has spoken of for so long no longer counts: whoever would have said that it ended may be gone.</summary>
    public const long HeardWithinMs = 24L * 60 * 60_000;

    private readonly IReadOnlyList<HeardAnomaly> _anomalies;
    private readonly AnomalyRequests _people;

    public OpenAnomalies(IEnumerable<HeardAnomaly> anomalies, AnomalyRequests people)
    {
        _people = people;
        _anomalies = [.. anomalies.Where(heard => IsOfRisingSpend(heard.Anomaly) && !people.Resolutions.ContainsKey(heard.Anomaly.Id))];
    }

    public static OpenAnomalies None { get; } = new([], AnomalyRequests.None);

    public int Count => _anomalies.Count;

    /// <summary>The worst severity of those that a scope has requests in common with; null where there is none.</summary>
    /// <param name="scope">A budget's.</param>
    /// <param name="tenants">The tenants of its organisation, where it names one.</param>
    /// <param name="nowMs">The time.</param>
    public AnomalySeverity? WorstFor(Scope scope, IReadOnlyList<string> tenants, long nowMs)
    {
        AnomalySeverity? worst = null;
        foreach (var (anomaly, heardMs) in _anomalies)
        {
            if (nowMs - heardMs <= HeardWithinMs && !(anomaly.Severity <= worst) && Concerns(anomaly, scope, tenants) &&
                _people.SilenceOf(anomaly, nowMs) is null)
            {
                worst = anomaly.Severity;
            }
        }

        return worst;
    }

    private static bool IsOfRisingSpend(Anomaly anomaly) =>
        anomaly is { EndedMs: null, HeldBack: null, Kind: AnomalyKind.Spike, Direction: AnomalyDirection.Up, Severity: > AnomalySeverity.Info };

    /// <summary>A group over several tenants concerns those of them that it names.</summary>
    private static bool Concerns(Anomaly anomaly, Scope scope, IReadOnlyList<string> tenants) => anomaly.Scope.Tenant is null
        ? anomaly.Members.Any(member => AnomalyScope.Meets(scope, tenants, member))
        : AnomalyScope.Meets(scope, tenants, anomaly.Scope);
}
