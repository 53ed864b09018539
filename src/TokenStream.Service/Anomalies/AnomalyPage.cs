using System.Globalization;
using System.Text;
using TokenStream.Detection;
using TokenStream.Events;
using TokenStream.Governing.Alerts;

namespace TokenStream.Service.Anomalies;

/// <summary>One anomaly for people, line by line.</summary>
internal static class AnomalyPage
{
    public static string Of(ShownAnomaly shown)
    {
        var anomaly = shown.Anomaly;
        var text = new StringBuilder(AnomalyText.Summary(anomaly)).Append('\n');
        Line(text, "state", State(shown));
        Line(text, "severity", anomaly.Severity.ToString().ToLowerInvariant());
        Line(text, "opened", UtcText.Of(anomaly.OpenedMs));
        Line(text, "last seen", UtcText.Of(anomaly.LastSeenMs));
        if (anomaly is { EndedMs: { } ended, End: { } end })
        {
            Line(text, "ended", $"{UtcText.Of(ended)} ({AnomalyFigures.Word(end)})");
        }

        Line(text, "expected", AnomalyText.Quantity(anomaly.Measure, anomaly.Expected));
        Line(text, "interval", $"{AnomalyText.Quantity(anomaly.Measure, anomaly.Lower)} to {AnomalyText.Quantity(anomaly.Measure, anomaly.Upper)}");
        Line(text, "cost", $"{AnomalyText.Change(anomaly.CostPerHour)} an hour, {AnomalyText.Change(anomaly.ExcessCost)} so far");
        Line(text, "score", string.Create(
            CultureInfo.InvariantCulture,
            $"{anomaly.PeakScore:0.0} of {anomaly.Threshold:0.0}, at {UtcText.Of(anomaly.PeakMs)}, by {anomaly.Detector} {anomaly.DetectorVersion}"));
        Append(text, anomaly.Cause);
        foreach (var member in anomaly.Members)
        {
            Line(text, "place", AnomalyText.Place(member));
        }

        if (anomaly.FurtherMembers > 0)
        {
            Line(text, "places", string.Create(CultureInfo.InvariantCulture, $"and {anomaly.FurtherMembers} more"));
        }

        return text.ToString();
    }

    private static void Append(StringBuilder text, Cause? cause)
    {
        if (cause is null)
        {
            return;
        }

        Line(text, "change", string.Create(CultureInfo.InvariantCulture, $"{AnomalyText.Change(cause.Change)} in {cause.Minutes} min, of it:"));
        foreach (var share in cause.Shares)
        {
            var where = share.Dimension is { } dimension ? $" at {dimension} {share.Value}" : "";
            Line(text, "", $"{AnomalyText.Change(share.Cost)} {AnomalyFigures.Word(share.Factor)}{where}");
        }
    }

    private static string State(ShownAnomaly shown) => shown switch
    {
        { Resolution: { } resolution } => $"resolved by {resolution.By} at {UtcText.Of(resolution.AtMs)}: {resolution.Reason}",
        { Anomaly.HeldBack: { } why } => $"{shown.State}: {why}",
        { Acknowledged.Acknowledged: { } taken } => $"taken on by {taken.By} at {UtcText.Of(taken.AtMs)}: {taken.Reason}",
        { Silence: { } silence } => $"silenced by {silence.By} until {UtcText.Of(silence.UntilMs)}: {silence.Reason} ({silence.Id})",
        { Alerts: [{ Alert: { Notifies: false, Reason: { } reason } }, ..] } => $"written down: {reason}",
        _ => shown.State,
    };

    private static void Line(StringBuilder text, string name, string value) => text.Append(CultureInfo.InvariantCulture, $"  {name,-10} {value}\n");
}
