namespace TokenStream.Detection;

/// <summary>What a processor has done since it was built.</summary>
public sealed record DetectCounts
{
    /// <summary>Minutes scored.</summary>
    public long Minutes { get; init; }

    /// <summary>Of those, minutes of history, which bring no anomaly.</summary>
    public long HistoryMinutes { get; init; }

    /// <summary>Points scored.</summary>
    public long Points { get; init; }

    /// <summary>Points without a value, which have no score.</summary>
    public long Missing { get; init; }

    /// <summary>Values that came after their minute was scored.</summary>
    public long Corrections { get; init; }

    /// <summary>Series that left for lack of room.</summary>
    public long Evicted { get; init; }

    /// <summary>Series that found no room, counted each minute.</summary>
    public long Refused { get; init; }

    /// <summary>Series that left after eight days without anything.</summary>
    public long Idle { get; init; }

    /// <summary>Values left out because a sum would have left its range.</summary>
    public long Overflows { get; init; }
}
