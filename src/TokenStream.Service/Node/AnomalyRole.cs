using Microsoft.Extensions.Logging;
using TokenStream.Commands;
using TokenStream.Governing.Alerts;
using TokenStream.Kafka;
using TokenStream.Runtime;
using TokenStream.Service.Alerting;
using TokenStream.Service.Anomalies;
using TokenStream.Service.Governing;

namespace TokenStream.Service.Node;

/// <summary>Makes alerts of anomalies, on nodes that govern: they know what people ask, and which commands are in force.</summary>
internal static class AnomalyRole
{
    public static void Start(NodeParts parts, KafkaOptions kafka, TopicReport topics, BudgetFollower people)
    {
        var (options, layout) = (parts.Options, parts.Options.Topics);
        var source = new NativeBatchSource(
            kafka, $"{options.GroupPrefix}-anomalies", [layout.Anomalies], "tokenstream-anomalies", parts.Clock, parts.Logger);
        var sink = new KafkaRecordSink(kafka, "tokenstream-anomalies", parts.Clock, parts.Logger);
        var commands = new CommandTopic(
            kafka, layout.Commands, topics.Partitions[layout.Commands], new CommandVerifier(new SigningKeys(options).Public()), parts.Logger);
        var stage = new AnomalyStage(
            source,
            sink,
            layout.Alerts,
            () => ReadSaid(kafka, layout.Alerts, parts.Clock, parts.Logger),
            () => people.IsRead ? new AnomalyWords(people.AnomalyRequests, people.Budgets.Directory) : null,
            () =>
            {
                commands.Refresh();
                return commands.Commands;
            },
            parts.Clock,
            parts.Metrics.Alerts,
            parts.Logger);
        parts.Run(new StreamWorker("anomalies", source, stage, parts.Clock, parts.Logger), sink, commands);
    }

    /// <summary>The alerts of the topic, as far back as alerts are waited for at all.</summary>
    private static IEnumerable<Alert> ReadSaid(KafkaOptions kafka, string topic, TimeProvider clock, ILogger logger)
    {
        var since = clock.GetUtcNow() - TimeSpan.FromMilliseconds(AlertBook.LongestMs);
        using var reader = new TopicReader(kafka, topic, partitions: 1, "tokenstream-anomalies-said", logger, since: since);
        foreach (var result in reader.ReadToEnd())
        {
            if (result.Message.Value is { } value && AlertFormat.TryRead(value, out Alert? alert))
            {
                yield return alert;
            }
        }
    }
}
