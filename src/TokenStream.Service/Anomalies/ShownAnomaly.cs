using System.Text.Json.Nodes;
using TokenStream.Detection;
using TokenStream.Governing.Anomalies;
using TokenStream.Service.Alerting;

namespace TokenStream.Service.Anomalies;

/// <summary>An anomaly as people see it.</summary>
/// <param name="Anomaly">Its last record.</param>
/// <param name="Alerts">The alerts of it that last: one, two where it has become worse, none where nobody is to be told.</param>
/// <param name="Silence">The silence in force that covers it.</param>
/// <param name="Resolution">By which a person has resolved it.</param>
internal sealed record ShownAnomaly(Anomaly Anomaly, IReadOnlyList<OpenAlert> Alerts, AnomalySilence? Silence, AnomalyResolution? Resolution)
{
    /// <summary>Whether it lasts, for people.</summary>
    public bool IsOpen => Anomaly.EndedMs is null && Resolution is null;

    /// <summary>Whether people were told, and may be waiting for somebody.</summary>
    public bool IsTold => Alerts.Any(open => open.Alert.Notifies);

    /// <summary>The first acknowledgement of its alerts.</summary>
    public OpenAlert? Acknowledged => Alerts.FirstOrDefault(open => open.Acknowledged is not null);

    /// <summary>One word: what a person can expect of it.</summary>
    public string State => Anomaly.EndedMs is not null ? "ended"
        : Resolution is not null ? "resolved"
        : Anomaly.HeldBack is not null ? "held back"
        : Acknowledged is not null ? "taken on"
        : Silence is not null ? "silenced"
        : Anomaly.Severity == AnomalySeverity.Info ? "not sent"
        : IsTold ? "told"
        : Alerts.Count > 0 ? "written down" : "new";

    public JsonNode ToJson()
    {
        var node = JsonNode.Parse(AnomalyFormat.Write(Anomaly))!["anomaly"]!.DeepClone();
        node["summary"] = AnomalyText.Summary(Anomaly);
        node["state"] = State.Replace(' ', '_');
        node["acknowledged"] = Acknowledged?.Acknowledged is { } taken
            ? new JsonObject { ["by"] = taken.By, ["at_ms"] = taken.AtMs, ["reason"] = taken.Reason }
            : null;
        node["silence"] = Silence is { } silence ? JsonNode.Parse(AnomalyRequestFormat.Write(silence)) : null;
        node["resolution"] = Resolution is { } resolution
            ? new JsonObject { ["by"] = resolution.By, ["at_ms"] = resolution.AtMs, ["reason"] = resolution.Reason }
            : null;
        return node;
    }
}
