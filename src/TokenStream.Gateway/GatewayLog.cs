using Microsoft.Extensions.Logging;
using TokenStream.Commands;

namespace TokenStream.Gateway;

/// <summary>What a gateway says; ids 9000 to 9099.</summary>
internal static partial class GatewayLog
{
    [LoggerMessage(9000, LogLevel.Information, "gateway {Gateway}: {Commands} commands in force, following {Topic}")]
    public static partial void Started(ILogger logger, string gateway, int commands, string topic);

    [LoggerMessage(9001, LogLevel.Warning, "gateway {Gateway}: the commands in force were not read within {Seconds} s; it goes on blind ({OnBlind}). "
        + "Look whether {Servers} can be reached and has the topic {Topic}")]
    public static partial void StartedBlind(ILogger logger, string gateway, double seconds, OnBlind onBlind, string servers, string topic);

    [LoggerMessage(9002, LogLevel.Warning, "{Topic} cannot be followed ({Reason}); the last known commands go on")]
    public static partial void FeedFailed(ILogger logger, string topic, string reason);

    [LoggerMessage(9003, LogLevel.Error, "a record on {Topic} partition {Partition} is not obeyed: {Verdict} {Refusal}. "
        + "If its key id is new, give the gateway the new public key; else somebody who should not writes to the topic")]
    public static partial void RecordRefused(ILogger logger, string topic, int partition, RecordVerdict verdict, CommandRefusal refusal);

    [LoggerMessage(9004, LogLevel.Warning, "Kafka: {Reason}")]
    public static partial void KafkaError(ILogger logger, string reason);

    [LoggerMessage(9005, LogLevel.Debug, "{Facility}: {Text}")]
    public static partial void Library(ILogger logger, string facility, string text);

    [LoggerMessage(9006, LogLevel.Information, "commands are believed under the keys {Keys}")]
    public static partial void KeysRead(ILogger logger, string keys);

    [LoggerMessage(9007, LogLevel.Error, "the key file was written and cannot be used ({Reason}); the keys before it stay trusted")]
    public static partial void KeysUnreadable(ILogger logger, string reason);

    [LoggerMessage(9008, LogLevel.Warning, "gateway {Gateway} is {State}")]
    public static partial void StateWorse(ILogger logger, string gateway, GatewayState state);

    [LoggerMessage(9009, LogLevel.Information, "gateway {Gateway} is {State}")]
    public static partial void StateBetter(ILogger logger, string gateway, GatewayState state);

    [LoggerMessage(9010, LogLevel.Error, "{Count} events were lost: {Reason}. Their usage is not accounted for")]
    public static partial void EventsLost(ILogger logger, long count, string reason);

    [LoggerMessage(9011, LogLevel.Information, "requests of leased budgets are measured with version {Version} of the prices")]
    public static partial void PricesRead(ILogger logger, long version);

    [LoggerMessage(9012, LogLevel.Warning, "prices cannot be read from {Topic} ({Reason}); the last known ones hold, and without any no request of a "
        + "leased budget is let in. Give the gateway the right to read that topic")]
    public static partial void PricesFailed(ILogger logger, string topic, string reason);
}
