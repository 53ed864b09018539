using Microsoft.Extensions.Logging;

namespace TokenStream.Kafka;

/// <summary>What is said about Kafka; ids 1000 to 1099.</summary>
internal static partial class KafkaLog
{
    [LoggerMessage(1000, LogLevel.Information, "Kafka client {Client}: librdkafka {Version}, brokers {Servers}")]
    public static partial void Opened(ILogger logger, string client, string version, string servers);

    [LoggerMessage(1001, LogLevel.Information, "{Client}: assigned {Partition} from offset {Offset}")]
    public static partial void Assigned(ILogger logger, string client, string partition, long offset);

    [LoggerMessage(1002, LogLevel.Information, "{Client}: {Partition} moves away")]
    public static partial void Revoked(ILogger logger, string client, string partition);

    [LoggerMessage(1003, LogLevel.Warning, "{Client}: lost {Partition}; another member has it. Work since its last commit is done again there. "
        + "If this repeats, raise session_timeout or look for pauses of this process")]
    public static partial void Lost(ILogger logger, string client, string partition);

    [LoggerMessage(1004, LogLevel.Warning, "{Client}: a commit was not accepted ({Reason}); its partitions start again from what is committed")]
    public static partial void CommitRefused(ILogger logger, string client, string reason);

    [LoggerMessage(1005, LogLevel.Warning, "{Client}: {Reason}")]
    public static partial void ClientError(ILogger logger, string client, string reason);

    [LoggerMessage(1006, LogLevel.Debug, "{Client}: {Facility}: {Text}")]
    public static partial void Library(ILogger logger, string client, string facility, string text);

    [LoggerMessage(1007, LogLevel.Information, "created topic {Topic} with {Partitions} partitions")]
    public static partial void TopicCreated(ILogger logger, string topic, int partitions);

    [LoggerMessage(1008, LogLevel.Warning, "{Client}: the producer broke ({Reason}) and is opened anew")]
    public static partial void ProducerReopened(ILogger logger, string client, string reason);

    [LoggerMessage(1009, LogLevel.Warning, "{Client}: its group was not left within {Seconds} s, so its partitions move when the session ends. "
        + "Is the group's coordinator reachable?")]
    public static partial void NotLeft(ILogger logger, string client, double seconds);
}
