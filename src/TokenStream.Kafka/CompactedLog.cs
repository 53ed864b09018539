using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using TokenStream.Runtime;

namespace TokenStream.Kafka;

/// <summary>A compacted topic read outside of any group. Not for several threads at once.</summary>
public sealed class CompactedLog : ICompactedLog
{
    /// <summary>Records handed over by one call to follow, so that a long log does not hold up its caller.</summary>
    private const int MostAtOnce = 5_000;

    private readonly KafkaOptions _options;
    private readonly string _topic;
    private readonly int _partitions;
    private readonly string _clientId;
    private readonly ILogger _logger;
    private IConsumer<byte[], byte[]>? _following;

    public CompactedLog(KafkaOptions options, string topic, int partitions, string clientId, ILogger logger) =>
        (_options, _topic, _partitions, _clientId, _logger) = (options, topic, partitions, clientId, logger);

    public void ReadAll(int partition, CompactedRecordReader read)
    {
        using var consumer = Open([partition], withEnds: true);
        Guard(() =>
        {
            var end = consumer.QueryWatermarkOffsets(new Confluent.Kafka.TopicPartition(_topic, partition), _options.AnswerTimeout).High.Value;
            for (var position = 0L; position < end;)
            {
                var result = consumer.Consume(_options.AnswerTimeout) ?? throw new SourceFailedException(
                    $"The topic {_topic} at {_options.BootstrapServers} cannot be read to its end: no answer in {_options.AnswerTimeout.TotalSeconds:F0} s.");
                position = result.IsPartitionEOF ? result.Offset.Value : result.Offset.Value + 1;
                if (!result.IsPartitionEOF)
                {
                    Hand(result, read);
                }
            }
        });
    }

    public void Follow(CompactedRecordReader read) => Guard(() =>
    {
        _following ??= Open(Enumerable.Range(0, _partitions), withEnds: false);
        for (var left = MostAtOnce; left > 0 && _following.Consume(TimeSpan.Zero) is { } result; left--)
        {
            Hand(result, read);
        }
    });

    public void Dispose() => _following?.Dispose();

    private static void Hand(ConsumeResult<byte[], byte[]> result, CompactedRecordReader read) => read(
        result.Partition.Value, result.Offset.Value, result.Message.Key ?? [], result.Message.Value ?? [], result.Message.Value is null);

    private IConsumer<byte[], byte[]> Open(IEnumerable<int> partitions, bool withEnds)
    {
        var properties = ClientProperties.Reader(_options, _clientId);
        if (withEnds)
        {
            properties["enable.partition.eof"] = "true";
        }

        var consumer = new ConsumerBuilder<byte[], byte[]>(properties)
            .SetErrorHandler((_, error) => KafkaLog.ClientError(_logger, _clientId, error.Reason))
            .SetLogHandler((_, line) => KafkaLog.Library(_logger, _clientId, line.Facility, line.Message))
            .Build();
        consumer.Assign(partitions.Select(partition => new TopicPartitionOffset(_topic, partition, Offset.Beginning)));
        return consumer;
    }

    private void Guard(Action read)
    {
        try
        {
            read();
        }
        catch (KafkaException failure)
        {
            _following?.Dispose();
            _following = null;
            throw new SourceFailedException($"The topic {_topic} at {_options.BootstrapServers} cannot be read: {failure.Error.Reason}.", failure);
        }
    }
}
