using TokenStream.Kafka;
using TokenStream.Runtime;
using TokenStream.Service.Sources;

namespace TokenStream.Service.Node;

/// <summary>Tells what sources sent, once more when the node stops.</summary>
internal static class SourceTelling
{
    /// <summary>What sources send is counted by whoever takes it in, and told until nobody does any more.</summary>
    public static void Start(NodeParts parts, KafkaOptions kafka)
    {
        var sink = new KafkaRecordSink(kafka, "tokenstream-sources", parts.Clock, parts.Logger);
        var publisher = new SourcePublisher(sink, parts.Options.Topics.Sources, parts.Sources);
        async Task PublishAsync()
        {
            try
            {
                await publisher.PublishAsync(parts.Clock.GetUtcNow().ToUnixTimeMilliseconds());
            }
            catch (PublishFailedException failure)
            {
                NodeLog.SourcesWait(parts.Logger, failure.Message);
            }
        }

        var telling = Repeat.EveryAsync(SourcePublisher.Interval, parts.Clock, PublishAsync, _ => { }, parts.Stopping);
        parts.AtEnd(async () =>
        {
            await telling;
            await PublishAsync();
            sink.Dispose();
        });
    }
}
