using TokenStream.Kafka;
using TokenStream.Receiver.Intake;
using TokenStream.Receiver.Topics;
using TokenStream.Runtime;

namespace TokenStream.Service.Node;

/// <summary>The role that takes payloads from topics and writes events to the input topic.</summary>
internal static class MapRole
{
    public static void Start(NodeParts parts, KafkaOptions kafka, LogTopics topics)
    {
        var logger = parts.Loggers.CreateLogger("TokenStream.Map");
        var source = new NativeBatchSource(
            kafka, $"{parts.Options.GroupPrefix}-map", [.. parts.Options.Sources.Select(topic => topic.Topic)], "tokenstream-map",
            parts.Clock, logger);
        var sink = new KafkaRecordSink(kafka, "tokenstream-mapped", parts.Clock, logger);
        var stage = new MapStage(
            source, sink, parts.Options.Sources, topics, parts.Metrics, parts.Sources, parts.Clock, logger,
            new Random(Environment.ProcessId));
        parts.Health.Add("map", () => stage.Unavailable is { } reason
            ? $"payloads wait, nothing is lost: {reason}"
            : NodeParts.Condition([], stage.HasPartitions));
        parts.Run(new StreamWorker("map", source, stage, parts.Clock, parts.Logger), sink);
    }
}
