using Confluent.Kafka;

namespace TokenStream.Service.Demo;

/// <summary>What comes to some topics, without a group.</summary>
internal sealed class TopicTail : IDisposable
{
    private readonly IConsumer<byte[], byte[]> _consumer;

    /// <summary>What comes from now on.</summary>
    public TopicTail(string bootstrapServers, params IEnumerable<string> topics)
        : this(bootstrapServers, Offset.End, topics)
    {
    }

    public TopicTail(string bootstrapServers, Offset from, params IEnumerable<string> topics)
    {
        _consumer = new ConsumerBuilder<byte[], byte[]>(
            new ConsumerConfig { BootstrapServers = bootstrapServers, GroupId = "tokenstream-demo" })
            .SetLogHandler((_, _) => { }).Build();
        using var admin = new DependentAdminClientBuilder(_consumer.Handle).Build();
        _consumer.Assign(topics.SelectMany(topic => admin.GetMetadata(topic, TimeSpan.FromSeconds(15)).Topics.Single().Partitions
            .Select(partition => new TopicPartitionOffset(topic, partition.PartitionId, from))));
    }

    /// <summary>The next record; null where none comes in time.</summary>
    public ConsumeResult<byte[], byte[]>? Next(TimeSpan wait) => _consumer.Consume(wait);

    public void Dispose() => _consumer.Dispose();
}
