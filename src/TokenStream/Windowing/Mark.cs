namespace TokenStream.Windowing;

/// <summary>
/// Says on every rollups partition, after a decision's values, that the decision is published. Later stages ignore final values and marks
/// whose number is not above the last mark's; one that repeats a number with another position is a fork.
/// </summary>
public sealed record Mark
{
    public required int Epoch { get; init; }

    /// <summary>The input topic and partition that decided.</summary>
    public required string Topic { get; init; }

    public required int Partition { get; init; }

    /// <summary>Number of the decision: 1, 2, .. per input partition.</summary>
    public required long Decision { get; init; }

    /// <summary>Input offset up to which (exclusive) was read.</summary>
    public required long Position { get; init; }

    /// <summary>Every window that ends at or before this time is closed; milliseconds since the Unix epoch.</summary>
    public required long ClosedThroughMs { get; init; }

    /// <summary>Stream time of the partition at the decision.</summary>
    public required long StreamTimeMs { get; init; }

    public required long RulesVersion { get; init; }

    /// <summary>
    /// The lowest input offset that what is not published yet needs, as the commit after this mark says: a lost commit can be made again.
    /// </summary>
    public required long NeededOffset { get; init; }

    /// <summary>Offset from which event ids were remembered at <see cref="NeededOffset"/>.</summary>
    public required long IdsFrom { get; init; }

    /// <summary>The offsets since the decision before: what became of them.</summary>
    public required MarkCounts Counts { get; init; }
}

/// <summary>
/// What became of the records between two decisions: <c>Read = Counted + Duplicate + Refused + Ticks</c>, and offsets skipped in between
/// (transaction markers, compaction) are none of them. Late and adjusted events are counted ones.
/// </summary>
public sealed record MarkCounts(
    long Read, long Counted, long Duplicate, long Late, long TimeAdjusted, long Ticks, IReadOnlyDictionary<string, long> Refused);
