using TokenStream.Mapping;

namespace TokenStream.Runtime;

/// <summary>A topic's partition.</summary>
public readonly record struct TopicPartition(string Topic, int Partition)
{
    /// <summary>Stands for the partition that the record's key belongs to, by the hash of Java's clients.</summary>
    public const int OfKey = -1;

    public override string ToString() => $"{Topic}[{Partition}]";
}

/// <summary>One record of the log. The spans are the client's memory and valid only during the call that hands it over.</summary>
public readonly ref struct Record(
    long offset, long timestampMs, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, IRecordHeaders? headers = null)
{
    public long Offset { get; } = offset;

    /// <summary>The broker's timestamp (or, on a CreateTime topic, the producer's), milliseconds since the Unix epoch.</summary>
    public long TimestampMs { get; } = timestampMs;

    public ReadOnlySpan<byte> Key { get; } = key;

    public ReadOnlySpan<byte> Value { get; } = value;

    /// <summary>Adds the record's headers to some; costs nothing where nobody asks.</summary>
    public void CopyHeaders(PayloadHeaders into) => headers?.CopyTo(into);
}

/// <summary>The headers of the record that is being handed over.</summary>
public interface IRecordHeaders
{
    void CopyTo(PayloadHeaders headers);
}
