using Microsoft.Extensions.Logging;

namespace TokenStream.Broker;

/// <summary>Log lines of listener, protocol and groups: event ids 5050 to 5099.</summary>
internal static partial class BrokerLogMessages
{
    [LoggerMessage(
        5050, LogLevel.Information, "The embedded log listens on {Address}, data in {Directory}; clients are sent to {Advertised}")]
    public static partial void Listening(this ILogger logger, string address, string directory, string advertised);

    [LoggerMessage(5051, LogLevel.Information, "The embedded log has stopped")]
    public static partial void Stopped(this ILogger logger);

    [LoggerMessage(5052, LogLevel.Warning,
        "Closed the connection from {Peer}: {Reason}. Is it a Kafka client? ({Suppressed} lines like this were left out)")]
    public static partial void BadBytes(this ILogger logger, string peer, string reason, long suppressed);

    [LoggerMessage(5053, LogLevel.Warning,
        "Refused a connection from {Peer}: {Limit} are open already; raise the limit or close some ({Suppressed} lines like this were " +
        "left out)")]
    public static partial void TooManyConnections(this ILogger logger, string peer, int limit, long suppressed);

    [LoggerMessage(5054, LogLevel.Error,
        "A request from {Peer} ({Api} version {Version}) failed; its connection is closed ({Suppressed} lines like this were left out)")]
    public static partial void RequestFailed(
        this ILogger logger, Exception exception, string peer, string api, short version, long suppressed);

    [LoggerMessage(5055, LogLevel.Debug, "Closed the connection from {Peer}: {Reason}")]
    public static partial void ConnectionClosed(this ILogger logger, string peer, string reason);

    [LoggerMessage(5056, LogLevel.Error, "Accepting connections failed; trying again")]
    public static partial void AcceptFailed(this ILogger logger, Exception exception);

    [LoggerMessage(
        5060, LogLevel.Warning, "Topic {Topic} was not created on demand: {Reason} ({Suppressed} lines like this were left out)")]
    public static partial void TopicRefused(this ILogger logger, string topic, string reason, long suppressed);

    [LoggerMessage(5070, LogLevel.Information, "Committed offsets are back: {Groups} groups, {Offsets} offsets")]
    public static partial void OffsetsRestored(this ILogger logger, int groups, int offsets);

    [LoggerMessage(5071, LogLevel.Information, "Group {Group}, generation {Generation}: {Members} members share by {Protocol}")]
    public static partial void GenerationBegan(this ILogger logger, string group, int generation, int members, string protocol);

    [LoggerMessage(5072, LogLevel.Information, "{Offsets} committed offsets of groups without members have expired")]
    public static partial void OffsetsExpired(this ILogger logger, int offsets);
}
