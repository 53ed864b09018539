using System.Text;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace TokenStream.Kafka;

/// <summary>A record of a compacted topic.</summary>
/// <param name="Key">Its key, UTF-8.</param>
/// <param name="Value">Its value; null is a deletion.</param>
/// <param name="Offset">Its offset in the topic's only partition: a version that grows.</param>
/// <param name="TimestampMs">Its timestamp, milliseconds since the Unix epoch.</param>
public sealed record ConfigurationRecord(string Key, byte[]? Value, long Offset, long TimestampMs);

/// <summary>
/// A compacted topic of one partition as a table: the last value of every key, with the offset it has. Not for several threads at once.
/// </summary>
public sealed class ConfigurationTopic : IDisposable
{
    private readonly KafkaOptions _options;
    private readonly TopicPartition _partition;
    private readonly TopicReader _reader;
    private readonly IProducer<byte[], byte[]> _writer;
    private readonly Dictionary<string, ConfigurationRecord> _entries = new(StringComparer.Ordinal);

    public ConfigurationTopic(KafkaOptions options, string topic, string clientId, ILogger logger)
    {
        _options = options;
        _partition = new TopicPartition(topic, 0);
        _reader = new TopicReader(options, topic, partitions: 1, clientId, logger);
        _writer = new ProducerBuilder<byte[], byte[]>(ClientProperties.DurableProducer(options, clientId))
            .SetErrorHandler((_, error) => KafkaLog.ClientError(logger, clientId, error.Reason))
            .SetLogHandler((_, line) => KafkaLog.Library(logger, clientId, line.Facility, line.Message))
            .Build();
    }

    /// <summary>The last value of every key that was read and is not deleted.</summary>
    public IReadOnlyDictionary<string, ConfigurationRecord> Entries => _entries;

    /// <summary>The offset after the last one read.</summary>
    public long Position => _reader.Position(0);

    /// <summary>
    /// Reads on to the end that the topic has at the moment of the call. Returns the records that were new, in order. Throws
    /// <see cref="KafkaUnavailableException"/> where the end is not reached in time.
    /// </summary>
    public IReadOnlyList<ConfigurationRecord> ReadToEnd() => [.. _reader.ReadToEnd().Select(Take)];

    /// <summary>Appends a value, acknowledged by all in-sync replicas, and returns its offset. A null value deletes the key.</summary>
    public async Task<long> AppendAsync(string key, byte[]? value)
    {
        try
        {
            var message = new Message<byte[], byte[]> { Key = Encoding.UTF8.GetBytes(key), Value = value! };
            return (await _writer.ProduceAsync(_partition, message)).Offset.Value;
        }
        catch (KafkaException failure)
        {
            throw new KafkaUnavailableException(
                $"The topic {_partition.Topic} at {_options.BootstrapServers} cannot be written: {failure.Error.Reason}.", failure);
        }
    }

    public void Dispose()
    {
        _writer.Dispose();
        _reader.Dispose();
    }

    private ConfigurationRecord Take(ConsumeResult<byte[], byte[]> result)
    {
        var message = result.Message;
        var record = new ConfigurationRecord(
            Encoding.UTF8.GetString(message.Key ?? []), message.Value, result.Offset.Value, message.Timestamp.UnixTimestampMs);
        if (record.Value is null)
        {
            _entries.Remove(record.Key);
        }
        else
        {
            _entries[record.Key] = record;
        }

        return record;
    }
}
