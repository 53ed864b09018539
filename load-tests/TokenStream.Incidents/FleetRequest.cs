using TokenStream.Events;

namespace TokenStream.Incidents;

/// <summary>One attempt of the fleet's traffic.</summary>
internal readonly record struct FleetRequest(
    FleetFeature Feature,
    FleetModel Model,
    string PromptVersion,
    long TokensIn,
    long TokensOut,
    long TokensCached,
    int Attempt,
    ResultType Result,
    long LatencyMs,
    bool IsMistaken);

/// <summary>Takes one attempt of a minute.</summary>
internal delegate void RequestTaker(int minute, in FleetRequest request);
