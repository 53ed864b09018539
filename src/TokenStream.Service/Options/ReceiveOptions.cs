using TokenStream.Receiver.Intake;

namespace TokenStream.Service.Options;

/// <summary>How a node takes payloads in over HTTP.</summary>
internal sealed record ReceiveOptions
{
    /// <summary>Addresses where nothing but payloads is taken, besides the API's own.</summary>
    public IReadOnlyList<string> Listen { get; init; } = [];

    /// <summary>Most bytes of payloads and events that wait for the log.</summary>
    public long InFlightBytes { get; init; } = 64 << 20;

    /// <summary>Where sources name who and what for, by the source's name.</summary>
    public IReadOnlyDictionary<string, AttributionOverride> Attributions { get; init; } = new Dictionary<string, AttributionOverride>();
}
