using TokenStream.ClickHouse;
using TokenStream.Commands;
using TokenStream.Kafka;
using TokenStream.Runtime;
using TokenStream.Service.Anomalies;
using TokenStream.Service.Governing;
using TokenStream.Service.Sources;

namespace TokenStream.Service.Node;

/// <summary>The role that writes rollups, and topics that people look at, into the store.</summary>
internal static class StoreRole
{
    public static void Start(NodeParts parts, KafkaOptions kafka, TopicReport topics, ClickHouseClient client)
    {
        StartStage(parts, kafka, new ClickHouseRollupStore(client));
        StartTables(parts, kafka, topics, client);
    }

    private static void StartStage(NodeParts parts, KafkaOptions kafka, ClickHouseRollupStore store)
    {
        var source = new NativeBatchSource(
            kafka, $"{parts.Options.GroupPrefix}-store", [parts.Options.Topics.Rollups, parts.Options.Topics.Spend], "tokenstream-store",
            parts.Clock, parts.Logger);
        var stage = new StoreStage(
            source, store, new StoreStageOptions { SpendTopic = parts.Options.Topics.Spend }, parts.Metrics,
            parts.Loggers.CreateLogger("TokenStream.Store"), new Random(Environment.ProcessId), parts.Stopping);
        parts.Health.Add("store", () => stage.Unavailable is { } reason
            ? $"the store does not take blocks, nothing is lost: {reason}"
            : NodeParts.Condition(stage.Stopped, stage.HasPartitions));
        parts.Run(new StreamWorker("store", source, stage, parts.Clock, parts.Logger));
        var dropping = Repeat.EveryAsync(
            TimeSpan.FromHours(1),
            parts.Clock,
            async () =>
            {
                if (await store.DropExpiredAsync(parts.Clock.GetUtcNow(), parts.Stopping) is > 0 and var dropped)
                {
                    NodeLog.RetentionDone(parts.Logger, dropped);
                }
            },
            failure => NodeLog.RetentionFailed(parts.Logger, failure.Message),
            parts.Stopping);
        parts.AtEnd(() => new ValueTask(dropping));
    }

    /// <summary>Topics that people and dashboards look at through the store.</summary>
    private static void StartTables(NodeParts parts, KafkaOptions kafka, TopicReport topics, ClickHouseClient client)
    {
        // The node's own key is made first, so that its commands are believed.
        var keys = new SigningKeys(parts.Options);
        keys.OpenOrCreate().Dispose();
        var verifier = new CommandVerifier(keys.Public());
        IReadOnlyList<RecordTable> records =
        [
            GovernTables.Audit(parts.Options.Topics), GovernTables.Commands(parts.Options.Topics, verifier),
            AlertTables.Alerts(parts.Options.Topics), AlertTables.BudgetStates(parts.Options.Topics),
            SourceTables.Sources(parts.Options.Topics), AnomalyTables.Anomalies(parts.Options.Topics),
        ];
        var tables = new RecordsToTables(client, kafka, records, topics.Partitions, parts.Logger);
        parts.Health.Add("tables", () => tables.Unavailable is { } reason ? $"records for tables wait, nothing is lost: {reason}" : null);
        tables.Start(parts.Clock);
        parts.AtEnd(tables.DisposeAsync);
    }
}
