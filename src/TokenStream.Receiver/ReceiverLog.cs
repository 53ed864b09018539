using Microsoft.Extensions.Logging;
using TokenStream.Runtime;

namespace TokenStream.Receiver;

/// <summary>Messages of the receiver and of mapping: 7200 to 7249. docs/telemetry.md lists them.</summary>
internal static partial class ReceiverLog
{
    [LoggerMessage(7201, LogLevel.Warning, "The log takes nothing, senders are told to come again (503): {Reason}")]
    public static partial void LogUnavailable(ILogger logger, string reason);

    [LoggerMessage(7202, LogLevel.Information, "The log takes events again")]
    public static partial void LogAnswers(ILogger logger);

    [LoggerMessage(
        7210, LogLevel.Warning,
        "Payloads of topics wait {WaitMs} ms and are then mapped again from what is committed, nothing is lost: {Reason}")]
    public static partial void MappingWaits(ILogger logger, long waitMs, string reason);

    [LoggerMessage(
        7211, LogLevel.Error,
        "{Partition}: payloads from offset {From} to {Start} were deleted before they were mapped, going on; raise the topic's retention")]
    public static partial void PayloadsGone(ILogger logger, TopicPartition partition, long from, long start);
}
