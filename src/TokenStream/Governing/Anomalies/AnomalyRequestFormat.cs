using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization;
using TokenStream.Commands;
using TokenStream.Detection;
using TokenStream.Events;
using TokenStream.Scopes;

namespace TokenStream.Governing.Anomalies;

/// <summary>
/// What people say about anomalies, as records of the budgets topic: a silence under <c>silence/ID</c>, a resolution under
/// <c>resolution/ANOMALY</c>. They are not signed: whoever may write to that topic may ask. Reading takes any bytes and never throws.
/// </summary>
public static class AnomalyRequestFormat
{
    public const int Version = 1;

    public const string SilencePrefix = "silence/";

    public const string ResolutionPrefix = "resolution/";

    private const int MostBytes = 64 << 10;

    public static string KeyOf(AnomalySilence silence) => SilencePrefix + silence.Id;

    public static string KeyOf(AnomalyResolution resolution) => ResolutionPrefix + resolution.Anomaly;

    public static byte[] Write(AnomalySilence silence) => JsonSerializer.SerializeToUtf8Bytes(
        new SilenceJson
        {
            Format = Version,
            Id = silence.Id,
            Scope = silence.Scope.Text,
            Measure = silence.Measure,
            UntilMs = silence.UntilMs,
            Reason = silence.Reason,
            By = silence.By,
            AtMs = silence.AtMs,
            EndedMs = silence.EndedMs,
            EndedBy = silence.EndedBy,
            EndedReason = silence.EndedReason,
        },
        AnomalyRequestJson.Default.SilenceJson);

    public static byte[] Write(AnomalyResolution resolution) => JsonSerializer.SerializeToUtf8Bytes(
        new ResolutionJson(Version, resolution), AnomalyRequestJson.Default.ResolutionJson);

    /// <summary>What the records of the budgets topic say about anomalies; others, and broken ones, are left aside.</summary>
    public static AnomalyRequests Read(IEnumerable<(string Key, byte[]? Value)> records)
    {
        List<AnomalySilence> silences = [];
        var resolutions = new Dictionary<string, AnomalyResolution>(StringComparer.Ordinal);
        foreach (var (key, value) in records)
        {
            if (TryRead(key, value, out AnomalySilence? silence))
            {
                silences.Add(silence);
            }
            else if (TryRead(key, value, out AnomalyResolution? resolution))
            {
                resolutions[resolution.Anomaly] = resolution;
            }
        }

        return silences.Count + resolutions.Count == 0 ? AnomalyRequests.None : new AnomalyRequests(silences, resolutions);
    }

    /// <summary>Whether a key of the budgets topic is one of these.</summary>
    public static bool IsKey(string key) =>
        key.StartsWith(SilencePrefix, StringComparison.Ordinal) || key.StartsWith(ResolutionPrefix, StringComparison.Ordinal);

    public static bool TryRead(string key, ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out AnomalySilence? silence)
    {
        silence = null;
        if (!key.StartsWith(SilencePrefix, StringComparison.Ordinal) || bytes.Length > MostBytes ||
            !JsonBytes.TryRead(bytes, AnomalyRequestJson.Default.SilenceJson, out var json) || json.Format != Version ||
            key != SilencePrefix + json.Id || !RequestFormat.IsId(json.Id) || !Scope.TryParse(json.Scope, out var scope, out _))
        {
            return false;
        }

        silence = new AnomalySilence
        {
            Id = json.Id,
            Scope = scope,
            Measure = json.Measure,
            UntilMs = json.UntilMs,
            Reason = json.Reason,
            By = json.By,
            AtMs = json.AtMs,
            EndedMs = json.EndedMs,
            EndedBy = json.EndedBy,
            EndedReason = json.EndedReason,
        };
        return true;
    }

    public static bool TryRead(string key, ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out AnomalyResolution? resolution)
    {
        resolution = key.StartsWith(ResolutionPrefix, StringComparison.Ordinal) && bytes.Length <= MostBytes &&
            JsonBytes.TryRead(bytes, AnomalyRequestJson.Default.ResolutionJson, out var json) && json.Format == Version &&
            key == ResolutionPrefix + json.Resolution.Anomaly && AnomalyFormat.IsId(json.Resolution.Anomaly)
            ? json.Resolution
            : null;
        return resolution is not null;
    }
}

/// <summary>A silence as its JSON has it.</summary>
internal sealed record SilenceJson
{
    public required int Format { get; init; }

    public required string Id { get; init; }

    public required string Scope { get; init; }

    public SeriesMeasure? Measure { get; init; }

    public required long UntilMs { get; init; }

    public required string Reason { get; init; }

    public required string By { get; init; }

    public required long AtMs { get; init; }

    public long? EndedMs { get; init; }

    public string? EndedBy { get; init; }

    public string? EndedReason { get; init; }
}

/// <summary>A resolution with its format's version before it.</summary>
internal sealed record ResolutionJson(int Format, AnomalyResolution Resolution);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    AllowDuplicateProperties = false,
    MaxDepth = 8,
    Converters = [typeof(NamedEnumConverter<SeriesMeasure>)])]
[JsonSerializable(typeof(SilenceJson))]
[JsonSerializable(typeof(ResolutionJson))]
internal sealed partial class AnomalyRequestJson : JsonSerializerContext;
