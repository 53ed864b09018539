using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization;
using TokenStream.Events;

namespace TokenStream.Detection;

/// <summary>
/// The JSON of anomalies, as it lies on <c>tokenstream.anomalies</c> under the anomaly's id as the key: docs/detection.md. Reading takes any
/// bytes and never throws.
/// </summary>
public static class AnomalyFormat
{
    public const int Version = 1;

    /// <summary>Longest record that is read; what is written is shorter, whatever the names of its members.</summary>
    public const int MaxBytes = 768 << 10;

    /// <summary>Most members that are written out; how many more there are stands beside them.</summary>
    public const int MostMembers = 64;

    /// <summary>Longest id; it is a fingerprint of alerts, too, and typed by people.</summary>
    public const int MostIdCharacters = 48;

    private const int MostShares = 64;

    /// <summary>The end of the year 9999: what comes later cannot be shown.</summary>
    private const long LatestMs = 253_402_300_799_999;

    public static byte[] Write(Anomaly anomaly)
    {
        if (anomaly.Members.Count > MostMembers)
        {
            var left = anomaly.Members.Count - MostMembers;
            anomaly = anomaly with { Members = [.. anomaly.Members.Take(MostMembers)], FurtherMembers = anomaly.FurtherMembers + left };
        }

        return JsonSerializer.SerializeToUtf8Bytes(new AnomalyRecord(Version, anomaly), AnomalyJson.Default.AnomalyRecord);
    }

    /// <summary>A cause alone, as it stands in a record.</summary>
    public static byte[] Write(Cause cause) => JsonSerializer.SerializeToUtf8Bytes(cause, AnomalyJson.Default.Cause);

    /// <summary>Places alone, as they stand in a record.</summary>
    public static byte[] Write(IReadOnlyList<SeriesPath> members) =>
        JsonSerializer.SerializeToUtf8Bytes(members, AnomalyJson.Default.IReadOnlyListSeriesPath);

    public static bool TryRead(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out Anomaly? anomaly)
    {
        anomaly = bytes.Length <= MaxBytes && JsonBytes.TryRead(bytes, AnomalyJson.Default.AnomalyRecord, out var record) &&
            record is { Format: Version, Anomaly: not null } && IsSound(record.Anomaly)
            ? record.Anomaly
            : null;
        return anomaly is not null;
    }

    /// <summary>Whether a text can be an anomaly's id.</summary>
    public static bool IsId(string text) =>
        text.Length is > 0 and <= MostIdCharacters && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_');

    private static bool IsSound(Anomaly anomaly) =>
        IsId(anomaly.Id) && anomaly.Members.Count <= MostMembers && anomaly.FurtherMembers >= 0 && IsSound(anomaly.Scope) &&
        anomaly.Members.All(IsSound) && (anomaly.Cause is null || IsSound(anomaly.Cause)) &&
        anomaly.OpenedMs >= 0 && anomaly.OpenedMs <= anomaly.LastSeenMs && anomaly.LastSeenMs <= LatestMs &&
        anomaly.PeakMs >= 0 && anomaly.PeakMs <= LatestMs && !(anomaly.EndedMs < anomaly.OpenedMs) && !(anomaly.EndedMs > LatestMs) &&
        anomaly.EndedMs is null == anomaly.End is null;

    // What of a place, of a cause and of its shares is absent is null, so that the reader cannot ask for it.
    private static bool IsSound(SeriesPath? path) => path?.Environment is not null;

    private static bool IsSound(Cause cause) =>
        cause is { Shares.Count: <= MostShares, Sentence: not null, Minutes: >= 0 } && cause.Shares.All(share => share is not null);
}

/// <summary>An anomaly with its format's version before it.</summary>
internal sealed record AnomalyRecord(int Format, Anomaly Anomaly);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    RespectNullableAnnotations = true,
    AllowDuplicateProperties = false,
    MaxDepth = 16,
    Converters =
    [
        typeof(NamedEnumConverter<SeriesMeasure>), typeof(NamedEnumConverter<AnomalyDirection>), typeof(NamedEnumConverter<AnomalyKind>),
        typeof(NamedEnumConverter<AnomalySeverity>), typeof(NamedEnumConverter<AnomalyEnd>), typeof(NamedEnumConverter<CauseFactor>),
        typeof(Int128TextConverter), typeof(MeasuredNumberConverter),
    ])]
[JsonSerializable(typeof(AnomalyRecord))]
[JsonSerializable(typeof(IReadOnlyList<SeriesPath>))]
internal sealed partial class AnomalyJson : JsonSerializerContext;
