namespace TokenStream.Broker.Log;

/// <summary>Where the log lives and what bounds it.</summary>
public sealed class LogStoreOptions
{
    /// <summary>Directory that holds catalogue and topics; created when absent. One process at a time may hold it.</summary>
    public required string DataDirectory { get; init; }

    /// <summary>Milliseconds between two background flushes (fsync) of what was appended. An acknowledged append lies in the page cache at
    /// once and survives the death of the process; a power loss takes at most what was appended in this time. Default 1,000.</summary>
    public int FlushIntervalMs { get; init; } = 1_000;

    /// <summary>Makes <see cref="PartitionLog.WhenDurableAsync"/> wait for the disk, one fsync for all appends that wait together, so that
    /// a power loss takes nothing acknowledged. Default off.</summary>
    public bool FlushOnAppend { get; init; }

    /// <summary>Milliseconds between two passes of retention. Default 30,000.</summary>
    public int RetentionIntervalMs { get; init; } = 30_000;

    /// <summary>Milliseconds between two looks at what can be compacted. Default 15,000.</summary>
    public int CompactionIntervalMs { get; init; } = 15_000;

    /// <summary>Memory of one compaction's key map, bytes; more keys than fit are compacted in several passes. Default 64 MiB.</summary>
    public long CompactionMapBytes { get; init; } = 64L << 20;

    /// <summary>Most topics; a creation beyond is refused. Default 2,000.</summary>
    public int MaxTopics { get; init; } = 2_000;

    /// <summary>Most partitions over all topics (each holds one open file); a creation beyond is refused. Default 4,000.</summary>
    public int MaxPartitions { get; init; } = 4_000;

    /// <summary>Most open files of sealed segments, over all partitions; the longest unused is closed. Default 256.</summary>
    public int MaxOpenSealedSegments { get; init; } = 256;

    /// <summary>Most idempotent producers remembered by a partition; the longest idle is forgotten beyond. Default 4,096.</summary>
    public int MaxProducersPerPartition { get; init; } = 4_096;

    /// <summary>Milliseconds after which an idle producer is forgotten. Default one day, as Kafka's.</summary>
    public long ProducerExpirationMs { get; init; } = 86_400_000;
}
