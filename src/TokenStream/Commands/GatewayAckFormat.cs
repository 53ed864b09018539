using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace TokenStream.Commands;

/// <summary>The JSON of acks: docs/gateway.md. What gateways write is not signed, so that whoever reads it believes nothing that matters.</summary>
public static class GatewayAckFormat
{
    public const int Version = 1;

    /// <summary>Longest record that is looked at.</summary>
    public const int MostBytes = 64 * 1024;

    /// <summary>Most tenants in a record; a gateway with more writes several.</summary>
    public const int MostTenants = 500;

    private const int MostCharacters = 1024;
    private const long MostTokens = 1_000_000_000_000_000;

    public static byte[] Write(GatewayAck ack)
    {
        var isCommand = ack.Kind != GatewayAckKind.Reservations;
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
                Tenants = isCommand ? null : [.. ack.Reservations.Select(one => new TenantReservationJson(one.Tenant, one.Requests, one.Tokens))],
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
        };
        return true;
    }

    private static bool IsWhole(GatewayAckJson json) => json.Kind == GatewayAckKind.Reservations
        ? json.Tenants is { Count: <= MostTenants } tenants && tenants.All(one =>
            one is not null && IsText(one.Tenant) && one.Requests is >= 0 and <= MostTokens && one.Tokens is >= 0 and <= MostTokens)
        : IsText(json.CommandId) && IsText(json.Key) && json.Epoch >= 0 && json.Counter >= 0 && json.ReceivedMs >= 0 &&
          json.AppliedMs >= json.ReceivedMs;

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
}

internal sealed record TenantReservationJson(string Tenant, long Requests, long Tokens);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    Converters = [typeof(GatewayAckKindConverter)])]
[JsonSerializable(typeof(GatewayAckJson))]
internal sealed partial class GatewayAckJsonContext : JsonSerializerContext;

internal sealed class GatewayAckKindConverter()
    : JsonStringEnumConverter<GatewayAckKind>(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false);
