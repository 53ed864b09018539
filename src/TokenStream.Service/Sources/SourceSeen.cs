using System.Text.Json;
using System.Text.Json.Serialization;

namespace TokenStream.Service.Sources;

/// <summary>One emitter of one source, as it was seen in the last hour: a row of <c>sources_seen</c>. Shares are of the events.</summary>
internal sealed record SourceSeen
{
    public required string Source { get; init; }

    public required string Emitter { get; init; }

    /// <summary>Empty where it tells none.</summary>
    public required string Version { get; init; }

    public required DateTimeOffset LastMinute { get; init; }

    public required long Events { get; init; }

    public required double EventsPerSecond { get; init; }

    public required double ExactShare { get; init; }

    public required double BoundShare { get; init; }

    public required double AssumedShare { get; init; }

    public required double CountedShare { get; init; }

    public required double UnknownShare { get; init; }

    /// <summary>Requests that failed or were refused, and so have no usage.</summary>
    public required double FailedShare { get; init; }

    public required long Tenants { get; init; }

    public required IReadOnlyList<TenantShare> TenantShares { get; init; }

    public required long Refused { get; init; }

    public required IReadOnlyDictionary<string, long> RefusedReasons { get; init; }

    public required IReadOnlyDictionary<string, long> Standings { get; init; }

    public required IReadOnlyList<SourceRemark> Advice { get; init; }

    [JsonIgnore]
    public string Name => Emitter.Length == 0 ? "(not read)" : Version.Length == 0 ? Emitter : $"{Emitter}/{Version}";

    public static string ToJson(IReadOnlyList<SourceSeen> seen) =>
        JsonSerializer.Serialize(seen, SourceSeenJson.Default.IReadOnlyListSourceSeen);
}

/// <summary>How much of an emitter's events are a tenant's.</summary>
internal sealed record TenantShare(string TenantId, double Share);

/// <summary>What to set, and how many items it is about.</summary>
internal sealed record SourceRemark(string Code, long Items, string Text);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true)]
[JsonSerializable(typeof(IReadOnlyList<SourceSeen>))]
internal sealed partial class SourceSeenJson : JsonSerializerContext;
