using TokenStream.Kafka;
using TokenStream.Runtime;
using TokenStream.Service.Alerting;

namespace TokenStream.Service.Node;

/// <summary>Reads alerts and delivers them, on nodes that govern and have receivers.</summary>
internal static class AlertRole
{
    public static void Start(NodeParts parts, KafkaOptions kafka)
    {
        var source = new NativeBatchSource(
            kafka, $"{parts.Options.GroupPrefix}-alerts", [parts.Options.Topics.Alerts], "tokenstream-alerts", parts.Clock, parts.Logger);
        var stage = new AlertStage(source, parts.Options.Receivers, parts.Clock, parts.Metrics.Alerts, parts.Logger);
        var delivery = AlertDelivery.Start(parts.Options.Receivers, () => stage.Book, parts.Clock, parts.Metrics.Alerts, parts.Logger);
        parts.AtEnd(delivery.DisposeAsync);
        parts.Run(new StreamWorker("alerts", source, stage, parts.Clock, parts.Logger));
    }
}
