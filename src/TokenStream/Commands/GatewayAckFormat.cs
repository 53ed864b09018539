using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization;
using TokenStream.Events;

namespace TokenStream.Commands;

/// <summary>The JSON of acks: docs/gateway.md. What gateways write is not signed: docs/gateway.md says what a liar can do.</summary>
public static class GatewayAckFormat
{
    public const int Version = 1;

    /// <summary>Longest record that is looked at.</summary>
    public const int MostBytes = 64 * 1024;

    /// <summary>Most tenants in a record; a gateway with more writes several.</summary>
    public const int MostTenants = 500;

    /// <summary>Most leases in a record; a gateway with more writes several.</summary>
    public const int MostLeases = 40;

    private const int MostCharacters = 1024;
    private const long MostTokens = 1_000_000_000_000_000;

    public static byte[] Write(GatewayAck ack)
    {
        var isCommand = ack.Kind is GatewayAckKind.Applied or GatewayAckKind.Loaded;
        return JsonSerializer.SerializeToUtf8Bytes(
            new GatewayAckJson
            {
                Format = Version,
                Kind = ack.Kind,
                GatewayId = ack.GatewayId,
                AtMs = ack.AtMs,
                CommandId = ack.CommandId,
                Key = ack.Key,
                Epoch = isCommand ? ack.Version.Epoch : null,
                Counter = isCommand ? ack.Version.Counter : null,
                ReceivedMs = isCommand ? ack.ReceivedMs : null,
                AppliedMs = isCommand ? ack.AppliedMs : null,
                Tenants = ack.Kind != GatewayAckKind.Reservations ? null : [.. ack.Reservations.Select(one => new TenantReservationJson(one.Tenant, one.Requests, one.Tokens))],
                Leases = ack.Kind != GatewayAckKind.Leases ? null : [.. ack.Leases.Select(LeaseReportJson.Of)],
            },
            GatewayAckJsonContext.Default.GatewayAckJson);
    }

    /// <summary>Reads any bytes; false where they are no ack of this format.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out GatewayAck? ack)
    {
        ack = null;
        if (bytes.Length > MostBytes || !JsonBytes.TryRead(bytes, GatewayAckJsonContext.Default.GatewayAckJson, out var json) ||
            json.Format != Version || !IsText(json.GatewayId) || json.AtMs < 0 || !Enum.IsDefined(json.Kind) || !IsWhole(json))
        {
            return false;
        }

        ack = new GatewayAck
        {
            Kind = json.Kind,
            GatewayId = json.GatewayId,
            AtMs = json.AtMs,
            CommandId = json.CommandId,
            Key = json.Key,
            Version = new CommandVersion(json.Epoch ?? 0, json.Counter ?? 0),
            ReceivedMs = json.ReceivedMs ?? 0,
            AppliedMs = json.AppliedMs ?? 0,
            Reservations = [.. (json.Tenants ?? []).Select(one => new TenantReservation(one.Tenant, one.Requests, one.Tokens))],
            Leases = [.. (json.Leases ?? []).Select(one => one.Report())],
        };
        return true;
    }

    private static bool IsWhole(GatewayAckJson json) => json.Kind switch
    {
        GatewayAckKind.Reservations => json.Tenants is { Count: <= MostTenants } tenants && tenants.All(one =>
            one is not null && IsText(one.Tenant) && one.Requests is >= 0 and <= MostTokens && one.Tokens is >= 0 and <= MostTokens),
        GatewayAckKind.Leases => LeaseFormat.IsName(json.GatewayId) && json.Leases is { Count: <= MostLeases } leases && leases.All(one =>
            one is not null && IsText(one.Key) && one.IsWhole),
        _ => IsText(json.CommandId) && IsText(json.Key) && json.Epoch >= 0 && json.Counter >= 0 && json.ReceivedMs >= 0 &&
            json.AppliedMs >= json.ReceivedMs,
    };

    private static bool IsText(string? text) => text is { Length: > 0 and <= MostCharacters };
}

internal sealed record GatewayAckJson
{
    public required int Format { get; init; }

    public required GatewayAckKind Kind { get; init; }

    public required string GatewayId { get; init; }

    public required long AtMs { get; init; }

    public string? CommandId { get; init; }

    public string? Key { get; init; }

    public long? Epoch { get; init; }

    public long? Counter { get; init; }

    public long? ReceivedMs { get; init; }

    public long? AppliedMs { get; init; }

    public IReadOnlyList<TenantReservationJson>? Tenants { get; init; }

    public IReadOnlyList<LeaseReportJson>? Leases { get; init; }
}

/// <summary>Amounts are text of decimal digits, as in commands; zeros are left out.</summary>
internal sealed record LeaseReportJson
{
    public required string Key { get; init; }

    public required string Instance { get; init; }

    public required long Epoch { get; init; }

    public required long Counter { get; init; }

    public Int128? Granted { get; init; }

    public Int128? Settled { get; init; }

    public Int128? Reserved { get; init; }

    public Int128? Wanted { get; init; }

    public Int128? Largest { get; init; }

    [JsonIgnore]
    public bool IsWhole => LeaseFormat.IsName(Instance) && Epoch >= 0 && Counter >= 0 && LeaseFormat.IsAmount(Granted ?? 0) && LeaseFormat.IsAmount(Settled ?? 0)
        && LeaseFormat.IsAmount(Reserved ?? 0) && LeaseFormat.IsAmount(Wanted ?? 0) && LeaseFormat.IsAmount(Largest ?? 0);

    public static LeaseReportJson Of(LeaseReport report) => new()
    {
        Key = report.Key,
        Instance = report.Instance,
        Epoch = report.Version.Epoch,
        Counter = report.Version.Counter,
        Granted = NotZero(report.Granted),
        Settled = NotZero(report.Settled),
        Reserved = NotZero(report.Reserved),
        Wanted = NotZero(report.Wanted),
        Largest = NotZero(report.Largest),
    };

    public LeaseReport Report() => new()
    {
        Key = Key,
        Instance = Instance,
        Version = new CommandVersion(Epoch, Counter),
        Granted = Granted ?? 0,
        Settled = Settled ?? 0,
        Reserved = Reserved ?? 0,
        Wanted = Wanted ?? 0,
        Largest = Largest ?? 0,
    };

    private static Int128? NotZero(Int128 amount) => amount == 0 ? null : amount;
}

internal sealed record TenantReservationJson(string Tenant, long Requests, long Tokens);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    Converters = [typeof(GatewayAckKindConverter), typeof(Int128TextConverter)])]
[JsonSerializable(typeof(GatewayAckJson))]
internal sealed partial class GatewayAckJsonContext : JsonSerializerContext;

internal sealed class GatewayAckKindConverter()
    : JsonStringEnumConverter<GatewayAckKind>(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false);
