namespace TokenStream.Broker.Log;

/// <summary>A topic's settings under Kafka's names. Immutable; a change is a new value.</summary>
public sealed record TopicConfig
{
    public static TopicConfig Default { get; } = new();

    /// <summary><c>retention.ms</c>: age, by segment, at which records may be deleted; -1 keeps them. Default 7 days.</summary>
    public long RetentionMs { get; init; } = 604_800_000;

    /// <summary><c>retention.bytes</c> of one partition; -1 is unbounded. Default -1.</summary>
    public long RetentionBytes { get; init; } = -1;

    /// <summary>
    /// <c>segment.bytes</c>: size at which a segment is sealed. Default 128 MiB (Kafka's is 1 GiB): what is read again after a crash.
    /// </summary>
    public int SegmentBytes { get; init; } = 128 << 20;

    /// <summary><c>segment.ms</c>: age at which a segment is sealed. Default 7 days.</summary>
    public long SegmentMs { get; init; } = 604_800_000;

    /// <summary><c>cleanup.policy</c> contains <c>delete</c>: retention applies. Default true.</summary>
    public bool CleanupDelete { get; init; } = true;

    /// <summary><c>cleanup.policy</c> contains <c>compact</c>: the latest value of each key is kept. Default false.</summary>
    public bool CleanupCompact { get; init; }

    /// <summary><c>delete.retention.ms</c>: how long a tombstone stays after it was first compacted. Default one day.</summary>
    public long DeleteRetentionMs { get; init; } = 86_400_000;

    /// <summary><c>min.compaction.lag.ms</c>: age a record has at least before it is compacted. Default 0.</summary>
    public long MinCompactionLagMs { get; init; }

    /// <summary><c>min.cleanable.dirty.ratio</c>: share of the partition not compacted yet that starts a compaction. Default 0.5.</summary>
    public double MinCleanableDirtyRatio { get; init; } = 0.5;

    /// <summary>
    /// <c>message.timestamp.type</c> = <c>LogAppendTime</c>: records carry the broker's time. Default false, <c>CreateTime</c>.
    /// </summary>
    public bool LogAppendTime { get; init; }

    /// <summary><c>max.message.bytes</c>: largest batch taken, header included. Default 1,048,588, as Kafka's.</summary>
    public int MaxMessageBytes { get; init; } = 1_048_588;

    /// <summary>Every setting by Kafka's name and in its spelling, in a fixed order.</summary>
    public IReadOnlyList<TopicConfigEntry> Describe() => TopicConfigText.Describe(this);

    /// <summary>Applies settings by name on top of this value; null as a value puts the default back.</summary>
    /// <returns>False with one sentence that names the setting, for an unknown name or a value outside its range.</returns>
    public bool TryWith(IEnumerable<KeyValuePair<string, string?>> settings, out TopicConfig changed, out string? error)
        => TopicConfigText.TryApply(this, settings, out changed, out error);
}
