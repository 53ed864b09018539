namespace TokenStream.Detection;

/// <summary>
/// An anomaly as people see it: one or several series of an environment that left what was expected of them together. The same id is told when
/// it opens, when it becomes worse, and when it ends.
/// </summary>
public sealed record Anomaly
{
    /// <summary>Hash of the series that opened it, the measure and the opening minute: a replay gives the same.</summary>
    public required string Id { get; init; }

    /// <summary>The smallest place that explains most of it.</summary>
    public required SeriesPath Scope { get; init; }

    public required SeriesMeasure Measure { get; init; }

    public required AnomalyDirection Direction { get; init; }

    public required AnomalyKind Kind { get; init; }

    /// <summary>Start of the first minute it fills, milliseconds since the Unix epoch.</summary>
    public required long OpenedMs { get; init; }

    /// <summary>Start of the last minute that belonged to it.</summary>
    public required long LastSeenMs { get; init; }

    public required long PeakMs { get; init; }

    /// <summary>Null while it lasts.</summary>
    public long? EndedMs { get; init; }

    /// <summary>Why it ended; null while it lasts.</summary>
    public AnomalyEnd? End { get; init; }

    public required AnomalySeverity Severity { get; init; }

    public required double PeakScore { get; init; }

    public required double Threshold { get; init; }

    /// <summary>False episodes a series and day that the threshold is calibrated to.</summary>
    public required double TargetRate { get; init; }

    /// <summary>The measure at the peak; NaN where there is none.</summary>
    public required double Value { get; init; }

    /// <summary>What was expected, frozen when it opened.</summary>
    public required double Expected { get; init; }

    /// <summary>The values at which the score would have crossed the threshold when it opened; NaN where no value would.</summary>
    public required double Lower { get; init; }

    public required double Upper { get; init; }

    /// <summary>Measure over (or under) what was expected, added up over the minutes so far; in the measure's unit.</summary>
    public required double Excess { get; init; }

    /// <summary>What that costs, picodollars; negative for money not spent.</summary>
    public required Int128 ExcessCost { get; init; }

    /// <summary>Picodollars an hour at the rate of the last minutes.</summary>
    public required Int128 CostPerHour { get; init; }

    public required string Detector { get; init; }

    public required int DetectorVersion { get; init; }

    /// <summary>The series that belong to it, the one that opened it first.</summary>
    public required IReadOnlyList<SeriesPath> Members { get; init; }

    /// <summary>How many belong to it besides those that are named.</summary>
    public int FurtherMembers { get; init; }

    /// <summary>Why the money changed; null for measures that are not about money, and where nothing is known.</summary>
    public Cause? Cause { get; init; }

    /// <summary>Why it is written down and not sent; null where it is sent.</summary>
    public string? HeldBack { get; init; }

    /// <summary>What else a person should know: that a command of ours acts on the scope.</summary>
    public string? Note { get; init; }
}

/// <summary>What was noticed.</summary>
public enum AnomalyKind
{
    /// <summary>A value that is not what the series' past makes likely.</summary>
    Spike,

    /// <summary>Fewer events than chance allows.</summary>
    Silence,

    /// <summary>A source whose clock is ahead.</summary>
    ClockDrift,

    /// <summary>Alerts beyond the budget of attention, told as one.</summary>
    Digest,
}

/// <summary>How much it matters, by money alone.</summary>
public enum AnomalySeverity
{
    /// <summary>Stored and shown, not sent.</summary>
    Info,
    Warning,
    Critical,
}

/// <summary>Why an anomaly ended.</summary>
public enum AnomalyEnd
{
    /// <summary>The series is back where it was.</summary>
    Quiet,

    /// <summary>It stayed where it went: this is the new level.</summary>
    Shift,

    /// <summary>What was missing came late.</summary>
    LateData,

    /// <summary>A person said so.</summary>
    Resolved,

    /// <summary>The series was dropped for lack of room.</summary>
    Dropped,

    /// <summary>It has become part of another one: alerts of tenants that turned out to be one provider's.</summary>
    Merged,
}
