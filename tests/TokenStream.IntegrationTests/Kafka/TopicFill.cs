using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using TokenStream.Kafka;
using TokenStream.Runtime;
using Xunit;

namespace TokenStream.IntegrationTests.Kafka;

/// <summary>Fills topics with records that say where they lie: value <c>partition/number</c>, key <c>key partition/number</c>.</summary>
internal static class TopicFill
{
    public static async Task PublishAsync(KafkaOptions options, string topic, int partitions, int count)
    {
        using var sink = new KafkaRecordSink(options, "test-sink", TimeProvider.System, NullLogger.Instance);
        for (var i = 0; i < count; i++)
        {
            var value = $"{i % partitions}/{i / partitions}";
            sink.Publish(new TopicPartition(topic, i % partitions), Encoding.UTF8.GetBytes($"key {value}"), Encoding.UTF8.GetBytes(value));
        }

        await sink.FlushAsync();
        Assert.Equal(count, sink.Acknowledged);
    }
}
