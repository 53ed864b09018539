using Confluent.Kafka;

namespace TokenStream.Service.Demo;

/// <summary>What comes to some topics from now on, without a group.</summary>
internal sealed class TopicTail : IDisposable
{
    private readonly IConsumer<byte[], byte[]> _consumer;

    public TopicTail(string bootstrapServers, params IEnumerable<string> topics)
    {
        _consumer = new ConsumerBuilder<byte[], byte[]>(
            new ConsumerConfig { BootstrapServers = bootstrapServers, GroupId = "tokenstream-demo" })
            .SetLogHandler((_, _) => { }).Build();
        using var admin = new DependentAdminClientBuilder(_consumer.Handle).Build();
        _consumer.Assign(topics.SelectMany(topic => admin.GetMetadata(topic, TimeSpan.FromSeconds(15)).Topics.Single().Partitions
            .Select(partition => new TopicPartitionOffset(topic, partition.PartitionId, Offset.End))));
    }

    /// <summary>The next record; null where none comes in time.</summary>
    public ConsumeResult<byte[], byte[]>? Next(TimeSpan wait) => _consumer.Consume(wait);

    public void Dispose() => _consumer.Dispose();
}
