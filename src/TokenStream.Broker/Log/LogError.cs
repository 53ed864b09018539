namespace TokenStream.Broker.Log;

/// <summary>What the log answers; the numbers are the Kafka protocol's error codes, so a response carries them as they are.</summary>
public enum LogError : short
{
    None = 0,

    /// <summary>The offset lies outside [log start, high watermark].</summary>
    OffsetOutOfRange = 1,

    /// <summary>A batch whose length, magic or checksum is wrong, on arrival or on disk.</summary>
    CorruptMessage = 2,

    UnknownTopicOrPartition = 3,

    /// <summary>A batch above the topic's <c>max.message.bytes</c>.</summary>
    MessageTooLarge = 10,

    InvalidTopic = 17,
    TopicAlreadyExists = 36,
    InvalidPartitions = 37,
    InvalidConfig = 40,
    InvalidRequest = 42,

    /// <summary>A named bound of the store would be passed: the number of topics or of partitions.</summary>
    PolicyViolation = 44,

    /// <summary>An idempotent producer's sequence does not follow the last one.</summary>
    OutOfOrderSequenceNumber = 45,

    /// <summary>The producer's epoch is lower than one already seen.</summary>
    InvalidProducerEpoch = 47,

    /// <summary>The disk refused a write or a flush; the log line names file and cause.</summary>
    StorageError = 56,

    /// <summary>A well-formed batch the log does not take: its record count, sequence or attributes contradict each other, it belongs to a
    /// transaction, or it has a record without a key for a compacted topic.</summary>
    InvalidRecord = 87,
}
