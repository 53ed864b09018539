using System.Text;
using Confluent.Kafka;

namespace TokenStream.LoadGenerator.Enforcement;

/// <summary>Reads the commands topic and notes the broker's timestamp of each probe's first command.</summary>
internal sealed class CommandWatch : IDisposable
{
    private readonly Probes _probes;
    private readonly IConsumer<byte[], byte[]> _consumer;

    public CommandWatch(string bootstrapServers, string topic, Probes probes)
    {
        _probes = probes;
        _consumer = new ConsumerBuilder<byte[], byte[]>(new ConsumerConfig { BootstrapServers = bootstrapServers, GroupId = "enforcement-watch" })
            .SetLogHandler((_, _) => { }).Build();
        using var admin = new DependentAdminClientBuilder(_consumer.Handle).Build();
        _consumer.Assign(admin.GetMetadata(topic, TimeSpan.FromSeconds(15)).Topics.Single().Partitions
            .Select(partition => new TopicPartitionOffset(topic, partition.PartitionId, Offset.End)));
    }

    public void Run(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            if (_consumer.Consume(TimeSpan.FromMilliseconds(100)) is not { Message: { Key: { } key } message })
            {
                continue;
            }

            // environment=probe;tenant=NAME|budget/..
            var text = Encoding.UTF8.GetString(key);
            var start = text.IndexOf("tenant=", StringComparison.Ordinal) + "tenant=".Length;
            var end = text.IndexOfAny([';', '|'], Math.Max(start, 0));
            if (text.StartsWith($"environment={Probes.Environment};", StringComparison.Ordinal) && end > start && _probes.All.TryGetValue(text[start..end], out var probe))
            {
                Interlocked.CompareExchange(ref probe.CommandedMs, message.Timestamp.UnixTimestampMs, 0);
            }
        }
    }

    public void Dispose() => _consumer.Dispose();
}
