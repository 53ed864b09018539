namespace TokenStream.Runtime;

/// <summary>
/// Records in, for one worker: a member of a consumer group on some topics. Everything is called from the worker's one thread, and every
/// callback runs on it, inside <see cref="Poll"/>.
/// </summary>
public interface IRecordSource : IDisposable
{
    /// <summary>
    /// Hands over records that are there, waiting at most <paramref name="wait"/> for the first, at most a few thousand a call, and what
    /// changed in the assignment. Throws <see cref="SourceFailedException"/> where reading cannot go on.
    /// </summary>
    void Poll(TimeSpan wait, IAssignmentHandler handler);

    /// <summary>
    /// Commits offsets with their metadata (ASCII, at most 4,096 bytes) and waits for the answer. Anything but true means that the outcome
    /// is refused or unknown: the partitions start again from what is committed.
    /// </summary>
    ValueTask<bool> CommitAsync(IReadOnlyList<OffsetCommit> commits);

    /// <summary>What the group committed for a partition last; null where it never did.</summary>
    OffsetCommit? Committed(TopicPartition partition);

    /// <summary>Goes on reading at an offset; records already fetched are discarded.</summary>
    void Seek(TopicPartition partition, long offset);

    /// <summary>Stops or resumes reading of a partition.</summary>
    void SetPaused(TopicPartition partition, bool paused);

    /// <summary>
    /// The partition's log start and end as the broker last reported them, without asking it; (-1, -1) where unknown or out of reach. The
    /// end is the offset the next record will get.
    /// </summary>
    (long Start, long End) Watermarks(TopicPartition partition);

    /// <summary>
    /// Whether every record was handed over up to the end that the broker reported last, and the broker still answers: only then does the
    /// clock count for a silent partition. False while it is paused, behind, or out of reach.
    /// </summary>
    bool IsAtEnd(TopicPartition partition);

    /// <summary>Asks the broker for the partition's log start and end.</summary>
    (long Start, long End) QueryWatermarks(TopicPartition partition);
}

/// <summary>Receives the changes of an assignment. Revoked and lost partitions are finished with when the call returns.</summary>
public interface IAssignmentHandler
{
    /// <summary>A partition was assigned. Returns where to begin reading, and who reads.</summary>
    (long Offset, IPartitionReader Reader) Assigned(TopicPartition partition);

    /// <summary>The partition moves away; a last commit may still be made.</summary>
    void Revoked(TopicPartition partition);

    /// <summary>The partition belongs to somebody else already: nothing may be committed.</summary>
    void Lost(TopicPartition partition);
}

/// <summary>Reads one partition's records in offset order.</summary>
public interface IPartitionReader
{
    void Read(in Record record);
}

/// <summary>An offset to commit, with metadata.</summary>
public sealed record OffsetCommit(TopicPartition Partition, long Offset, string Metadata);

/// <summary>Reading cannot go on; the message names the cause and the remedy.</summary>
public sealed class SourceFailedException(string message, Exception? inner = null) : Exception(message, inner);
