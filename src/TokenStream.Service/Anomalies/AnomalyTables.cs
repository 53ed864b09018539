using TokenStream.ClickHouse;
using TokenStream.Detection;
using TokenStream.Governing.Alerts;
using TokenStream.Kafka;
using TokenStream.Service.Governing;

namespace TokenStream.Service.Anomalies;

/// <summary>The table of anomalies.</summary>
internal static class AnomalyTables
{
    private const string Columns =
        "id, environment, tenant_id, feature, model, provider, gateway, measure, direction, kind, opened_at, last_seen_at, peak_at, ended_at, end_reason, severity, " +
        "peak_score, threshold, target_rate, value, expected, lower, upper, excess, excess_cost, cost_per_hour, detector, detector_version, cause, " +
        "cause_factor, cause_sentence, held_back, note, members, further_members";

    public static RecordTable Anomalies(TopicLayout topics) => new(topics.Anomalies, "anomaly_records", Columns, (_, value, rows) =>
    {
        if (value is null || !AnomalyFormat.TryRead(value, out var anomaly))
        {
            return false;
        }

        WritePlace(anomaly, rows);
        WriteFigures(anomaly, rows);
        rows.WriteString(anomaly.Cause is { } cause ? AnomalyFormat.Write(cause) : []);
        rows.WriteString(anomaly.Cause is { Shares: [var first, ..] } ? AnomalyFigures.Word(first.Factor) : "");
        rows.WriteString(anomaly.Cause?.Sentence ?? "");
        rows.WriteString(anomaly.HeldBack ?? "");
        rows.WriteString(anomaly.Note ?? "");
        rows.WriteString(AnomalyFormat.Write(anomaly.Members));
        rows.WriteUInt32((uint)anomaly.FurtherMembers);
        return true;
    });

    private static void WritePlace(Anomaly anomaly, RowBinaryWriter rows)
    {
        rows.WriteString(anomaly.Id);
        rows.WriteString(anomaly.Scope.Environment);
        WriteName(anomaly.Scope.Tenant, rows);
        WriteName(anomaly.Scope.Feature, rows);
        WriteName(anomaly.Scope.Model, rows);
        WriteName(anomaly.Scope.Provider, rows);
        WriteName(anomaly.Scope.Gateway, rows);
        rows.WriteString(AnomalyFigures.Word(anomaly.Measure));
        rows.WriteString(AnomalyFigures.Word(anomaly.Direction));
        rows.WriteString(AnomalyFigures.Word(anomaly.Kind));
        rows.WriteTime(anomaly.OpenedMs);
        rows.WriteTime(anomaly.LastSeenMs);
        rows.WriteTime(anomaly.PeakMs);
        rows.WriteTime(anomaly.EndedMs);
        rows.WriteString(anomaly.End is { } end ? AnomalyFigures.Word(end) : "");
        rows.WriteString(AnomalyFigures.Word(anomaly.Severity));
    }

    private static void WriteFigures(Anomaly anomaly, RowBinaryWriter rows)
    {
        rows.WriteFloat64(anomaly.PeakScore);
        rows.WriteFloat64(anomaly.Threshold);
        rows.WriteFloat64(anomaly.TargetRate);
        rows.WriteNumber(Number(anomaly.Value));
        rows.WriteNumber(Number(anomaly.Expected));
        rows.WriteNumber(Number(anomaly.Lower));
        rows.WriteNumber(Number(anomaly.Upper));
        rows.WriteNumber(Number(anomaly.Excess));
        rows.WriteInt128(anomaly.ExcessCost);
        rows.WriteInt128(anomaly.CostPerHour);
        rows.WriteString(anomaly.Detector);
        rows.WriteUInt32((uint)Math.Max(0, anomaly.DetectorVersion));
    }

    /// <summary>A <c>Nullable(String)</c>: what is summed over is NULL, what events do not name is empty.</summary>
    private static void WriteName(string? name, RowBinaryWriter rows)
    {
        rows.WriteByte(name is null ? (byte)1 : (byte)0);
        if (name is not null)
        {
            rows.WriteString(name);
        }
    }

    private static double? Number(double value) => double.IsFinite(value) ? value : null;
}
