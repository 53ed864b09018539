using System.Text.Json;
using TokenStream.Detection;

namespace TokenStream.Governing.Alerts;

/// <summary>What an alert says of its anomaly. The whole of it is on <c>tokenstream.anomalies</c>, under <see cref="Id"/>.</summary>
public sealed record AnomalyFigures
{
    public required string Id { get; init; }

    public required AnomalyKind AnomalyKind { get; init; }

    public required string Environment { get; init; }

    /// <summary>Null for a group over several tenants.</summary>
    public string? Tenant { get; init; }

    /// <summary>Null where it is summed over, empty for events that name none; likewise the model.</summary>
    public string? Feature { get; init; }

    public string? Model { get; init; }

    public string? Provider { get; init; }

    /// <summary>Of a source of events.</summary>
    public string? Gateway { get; init; }

    public required SeriesMeasure Measure { get; init; }

    public required AnomalyDirection Direction { get; init; }

    public required AnomalySeverity Severity { get; init; }

    public required long OpenedMs { get; init; }

    public required long LastSeenMs { get; init; }

    public long? EndedMs { get; init; }

    /// <summary>In the measure's unit, as the three that follow; null where there is none.</summary>
    public double? Value { get; init; }

    public double? Expected { get; init; }

    public double? Lower { get; init; }

    public double? Upper { get; init; }

    /// <summary>Picodollars so far; negative for money not spent.</summary>
    public required Int128 ExcessCost { get; init; }

    /// <summary>Picodollars an hour.</summary>
    public required Int128 CostPerHour { get; init; }

    /// <summary>The cause in a sentence; null where none is known.</summary>
    public string? Cause { get; init; }

    public string? Note { get; init; }

    public static AnomalyFigures Of(Anomaly anomaly, string? note) => new()
    {
        Id = anomaly.Id,
        AnomalyKind = anomaly.Kind,
        Environment = anomaly.Scope.Environment,
        Tenant = anomaly.Scope.Tenant,
        Feature = anomaly.Scope.Feature,
        Model = anomaly.Scope.Model,
        Provider = anomaly.Scope.Provider,
        Gateway = anomaly.Scope.Gateway,
        Measure = anomaly.Measure,
        Direction = anomaly.Direction,
        Severity = anomaly.Severity,
        OpenedMs = anomaly.OpenedMs,
        LastSeenMs = anomaly.LastSeenMs,
        EndedMs = anomaly.EndedMs,
        Value = Finite(anomaly.Value),
        Expected = Finite(anomaly.Expected),
        Lower = Finite(anomaly.Lower),
        Upper = Finite(anomaly.Upper),
        ExcessCost = anomaly.ExcessCost,
        CostPerHour = anomaly.CostPerHour,
        Cause = anomaly.Cause is { Sentence.Length: > 0 } cause ? cause.Sentence : null,
        Note = note,
    };

    private static double? Finite(double value) => double.IsFinite(value) ? value : null;

    /// <summary>A name as records have it: <c>tokens_in</c>.</summary>
    public static string Word<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString());
}
