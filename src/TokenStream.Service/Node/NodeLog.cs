using Microsoft.Extensions.Logging;

namespace TokenStream.Service.Node;

/// <summary>Messages of the node: 7000. docs/telemetry.md lists them.</summary>
internal static partial class NodeLog
{
    [LoggerMessage(
        7000,
        LogLevel.Information,
        "TokenStream is ready after {Seconds:F1} s: events go to {Kafka} topic {Topic}, ClickHouse answers at {ClickHouse}, health at " +
        "http://{Http}/health/ready, payloads of gateways are taken at {Receive}")]
    public static partial void Ready(
        ILogger logger, double seconds, string kafka, string topic, string clickHouse, string http, string receive);

    [LoggerMessage(7001, LogLevel.Information, "Version {Version} of the rules ({Source} by {By}) is known")]
    public static partial void RulesRead(ILogger logger, long version, string source, string by);

    [LoggerMessage(7002, LogLevel.Warning, "{Warning}")]
    public static partial void TopicWarning(ILogger logger, string warning);

    [LoggerMessage(7003, LogLevel.Information, "Stopping: finishing what is in flight")]
    public static partial void Stopping(ILogger logger);

    [LoggerMessage(7004, LogLevel.Information, "Stopped")]
    public static partial void Stopped(ILogger logger);

    [LoggerMessage(7005, LogLevel.Warning, "The configuration topic could not be read; trying again: {Reason}")]
    public static partial void RulesUnreadable(ILogger logger, string reason);

    [LoggerMessage(7006, LogLevel.Warning, "Rows that are old enough could not be dropped; trying again: {Reason}")]
    public static partial void RetentionFailed(ILogger logger, string reason);

    [LoggerMessage(7007, LogLevel.Information, "Dropped {Partitions} old partitions of finer grains")]
    public static partial void RetentionDone(ILogger logger, int partitions);

    [LoggerMessage(7008, LogLevel.Information, "The store is at schema version {Version}")]
    public static partial void SchemaReady(ILogger logger, int version);

    [LoggerMessage(7010, LogLevel.Information, "Version {Version} of the budgets ({Source} by {By}) is known")]
    public static partial void BudgetsRead(ILogger logger, long version, string source, string by);

    [LoggerMessage(7011, LogLevel.Warning, "The budgets topic could not be read, the budgets known last stay; trying again: {Reason}")]
    public static partial void BudgetsUnreadable(ILogger logger, string reason);

    [LoggerMessage(7012, LogLevel.Information, "Rules for the scopes of version {Version} of the budgets are published")]
    public static partial void BudgetRulesPublished(ILogger logger, long version);

    [LoggerMessage(7020, LogLevel.Warning, "Records for the tables of governing wait, nothing is lost: {Reason}")]
    public static partial void RecordsWait(ILogger logger, string reason);

    [LoggerMessage(
        7013, LogLevel.Information, "What {Scopes} scopes of {Patterns} patterns had spent before budgets named them is counted")]
    public static partial void BalancesFilled(ILogger logger, int scopes, int patterns);

    [LoggerMessage(
        7014, LogLevel.Warning,
        "Budgets that are new in their period only observe: what was spent before cannot be read from the store: {Reason}")]
    public static partial void BalancesUnreadable(ILogger logger, string reason);

    [LoggerMessage(
        7021, LogLevel.Warning, "The topics of commands and acks could not be read, their metrics stand still; trying again: {Reason}")]
    public static partial void AcksUnreadable(ILogger logger, string reason);

    [LoggerMessage(
        7023, LogLevel.Warning, "The anomalies topic could not be read, steps of budgets go by what was read last; trying again: {Reason}")]
    public static partial void AnomaliesUnreadable(ILogger logger, string reason);

    [LoggerMessage(
        7022, LogLevel.Warning, "What sources sent could not be told, sums are not touched; it is told again with the next: {Reason}")]
    public static partial void SourcesWait(ILogger logger, string reason);
}
