using TokenStream.Receiver.Intake;

namespace TokenStream.Receiver;

/// <summary>How payloads are taken in over HTTP.</summary>
public sealed record PayloadReceiverOptions
{
    /// <summary>Where events and refused payloads go.</summary>
    public required LogTopics Topics { get; init; }

    /// <summary>Most bytes of payloads and events that wait for the log; what comes beyond is told to come again.</summary>
    public long InFlightBytes { get; init; } = 64 << 20;

    /// <summary>Where sources name who and what for, by the source's name, where it is not where they usually do.</summary>
    public IReadOnlyDictionary<string, AttributionOverride> Attributions { get; init; } = new Dictionary<string, AttributionOverride>();
}
