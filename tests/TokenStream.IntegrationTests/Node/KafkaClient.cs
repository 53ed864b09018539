using System.Text;
using Confluent.Kafka;

namespace TokenStream.IntegrationTests.Node;

/// <summary>A gateway's Kafka client.</summary>
internal static class KafkaClient
{
    internal static async Task ProduceAsync(string servers, string topic, int partition, IEnumerable<string> values)
    {
        using var producer = new ProducerBuilder<Null, byte[]>(new ProducerConfig { BootstrapServers = servers }).Build();
        foreach (var value in values)
        {
            await producer.ProduceAsync(new TopicPartition(topic, partition), new Message<Null, byte[]> { Value = Encoding.UTF8.GetBytes(value) });
        }
    }

    /// <summary>The first so many values of a partition.</summary>
    internal static Task<List<string>> ConsumeAsync(string servers, string topic, int partition, int count) => Task.Run(() =>
    {
        using var consumer = new ConsumerBuilder<Ignore, byte[]>(new ConsumerConfig { BootstrapServers = servers, GroupId = "test" }).Build();
        consumer.Assign(new TopicPartitionOffset(topic, partition, Offset.Beginning));
        var values = new List<string>();
        while (values.Count < count && consumer.Consume(TimeSpan.FromSeconds(30)) is { } record)
        {
            values.Add(Encoding.UTF8.GetString(record.Message.Value));
        }

        return values;
    });
}
