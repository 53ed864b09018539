namespace TokenStream.Runtime;

/// <summary>Records out. Not for use by several threads at once.</summary>
public interface IRecordSink : IDisposable
{
    /// <summary>Records that were not taken, or not acknowledged, so far; none where the sink may not drop any.</summary>
    long Dropped => 0;

    /// <summary>Buffers a record for a partition of a topic; waits where the buffer is full. The spans are copied.</summary>
    void Publish(TopicPartition partition, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, IReadOnlyList<RecordHeader>? headers = null);

    /// <summary>Buffers a record without a value, which deletes its key from a compacted topic.</summary>
    void Delete(TopicPartition partition, ReadOnlySpan<byte> key) =>
        throw new NotSupportedException("this sink does not write to compacted topics");

    /// <summary>
    /// Waits until every record published before is acknowledged by all in-sync replicas. Throws <see cref="PublishFailedException"/> where
    /// one was refused or its outcome is unknown.
    /// </summary>
    ValueTask FlushAsync();
}

/// <summary>A header of a record; the value is UTF-8 text.</summary>
public sealed record RecordHeader(string Name, string Value);

/// <summary>A record was not acknowledged; the partition that published it starts again from its committed offset.</summary>
public sealed class PublishFailedException(string message, Exception? inner = null) : Exception(message, inner);
