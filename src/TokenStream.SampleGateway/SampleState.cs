using System.Text.Json.Serialization;
using TokenStream.Commands;

namespace TokenStream.SampleGateway;

/// <summary>What the gateway knows, for whoever looks.</summary>
internal sealed record SampleState(string State, int ActiveCommands, IReadOnlyList<TenantReservation> Reservations);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(SampleState))]
internal sealed partial class SampleJson : JsonSerializerContext;
