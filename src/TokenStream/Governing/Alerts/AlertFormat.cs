using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization;
using TokenStream.Budgets;
using TokenStream.Detection;
using TokenStream.Events;
using TokenStream.Governing.Evaluation;

namespace TokenStream.Governing.Alerts;

/// <summary>The JSON of alerts and of budget states: docs/alerts.md. Reading takes any bytes and never throws.</summary>
public static class AlertFormat
{
    public const int Version = 1;

    /// <summary>Longest record that is read.</summary>
    public const int MaxBytes = 64 << 10;

    public static byte[] Write(Alert alert) =>
        JsonSerializer.SerializeToUtf8Bytes(new AlertRecord(Version, alert), AlertJson.Default.AlertRecord);

    public static byte[] Write(BudgetStateRecord state) =>
        JsonSerializer.SerializeToUtf8Bytes(new StateRecord(Version, state), AlertJson.Default.StateRecord);

    /// <summary>The figures alone, as they stand in a record.</summary>
    public static byte[] Write(EvaluationFigures figures) => JsonSerializer.SerializeToUtf8Bytes(figures, AlertJson.Default.EvaluationFigures);

    /// <summary>The burn-rate pairs alone, as they stand in a record.</summary>
    public static byte[] Write(IReadOnlyList<BurnFigures> pairs) =>
        JsonSerializer.SerializeToUtf8Bytes(pairs, AlertJson.Default.IReadOnlyListBurnFigures);

    public static bool TryRead(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out Alert? alert)
    {
        alert = bytes.Length <= MaxBytes && JsonBytes.TryRead(bytes, AlertJson.Default.AlertRecord, out var record) && record.Format == Version
            ? record.Alert
            : null;
        if (alert is null || alert.Fingerprint.Length is 0 or > 64 || alert.Name.Length == 0 || alert.StartedMs < 0 || alert.EndedMs < alert.StartedMs)
        {
            alert = null;
        }

        return alert is not null;
    }

    public static bool TryRead(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out BudgetStateRecord? state)
    {
        state = bytes.Length <= MaxBytes && JsonBytes.TryRead(bytes, AlertJson.Default.StateRecord, out var record) && record.Format == Version
            ? record.State
            : null;
        return state is not null;
    }
}

/// <summary>An alert with its format's version before it.</summary>
internal sealed record AlertRecord(int Format, Alert Alert);

/// <summary>A budget's state with its format's version before it.</summary>
internal sealed record StateRecord(int Format, BudgetStateRecord State);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    IgnoreReadOnlyProperties = true,
    MaxDepth = 16,
    Converters =
    [
        typeof(NamedEnumConverter<TransitionKind>), typeof(NamedEnumConverter<AlertSeverity>), typeof(NamedEnumConverter<BudgetState>),
        typeof(NamedEnumConverter<BudgetMode>), typeof(NamedEnumConverter<SeriesMeasure>), typeof(NamedEnumConverter<AnomalyKind>),
        typeof(NamedEnumConverter<AnomalyDirection>), typeof(NamedEnumConverter<AnomalySeverity>), typeof(Int128TextConverter),
    ])]
[JsonSerializable(typeof(AlertRecord))]
[JsonSerializable(typeof(StateRecord))]
internal sealed partial class AlertJson : JsonSerializerContext;
