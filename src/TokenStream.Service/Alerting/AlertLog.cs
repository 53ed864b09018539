using Microsoft.Extensions.Logging;

namespace TokenStream.Service.Alerting;

/// <summary>What is said about the delivery of alerts; ids 7100 to 7149. Addresses of receivers may be secrets and are not among it.</summary>
internal static partial class AlertLog
{
    [LoggerMessage(7100, LogLevel.Information, "Alerts are delivered by this node from offset {Offset} on; {Open} of them last")]
    public static partial void Delivering(ILogger logger, long offset, int open);

    [LoggerMessage(7101, LogLevel.Warning, "The receiver {Receiver} takes no alerts; trying again, nothing is lost: {Reason}")]
    public static partial void ReceiverAway(ILogger logger, string receiver, string reason);

    [LoggerMessage(7102, LogLevel.Information, "The receiver {Receiver} takes alerts again")]
    public static partial void ReceiverBack(ILogger logger, string receiver);

    [LoggerMessage(7103, LogLevel.Error, "The receiver {Receiver} refuses {Alerts} alerts for good ({Reason}): check its kind and address with `tokenstream alerts test`")]
    public static partial void Refused(ILogger logger, string receiver, int alerts, string reason);

    [LoggerMessage(7104, LogLevel.Error, "{Partition} offset {Offset} is no alert, passed over")]
    public static partial void Damaged(ILogger logger, string partition, long offset);

    [LoggerMessage(7105, LogLevel.Warning, "How far alerts were delivered could not be committed; trying again. A restart now would repeat some")]
    public static partial void CommitFailed(ILogger logger);

    [LoggerMessage(7106, LogLevel.Error, "The anomalies topic's offset {Offset} is no anomaly, passed over")]
    public static partial void AnomalyDamaged(ILogger logger, long offset);

    [LoggerMessage(7107, LogLevel.Warning, "Alerts of anomalies wait; trying again, none is lost: {Reason}")]
    public static partial void AnomaliesWait(ILogger logger, string reason);
}
