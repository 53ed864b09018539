using Microsoft.Extensions.Logging;

namespace TokenStream.Broker;

/// <summary>Log lines of listener, protocol and groups: event ids 5000 to 5099.</summary>
internal static partial class BrokerLogMessages
{
    [LoggerMessage(5000, LogLevel.Information, "The embedded log listens on {Address}, data in {Directory}; clients are sent to {Advertised}")]
    public static partial void Listening(this ILogger logger, string address, string directory, string advertised);

    [LoggerMessage(5001, LogLevel.Information, "The embedded log has stopped")]
    public static partial void Stopped(this ILogger logger);

    [LoggerMessage(5002, LogLevel.Warning,
        "Closed the connection from {Peer}: {Reason}. Is it a Kafka client? ({Suppressed} lines like this were left out)")]
    public static partial void BadBytes(this ILogger logger, string peer, string reason, long suppressed);

    [LoggerMessage(5003, LogLevel.Warning,
        "Refused a connection from {Peer}: {Limit} are open already; raise the limit or close some ({Suppressed} lines like this were left out)")]
    public static partial void TooManyConnections(this ILogger logger, string peer, int limit, long suppressed);

    [LoggerMessage(5004, LogLevel.Error, "A request from {Peer} ({Api} version {Version}) failed; its connection is closed")]
    public static partial void RequestFailed(this ILogger logger, Exception exception, string peer, string api, short version);

    [LoggerMessage(5005, LogLevel.Debug, "Closed the connection from {Peer}: {Reason}")]
    public static partial void ConnectionClosed(this ILogger logger, string peer, string reason);

    [LoggerMessage(5006, LogLevel.Error, "Accepting connections failed; trying again")]
    public static partial void AcceptFailed(this ILogger logger, Exception exception);

    [LoggerMessage(5010, LogLevel.Warning, "Topic {Topic} was not created on demand: {Reason} ({Suppressed} lines like this were left out)")]
    public static partial void TopicRefused(this ILogger logger, string topic, string reason, long suppressed);

    [LoggerMessage(5020, LogLevel.Information, "Committed offsets are back: {Groups} groups, {Offsets} offsets")]
    public static partial void OffsetsRestored(this ILogger logger, int groups, int offsets);

    [LoggerMessage(5021, LogLevel.Information, "Group {Group}, generation {Generation}: {Members} members share by {Protocol}")]
    public static partial void GenerationBegan(this ILogger logger, string group, int generation, int members, string protocol);

    [LoggerMessage(5022, LogLevel.Information, "{Offsets} committed offsets of groups without members have expired")]
    public static partial void OffsetsExpired(this ILogger logger, int offsets);
}
