using System.Text.Json;
using System.Text.Json.Serialization;
using TokenStream.Events;

namespace TokenStream.Commands;

/// <summary>A command as its JSON has it; docs/commands.md describes each member, and their order is part of golden bytes.</summary>
internal sealed record CommandJson
{
    public required int Format { get; init; }

    public required string Id { get; init; }

    public required string Scope { get; init; }

    public required string Source { get; init; }

    public required long Epoch { get; init; }

    public required long Counter { get; init; }

    public required CommandAction Action { get; init; }

    public ParametersJson? Parameters { get; init; }

    public bool? Probe { get; init; }

    public required long IssuedMs { get; init; }

    public long? ExpiresMs { get; init; }

    public required string Reason { get; init; }

    public long? RetryAtMs { get; init; }

    public IReadOnlyList<string>? Tenants { get; init; }

    public CauseJson? Cause { get; init; }

    public LadderJson? Ladder { get; init; }

    public LeaseJson? Lease { get; init; }
}

internal sealed record ParametersJson
{
    public long? MaxOutputTokens { get; init; }

    public string? Model { get; init; }

    public string? Provider { get; init; }

    public long? TokensPerMinute { get; init; }

    public long? RequestsPerMinute { get; init; }

    public bool? AbortStreams { get; init; }

    public AmountUnit? Unit { get; init; }

    public IReadOnlyList<LeaseSlice>? Slices { get; init; }
}

internal sealed record LeaseJson
{
    public IReadOnlyList<LeaseInstanceJson>? Instances { get; init; }

    public IReadOnlyList<LeaseSettlementJson>? Recent { get; init; }
}

internal sealed record LeaseInstanceJson(string Gateway, string Instance, Int128 Settled, Int128? Held, long? HeldUntilMs);

internal sealed record LeaseSettlementJson(long AtMs, Int128 Amount, bool? Assumed);

/// <summary>Amounts are whole numbers of the unit, in decimal digits: JSON numbers do not hold 128 bits.</summary>
internal sealed record CauseJson
{
    public required string Budget { get; init; }

    public required long BudgetSetVersion { get; init; }

    public required string Trigger { get; init; }

    public required AmountUnit Unit { get; init; }

    public required Int128 Spent { get; init; }

    public required Int128 Limit { get; init; }

    public Int128? UnpricedBound { get; init; }

    public double? BurnRate { get; init; }

    public required long PeriodStartMs { get; init; }

    public required long PeriodEndMs { get; init; }

    public long? ExhaustedAtMs { get; init; }

    public Int128? SavesPerMinute { get; init; }

    public required long EventMs { get; init; }

    public IReadOnlyDictionary<string, long>? Offsets { get; init; }
}

internal sealed record LadderJson
{
    public required int Step { get; init; }

    public required long SinceMs { get; init; }

    public required long HoldUntilMs { get; init; }

    public required long HoldMs { get; init; }

    public long? ReleasedMs { get; init; }

    public required int Trips { get; init; }

    public required Int128 DemandAtTrip { get; init; }

    public long? TokensAtTrip { get; init; }

    public long? RequestsAtTrip { get; init; }

    public long? CalmSinceMs { get; init; }

    public bool? BlockedWasReported { get; init; }

    public int? ReleasedStep { get; init; }
}

internal sealed record HeartbeatJson
{
    public required int Format { get; init; }

    public required int Partition { get; init; }

    public required long Epoch { get; init; }

    public required long Counter { get; init; }

    public required long AtMs { get; init; }

    public required int ActiveCommands { get; init; }

    public required int ActiveTenants { get; init; }

    public required int HitTenants { get; init; }

    public required bool Paused { get; init; }

    /// <summary>Left out where it is closed.</summary>
    public bool? BreakerOpen { get; init; }
}

internal sealed record ManualRequestJson
{
    public required int Format { get; init; }

    public required string Id { get; init; }

    public required CommandAction Action { get; init; }

    public required string Scope { get; init; }

    public ParametersJson? Parameters { get; init; }

    public long? UntilMs { get; init; }

    public required string Reason { get; init; }

    public required string By { get; init; }

    public required long AtMs { get; init; }

    public long? ReleasedMs { get; init; }

    public string? ReleasedBy { get; init; }

    public string? ReleasedReason { get; init; }
}

internal sealed record GovernPauseJson
{
    public required int Format { get; init; }

    public required bool Paused { get; init; }

    public required string Reason { get; init; }

    public required string By { get; init; }

    public required long AtMs { get; init; }
}

/// <summary>The protected header of a signed record (RFC 7515).</summary>
internal sealed record JwsHeaderJson
{
    public required string Alg { get; init; }

    public string? Kid { get; init; }

    public string? Typ { get; init; }

    /// <summary>Names extensions that a reader must understand; this one understands none.</summary>
    public JsonElement? Crit { get; init; }
}

/// <summary>A signed record in the flattened JSON form of RFC 7515.</summary>
internal sealed record JwsJson
{
    public string? Payload { get; init; }

    public string? Protected { get; init; }

    public string? Signature { get; init; }
}

internal enum AmountUnit
{
    Picodollars,
    Tokens,
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    RespectNullableAnnotations = true,
    AllowDuplicateProperties = false,
    MaxDepth = 16,
    Converters = [typeof(NamedEnumConverter<CommandAction>), typeof(NamedEnumConverter<AmountUnit>), typeof(Int128TextConverter)])]
[JsonSerializable(typeof(CommandJson))]
[JsonSerializable(typeof(HeartbeatJson))]
[JsonSerializable(typeof(ManualRequestJson))]
[JsonSerializable(typeof(GovernPauseJson))]
[JsonSerializable(typeof(JwsHeaderJson))]
[JsonSerializable(typeof(JwsJson))]
internal sealed partial class CommandJsonContext : JsonSerializerContext;
