using TokenStream.Detection;

namespace TokenStream.Governing.Anomalies;

/// <summary>A person says that an anomaly is over for them, whatever its series still do.</summary>
public sealed record AnomalyResolution(string Anomaly, string Reason, string By, long AtMs);

/// <summary>Everything that people have said about anomalies, as it stands. Never changed; a new one replaces it.</summary>
/// <param name="Silences">Those that are over among them, until their records are deleted.</param>
/// <param name="Resolutions">By the anomaly's id.</param>
public sealed record AnomalyRequests(IReadOnlyList<AnomalySilence> Silences, IReadOnlyDictionary<string, AnomalyResolution> Resolutions)
{
    public static AnomalyRequests None { get; } = new([], new Dictionary<string, AnomalyResolution>());

    /// <summary>The silence in force that is about an anomaly and lasts longest; null where none is.</summary>
    public AnomalySilence? SilenceOf(Anomaly anomaly, long nowMs) =>
        Silences.Where(silence => silence.IsInForce(nowMs) && silence.Covers(anomaly))
            .OrderByDescending(silence => silence.UntilMs).ThenBy(silence => silence.Id, StringComparer.Ordinal).FirstOrDefault();
}
