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
    private readonly IConsumer<byte[], byte[]> _reader;
    private readonly IProducer<byte[], byte[]> _writer;
    private readonly Dictionary<string, ConfigurationRecord> _entries = new(StringComparer.Ordinal);
    private volatile string? _lastError;

    public ConfigurationTopic(KafkaOptions options, string topic, string clientId, ILogger logger)
    {
        _options = options;
        _partition = new TopicPartition(topic, 0);
        var reading = ClientProperties.Reader(options, clientId);
        reading["enable.partition.eof"] = "true";
        _reader = new ConsumerBuilder<byte[], byte[]>(reading)
            .SetErrorHandler((_, error) => OnError(error))
            .SetLogHandler((_, line) => KafkaLog.Library(logger, clientId, line.Facility, line.Message))
            .Build();
        _writer = new ProducerBuilder<byte[], byte[]>(ClientProperties.DurableProducer(options, clientId))
            .SetErrorHandler((_, error) => OnError(error))
            .SetLogHandler((_, line) => KafkaLog.Library(logger, clientId, line.Facility, line.Message))
            .Build();
        _reader.Assign(new TopicPartitionOffset(_partition, Offset.Beginning));
    }

    /// <summary>The last value of every key that was read and is not deleted.</summary>
    public IReadOnlyDictionary<string, ConfigurationRecord> Entries => _entries;

    /// <summary>The offset after the last one read.</summary>
    public long Position { get; private set; }

    /// <summary>
    /// Reads on to the end that the topic has at the moment of the call. Returns the records that were new, in order. Throws
    /// <see cref="KafkaUnavailableException"/> where the end is not reached in time.
    /// </summary>
    public IReadOnlyList<ConfigurationRecord> ReadToEnd()
    {
        var read = new List<ConfigurationRecord>();
        try
        {
            var end = _reader.QueryWatermarkOffsets(_partition, _options.AnswerTimeout).High.Value;
            while (Position < end)
            {
                var result = _reader.Consume(_options.AnswerTimeout) ?? throw Unavailable("no answer");
                Position = result.IsPartitionEOF ? result.Offset.Value : result.Offset.Value + 1;
                if (!result.IsPartitionEOF)
                {
                    read.Add(Take(result));
                }
            }
        }
        catch (KafkaException failure)
        {
            throw Unavailable(failure.Error.Reason, failure);
        }

        return read;
    }

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
            throw Unavailable(failure.Error.Reason, failure);
        }
    }

    public void Dispose()
    {
        _writer.Dispose();
        _reader.Dispose();
    }

    /// <summary>That all brokers are down is said after why each one is; the why is worth more.</summary>
    private void OnError(Error error) => _lastError = error.Code == ErrorCode.Local_AllBrokersDown ? _lastError ?? error.Reason : error.Reason;

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

    private KafkaUnavailableException Unavailable(string reason, Exception? inner = null) =>
        new($"The topic {_partition.Topic} at {_options.BootstrapServers} cannot be used: {_lastError ?? reason}.", inner);
}
