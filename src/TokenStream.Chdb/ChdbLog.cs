using Microsoft.Extensions.Logging;

namespace TokenStream.Chdb;

/// <summary>What the embedded store logs: ids 6000 to 6099.</summary>
internal static partial class ChdbLog
{
    [LoggerMessage(6000, LogLevel.Information, "The store answers on {Endpoint}: engine {Version}, data in {Directory}.")]
    internal static partial void Started(ILogger log, string endpoint, string version, string directory);

    [LoggerMessage(6001, LogLevel.Information, "The store is stopping: no new requests, those running may end.")]
    internal static partial void Stopping(ILogger log);

    [LoggerMessage(6002, LogLevel.Information, "The store has stopped.")]
    internal static partial void Stopped(ILogger log);

    [LoggerMessage(6003, LogLevel.Debug, "The client of request {QueryId} went away; its statement was stopped.")]
    internal static partial void ClientGone(ILogger log, string queryId);

    [LoggerMessage(6004, LogLevel.Warning, "Request {QueryId} failed after its answer had begun: {Error}")]
    internal static partial void AnswerBroken(ILogger log, string queryId, string error);

    [LoggerMessage(6005, LogLevel.Warning, "Statements still ran after {Seconds} s of stopping and were cancelled.")]
    internal static partial void Cancelled(ILogger log, int seconds);

    [LoggerMessage(6009, LogLevel.Error, "Request {QueryId} failed for a reason of our own.")]
    internal static partial void Failed(ILogger log, string queryId, Exception error);

    [LoggerMessage(6020, LogLevel.Information, "The store's process {ProcessId} answers on {Address}.")]
    internal static partial void ChildAnswers(ILogger log, int processId, Uri address);

    [LoggerMessage(
        6021, LogLevel.Warning,
        "The store's process {ProcessId} ended with code {ExitCode}; it is started again in {Delay}. Its last line: {LastLine}")]
    internal static partial void ChildEnded(ILogger log, int processId, int exitCode, TimeSpan delay, string lastLine);

    [LoggerMessage(6022, LogLevel.Warning, "The store's process could not be started again: {Reason}")]
    internal static partial void ChildNotStarted(ILogger log, string reason);

    [LoggerMessage(
        6023, LogLevel.Warning,
        "The store's process {ProcessId} did not stop within {Limit} and was killed; what it had acknowledged is on disk.")]
    internal static partial void ChildKilled(ILogger log, int processId, TimeSpan limit);

    [LoggerMessage(6024, LogLevel.Information, "store: {Line}")]
    internal static partial void ChildSaid(ILogger log, string line);
}
