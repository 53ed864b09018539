using System.Text.Json;
using System.Text.Json.Serialization;

namespace TokenStream.Mapping.Sources;

/// <summary>
/// What one node got from one emitter for one tenant within a minute, as it lies on the sources topic. A later record of the same
/// <see cref="Key"/> replaces an earlier one: it counts the whole minute so far.
/// </summary>
public sealed record SourceRecord
{
    /// <summary>Stands for emitters and tenants beyond the bound.</summary>
    public const string Other = "~other";

    /// <summary>In place of a standing: requests that failed or were refused, and so have no usage.</summary>
    public const string Failed = "failed";

    public int Format { get; init; } = 1;

    /// <summary>The node, anew at each of its starts: a minute that a restart cuts has two records, and both count.</summary>
    public required string Node { get; init; }

    /// <summary>Start of the minute, milliseconds since the Unix epoch, by the node's clock.</summary>
    public required long MinuteMs { get; init; }

    /// <summary>The format's name (<see cref="PayloadSource.Name"/>).</summary>
    public required string Source { get; init; }

    /// <summary>Name and version of who wrote the payload, as it says itself: <c>litellm/1.106.2</c>.</summary>
    public required string Emitter { get; init; }

    /// <summary>Empty for what was refused, since nobody knows whose it was.</summary>
    public required string Tenant { get; init; }

    public long Events { get; init; }

    /// <summary>Events by how sure their counts are; a standing without events is left out.</summary>
    public IReadOnlyDictionary<string, long> Standings { get; init; } = new Dictionary<string, long>();

    /// <summary>Items that became no event, by reason.</summary>
    public IReadOnlyDictionary<string, long> Refused { get; init; } = new Dictionary<string, long>();

    /// <summary>Events whose payload named no tenant.</summary>
    public long DefaultTenant { get; init; }

    /// <summary>Optional texts that an event cannot carry, left out.</summary>
    public long OmittedTexts { get; init; }

    [JsonIgnore]
    public string Key => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{Node}|{MinuteMs}|{Source}|{Emitter}|{Tenant}");

    public byte[] ToBytes() => JsonSerializer.SerializeToUtf8Bytes(this, SourceJson.Default.SourceRecord);

    /// <summary>Null where the bytes are no such record.</summary>
    public static SourceRecord? Parse(ReadOnlySpan<byte> bytes)
    {
        try
        {
            var record = JsonSerializer.Deserialize(bytes, SourceJson.Default.SourceRecord);
            return record is { Format: 1, MinuteMs: >= 0 and <= LastMinuteMs } && record.MinuteMs % 60_000 == 0 && record.CountsAreUsable
                ? record
                : null;
        }
        catch (JsonException)
        {
            // Somebody else wrote to the topic: whoever reads it leaves such records out.
            return null;
        }
    }

    /// <summary>The last minute that the store's column holds, in 2106.</summary>
    private const long LastMinuteMs = uint.MaxValue / 60 * 60_000L;

    private bool CountsAreUsable => Events >= 0 && DefaultTenant >= 0 && OmittedTexts >= 0
        && Standings.Values.All(count => count >= 0) && Refused.Values.All(count => count >= 0);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, RespectNullableAnnotations = true)]
[JsonSerializable(typeof(SourceRecord))]
internal sealed partial class SourceJson : JsonSerializerContext;
