using System.Text;
using Confluent.Kafka;
using TokenStream.Events;

namespace TokenStream.Service.Demo.Spike;

/// <summary>Publishes the tenant's events as a gateway would, all on its partition and in order.</summary>
internal sealed class SpikeSender : IDisposable
{
    private readonly IProducer<string, byte[]> _producer;
    private readonly TopicPartition _to;
    private volatile string? _failure;

    public SpikeSender(string bootstrapServers, string topic)
    {
        _producer = new ProducerBuilder<string, byte[]>(new ProducerConfig
            {
                BootstrapServers = bootstrapServers,
                EnableIdempotence = true,
                CompressionType = CompressionType.Lz4,
                LingerMs = 5,
            })
            .SetErrorHandler((_, error) => _failure ??= error.IsFatal ? error.Reason : null)
            .SetLogHandler((_, _) => { })
            .Build();
        using var admin = new DependentAdminClientBuilder(_producer.Handle).Build();
        var partitions = admin.GetMetadata(topic, TimeSpan.FromSeconds(15)).Topics.Single().Partitions.Count;
        _to = new TopicPartition(topic, (int)(StableHash.Hash(Encoding.UTF8.GetBytes(SpikeTraffic.Tenant)) % (ulong)partitions));
    }

    /// <exception cref="IOException">A record was not taken.</exception>
    public void Send(in SpikeEvent sent)
    {
        while (_failure is null)
        {
            try
            {
                _producer.Produce(_to, new Message<string, byte[]> { Key = SpikeTraffic.Tenant, Value = sent.Value }, Delivered);
                return;
            }
            catch (ProduceException<string, byte[]> full) when (full.Error.Code == ErrorCode.Local_QueueFull)
            {
                _producer.Poll(TimeSpan.FromMilliseconds(100));
            }
        }

        throw new IOException($"the demo's events cannot be sent: {_failure}");
    }

    public void Dispose()
    {
        _producer.Flush(TimeSpan.FromSeconds(10));
        _producer.Dispose();
    }

    private void Delivered(DeliveryReport<string, byte[]> report)
    {
        if (report.Error.IsError)
        {
            _failure ??= report.Error.Reason;
        }
    }
}
