using TokenStream.Windowing;

namespace TokenStream.Governing.Ledger;

/// <summary>What an account had spent in windows before a time at which a period of a budget begins or ends.</summary>
internal sealed class PeriodBoundary(long timeMs)
{
    public long TimeMs { get; } = timeMs;

    /// <summary>The sum of all windows that begin before.</summary>
    public SpendMeasures Before;

    /// <summary>Whether everything since is counted: what the ledger read, and what it was told of.</summary>
    public bool IsComplete { get; set; }

    /// <summary>Where what came earlier cannot be known: from when on spend is counted. Null where all of it is, or may yet be told.</summary>
    public long? CountsFromMs { get; set; }
}
