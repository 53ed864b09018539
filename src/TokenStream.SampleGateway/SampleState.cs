using System.Text.Json.Serialization;
using TokenStream.Commands;
using TokenStream.Gateway;

namespace TokenStream.SampleGateway;

/// <summary>What the gateway knows, for whoever looks.</summary>
internal sealed record SampleState(
    string State, int ActiveCommands, IReadOnlyList<TenantReservation> Reservations, IReadOnlyList<GatewayLease> Leases);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(SampleState))]
internal sealed partial class SampleJson : JsonSerializerContext;
