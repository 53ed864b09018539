namespace TokenStream.Runtime;

/// <summary>A topic's partition.</summary>
public readonly record struct TopicPartition(string Topic, int Partition)
{
    public override string ToString() => $"{Topic}[{Partition}]";
}

/// <summary>One record of the log. The spans are the client's memory and valid only during the call that hands it over.</summary>
public readonly ref struct Record(long offset, long timestampMs, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
{
    public long Offset { get; } = offset;

    /// <summary>The broker's timestamp (or, on a CreateTime topic, the producer's), milliseconds since the Unix epoch.</summary>
    public long TimestampMs { get; } = timestampMs;

    public ReadOnlySpan<byte> Key { get; } = key;

    public ReadOnlySpan<byte> Value { get; } = value;
}
