using TokenStream.Kafka;
using TokenStream.Runtime;

namespace TokenStream.Service.Node;

/// <summary>The role that turns events into rollups and spend.</summary>
internal static class AggregateRole
{
    public static void Start(NodeParts parts, KafkaOptions kafka, RulesTopic rules, TopicReport topics)
    {
        var source = new NativeBatchSource(
            kafka, $"{parts.Options.GroupPrefix}-aggregate", [parts.Options.Topics.Requests], "tokenstream-aggregate", parts.Clock,
            parts.Logger);
        RefuseLostOffsets(parts, source, topics);
        var sink = new KafkaRecordSink(kafka, "tokenstream-rollups", parts.Clock, parts.Logger);
        var live = new LossyRecordSink(kafka, "tokenstream-live", parts.Logger);
        parts.Metrics.ObserveDropped(() => live.Dropped);
        var liveSpend = new LossyRecordSink(kafka, "tokenstream-spend", parts.Logger);
        parts.Metrics.ObserveDroppedSpend(() => liveSpend.Dropped);
        var stage = new AggregateStage(
            source,
            sink,
            live,
            liveSpend,
            rules.History,
            new AggregateStageOptions
            {
                RollupsTopic = parts.Options.Topics.Rollups,
                SpendTopic = parts.Options.Topics.Spend,
                LiveTopic = parts.Options.Topics.Live,
                LivePartitions = topics.Partitions[parts.Options.Topics.Live],
                DeadLetterTopic = parts.Options.Topics.DeadLetter,
                DeadLetterPartitions = topics.Partitions[parts.Options.Topics.DeadLetter],
            },
            parts.Metrics,
            parts.Loggers.CreateLogger("TokenStream.Aggregate"));
        parts.Health.Add("aggregate", () => NodeParts.Condition(stage.Stopped, stage.HasPartitions));
        parts.Run(new StreamWorker("aggregate", source, stage, parts.Clock, parts.Logger), sink, live, liveSpend);
    }

    /// <summary>
    /// A group that committed nothing beside topics that hold its rollups has lost its offsets: starting anew would publish other contents
    /// under identities that are taken.
    /// </summary>
    private static void RefuseLostOffsets(NodeParts parts, NativeBatchSource source, TopicReport topics)
    {
        bool Any(string topic, Func<TopicPartition, bool> holds) =>
            Enumerable.Range(0, topics.Partitions[topic]).Any(partition => holds(new TopicPartition(topic, partition)));

        if (!Any(parts.Options.Topics.Requests, partition => source.Committed(partition) is not null) &&
            Any(parts.Options.Topics.Rollups, partition => source.QueryWatermarks(partition).End > 0))
        {
            source.Dispose();
            throw new NodeStartException(
                $"the consumer group {parts.Options.GroupPrefix}-aggregate has no offsets, but the topic {parts.Options.Topics.Rollups} " +
                "holds rollups: its offsets were deleted or have expired, or it was renamed. Give back the group's name (kafka: group), " +
                "or begin with empty topics and an empty store.");
        }
    }
}
