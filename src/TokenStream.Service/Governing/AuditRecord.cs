using System.Text.Json;
using System.Text.Json.Serialization;

namespace TokenStream.Service.Governing;

/// <summary>What a person's change was about.</summary>
internal enum AuditKind
{
    Budget,
    Price,
    Command,
    Pause,
    Acknowledgement,
    Anomaly,
}

/// <summary>Who does something.</summary>
/// <param name="By">Whom the record names: user and machine, or the token's name.</param>
/// <param name="From">Where the change came from: <c>cli</c>, or <c>api</c> with the caller's address.</param>
internal readonly record struct Actor(string By, string From)
{
    /// <summary>Whoever runs this process.</summary>
    public static string UserAndMachine { get; } = $"{Environment.UserName}@{Environment.MachineName}";

    public static Actor CommandLine { get; } = new(UserAndMachine, "cli");
}

/// <summary>One change by a person, as it lies on the audit topic: who, from where, why, and what was before and is after.</summary>
internal sealed record AuditRecord
{
    public int Format { get; init; } = 1;

    public required long AtMs { get; init; }

    public required AuditKind Kind { get; init; }

    /// <summary>What was done: <c>kill</c>, <c>release</c>, <c>apply</c>, <c>pause</c>, ..</summary>
    public required string Action { get; init; }

    /// <summary>What it was done to: a scope, a budget set's or price book's version.</summary>
    public required string Subject { get; init; }

    public required string By { get; init; }

    public required string From { get; init; }

    public required string Reason { get; init; }

    /// <summary>As text or JSON; empty where there was nothing.</summary>
    public string Before { get; init; } = "";

    public string After { get; init; } = "";

    public byte[] ToBytes() => JsonSerializer.SerializeToUtf8Bytes(this, AuditJson.Default.AuditRecord);

    /// <summary>Null where the bytes are no audit record of this format.</summary>
    public static AuditRecord? Parse(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return JsonSerializer.Deserialize(bytes, AuditJson.Default.AuditRecord) is { Format: 1 } record ? record : null;
        }
        catch (JsonException)
        {
            // Somebody else wrote to the topic: the follower of the topic counts what it cannot read.
            return null;
        }
    }
}

internal sealed class AuditKindConverter()
    : JsonStringEnumConverter<AuditKind>(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, RespectNullableAnnotations = true, Converters = [typeof(AuditKindConverter)])]
[JsonSerializable(typeof(AuditRecord))]
internal sealed partial class AuditJson : JsonSerializerContext;
