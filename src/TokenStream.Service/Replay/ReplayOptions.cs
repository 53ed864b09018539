namespace TokenStream.Service.Replay;

/// <summary>Which times the events of a replay carry.</summary>
internal enum ReplayTime
{
    /// <summary>Those of the trace.</summary>
    Original,

    /// <summary>The moment each is sent.</summary>
    Sent,

    /// <summary>Those of the trace, shifted so that the last is now.</summary>
    UntilNow,
}

internal sealed record ReplayOptions
{
    public required string BootstrapServers { get; init; }

    public string Topic { get; init; } = "llm.requests";

    /// <summary>How many times faster than the trace; null for as fast as it goes.</summary>
    public double? Speed { get; init; }

    public ReplayTime Time { get; init; } = ReplayTime.Original;

    /// <summary>Part of every event id, so that a second replay adds and a repeated one does not.</summary>
    public required string Run { get; init; }

    public string Environment { get; init; } = "prod";
}
