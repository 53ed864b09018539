using Microsoft.Extensions.Logging;

namespace TokenStream.Chdb.Http;

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
}
