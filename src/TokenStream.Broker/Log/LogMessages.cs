using Microsoft.Extensions.Logging;

namespace TokenStream.Broker.Log;

/// <summary>What the log's storage writes to the log; ids 5000 to 5049.</summary>
internal static partial class LogMessages
{
    [LoggerMessage(
        5000, LogLevel.Information, "Opened the log in {Directory}: {Topics} topics, {Partitions} partitions, {Milliseconds} ms")]
    public static partial void Opened(this ILogger logger, string directory, int topics, int partitions, long milliseconds);

    [LoggerMessage(
        5001, LogLevel.Warning,
        "Cut a torn tail of {Bytes} bytes from {File} at byte {Position}: the process or the machine stopped while writing it")]
    public static partial void TornTailCut(this ILogger logger, string file, long position, long bytes);

    [LoggerMessage(5002, LogLevel.Error, "Cut {Bytes} bytes from {File} at byte {Position}, sound records among them; they are kept in "
        + "{Kept}: this happens when the machine stopped before the disk had everything, or when the file was changed")]
    public static partial void SoundRecordsCut(this ILogger logger, string file, long position, long bytes, string kept);

    [LoggerMessage(5003, LogLevel.Error, "{File} is damaged from byte {Position} on; offsets {From} to {To} cannot be read: restore the "
        + "file, or delete the records before {To} to go on")]
    public static partial void Damaged(this ILogger logger, string file, long position, long from, long to);

    [LoggerMessage(
        5004, LogLevel.Error, "In {Directory} the files of offsets {From} to {To} are missing; restore them: readers go on at {To}")]
    public static partial void OffsetsMissing(this ILogger logger, string directory, long from, long to);

    [LoggerMessage(5005, LogLevel.Error, "{File} cannot be written: {Reason}; appends to it are refused until it can")]
    public static partial void WriteFailed(this ILogger logger, string file, string reason);

    [LoggerMessage(5006, LogLevel.Critical, "{Directory} cannot be flushed to disk: {Reason}; appends to it are refused until a restart, "
        + "because what the disk holds is not known")]
    public static partial void FlushFailed(this ILogger logger, string directory, string reason);

    [LoggerMessage(5007, LogLevel.Error, "{File} cannot be read: {Reason}")]
    public static partial void ReadFailed(this ILogger logger, string file, string reason);

    [LoggerMessage(
        5008, LogLevel.Information, "Deleted {Segments} segments, {Bytes} bytes, of {Directory}: {Reason}; the log starts at {LogStart}")]
    public static partial void SegmentsDeleted(
        this ILogger logger, string directory, int segments, long bytes, string reason, long logStart);

    [LoggerMessage(
        5009, LogLevel.Information,
        "Compacted {Directory} through offset {Through}: {Before} bytes became {After}, {Removed} records removed")]
    public static partial void Compacted(this ILogger logger, string directory, long through, long before, long after, long removed);

    [LoggerMessage(5010, LogLevel.Error, "{Directory} was not compacted: {Reason}; it is as it was")]
    public static partial void CompactionFailed(this ILogger logger, string directory, string reason);

    [LoggerMessage(
        5011, LogLevel.Warning,
        "{Directory} belongs to no topic of the catalogue; it is left alone: remove it by hand if it is not needed")]
    public static partial void StrayDirectory(this ILogger logger, string directory);

    [LoggerMessage(5012, LogLevel.Information, "Created topic {Topic} with {Partitions} partitions")]
    public static partial void TopicCreated(this ILogger logger, string topic, int partitions);

    [LoggerMessage(5013, LogLevel.Information, "Deleted topic {Topic}")]
    public static partial void TopicDeleted(this ILogger logger, string topic);

    [LoggerMessage(5014, LogLevel.Error, "The log's background pass '{Pass}' failed on {Directory}: {Reason}; it is tried again")]
    public static partial void PassFailed(this ILogger logger, string pass, string directory, string reason);

    [LoggerMessage(5015, LogLevel.Information, "Read {Bytes} bytes of {File} back, written after its index")]
    public static partial void ReadBack(this ILogger logger, string file, long bytes);
}
