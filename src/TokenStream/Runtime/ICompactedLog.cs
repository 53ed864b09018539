namespace TokenStream.Runtime;

/// <summary>
/// A compacted topic whose partitions are read outside of any group: what a new owner of a partition finds, and what is written since. For
/// one thread. Throws <see cref="SourceFailedException"/> where the log is out of reach; the call may then be repeated.
/// </summary>
public interface ICompactedLog : IDisposable
{
    /// <summary>Hands over a partition's records from its beginning to the end that it has at the call, in order. Waits for them.</summary>
    void ReadAll(int partition, CompactedRecordReader read);

    /// <summary>
    /// Hands over what came since the last call, of all partitions, each in order; from their beginnings at the first. Never waits.
    /// </summary>
    void Follow(CompactedRecordReader read);
}

/// <summary>Takes a record of a compacted topic; the spans are valid only during the call.</summary>
/// <param name="isDeletion">The value is null: the key is to go.</param>
public delegate void CompactedRecordReader(int partition, long offset, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, bool isDeletion);
