using Microsoft.Extensions.Logging;
using TokenStream.Commands;

namespace TokenStream.Runtime;

/// <summary>Messages of the stages: 2000 windowing, 3000 store, 4000 govern, 4500 detect. docs/telemetry.md lists them.</summary>
internal static partial class Log
{
    [LoggerMessage(2000, LogLevel.Error, "Worker {Worker} ended: see the exception; restart the node once its cause is gone")]
    public static partial void WorkerFailed(ILogger logger, string worker, Exception exception);

    [LoggerMessage(2001, LogLevel.Information, "{Partition} has no commit yet: reading from offset {Offset}")]
    public static partial void FirstCommit(ILogger logger, TopicPartition partition, long offset);

    [LoggerMessage(2002, LogLevel.Error, "{Partition} stopped: {Reason}")]
    public static partial void PartitionStopped(ILogger logger, TopicPartition partition, string reason);

    [LoggerMessage(
        2003, LogLevel.Warning, "The commit of {Partition} was refused or its outcome is unknown: starting again from what is committed")]
    public static partial void CommitFailed(ILogger logger, TopicPartition partition);

    [LoggerMessage(
        2004, LogLevel.Warning, "A batch was not acknowledged ({Reason}): starting again from what is committed; check that Kafka is up")]
    public static partial void PublishFailed(ILogger logger, string reason);

    [LoggerMessage(2005, LogLevel.Information, "{Partition}: decision {Decision}, found pending at the start, is published")]
    public static partial void PendingPublished(ILogger logger, TopicPartition partition, long decision);

    [LoggerMessage(2006, LogLevel.Information, "{Partition} takes up version {Version} of the rules")]
    public static partial void RulesTakenUp(ILogger logger, TopicPartition partition, long version);

    [LoggerMessage(3000, LogLevel.Warning, "The store did not take a block; next attempt in {WaitMs} ms, nothing is lost: {Reason}")]
    public static partial void StoreUnavailable(ILogger logger, long waitMs, string reason);

    [LoggerMessage(3001, LogLevel.Information, "The store takes blocks again")]
    public static partial void StoreAnswers(ILogger logger);

    [LoggerMessage(3002, LogLevel.Error, "{Partition} offset {Offset} is not a rollup, passed over: {Reason}")]
    public static partial void RollupDamaged(ILogger logger, TopicPartition partition, long offset, string reason);

    [LoggerMessage(
        4000, LogLevel.Warning, "Govern begins again at what is committed: {Reason}; gateways go on with the last commands they know")]
    public static partial void GovernWaits(ILogger logger, string reason);

    [LoggerMessage(
        4001, LogLevel.Information,
        "{Partition}: ledger of {Scopes} scopes restored, {Records} records of spend to read before anything is decided")]
    public static partial void GovernRestored(ILogger logger, TopicPartition partition, int scopes, long records);

    [LoggerMessage(4002, LogLevel.Information, "{Partition} decides, in epoch {Epoch}, over {Scopes} scopes")]
    public static partial void GovernDecides(ILogger logger, TopicPartition partition, long epoch, int scopes);

    [LoggerMessage(
        4003,
        LogLevel.Warning,
        "{Partition}: the ledger's snapshot is gone or older than the log reaches: counting from what the log has, budgets observe until " +
        "their next period")]
    public static partial void SnapshotGone(ILogger logger, TopicPartition partition);

    [LoggerMessage(4004, LogLevel.Information, "Command {Key}: {Action}. {Reason}")]
    public static partial void CommandIssued(ILogger logger, string key, CommandAction action, string reason);

    [LoggerMessage(
        4005, LogLevel.Warning,
        "Command {Key} is published again: a record that does not count lies above it; see who else writes to the commands topic")]
    public static partial void CommandPublishedAgain(ILogger logger, string key);

    [LoggerMessage(4006, LogLevel.Error, "{Partition} offset {Offset} is not spend, passed over: {Reason}")]
    public static partial void SpendDamaged(ILogger logger, TopicPartition partition, long offset, string reason);

    [LoggerMessage(
        4500, LogLevel.Warning, "Detect begins again at what is committed: {Reason}; check that Kafka is up, nothing is lost")]
    public static partial void DetectWaits(ILogger logger, string reason);

    [LoggerMessage(
        4501,
        LogLevel.Information,
        "{Partition}: {Series} series restored, {Records} records of rollups to read, {History} of them history that brings no anomaly")]
    public static partial void DetectStarts(ILogger logger, TopicPartition partition, int series, long records, long history);

    [LoggerMessage(
        4502,
        LogLevel.Warning,
        "{Partition}: the snapshot of its series cannot be used ({Reason}): learning anew from what the log has, anomalies come once it is read")]
    public static partial void DetectSnapshotGone(ILogger logger, TopicPartition partition, string reason);

    [LoggerMessage(
        4503,
        LogLevel.Warning,
        "{Partition}: the log begins at offset {Start}, the series know it up to {Offset}: retention took what is between, its minutes are " +
        "missing and detection goes on; raise the topic's retention if nodes are away for so long")]
    public static partial void DetectGap(ILogger logger, TopicPartition partition, long offset, long start);

    [LoggerMessage(4504, LogLevel.Error, "{Partition} offset {Offset} is not a rollup, passed over: {Reason}")]
    public static partial void DetectDamaged(ILogger logger, TopicPartition partition, long offset, string reason);
}
