using TokenStream.Windowing;

namespace TokenStream.Governing.Ledger;

/// <summary>
/// What a ledger knows of one input partition: the decisions that are folded, and the values that may still be replaced or voided.
/// </summary>
internal sealed class SpendSource(string topic, int partition)
{
    public string Topic { get; } = topic;

    public int Partition { get; } = partition;

    /// <summary>As offsets are told: <c>topic/partition</c>.</summary>
    public string Name { get; } = FormattableString.Invariant($"{topic}/{partition}");

    public int Epoch { get; set; }

    /// <summary>Number of the last decision that was marked; 0 before the first.</summary>
    public long Decision { get; set; }

    /// <summary>Its position: a mark that repeats the number with another one is a fork.</summary>
    public long MarkPosition { get; set; }

    public long ClosedThroughMs { get; set; } = AggregateCommit.Never;

    /// <summary>Version of the rules of the last mark.</summary>
    public long RulesVersion { get; set; }

    /// <summary>The highest input position that has counted, provisional values included.</summary>
    public long Position { get; set; }

    /// <summary>Final values of the decision that is not marked yet, which are in the sums.</summary>
    public HashSet<SpendIdentity> Finals { get; } = [];

    /// <summary>Provisional values, which are in the sums.</summary>
    public Dictionary<SpendIdentity, ProvisionalSpend> Provisionals { get; } = [];
}

/// <summary>The identity of a value, its input partition and epoch left out.</summary>
internal readonly record struct SpendIdentity(long WindowMs, int Account, long Part);

/// <summary>A provisional value as it counts.</summary>
internal readonly record struct ProvisionalSpend(long Position, SpendMeasures Measures);
