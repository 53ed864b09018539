using System.Text;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace TokenStream.Kafka;

/// <summary>One record of a topic, for people who look at it.</summary>
public sealed record TopicRecord(
    int Partition, long Offset, long TimestampMs, byte[] Key, byte[] Value, IReadOnlyList<(string Name, byte[] Value)> Headers)
{
    /// <summary>The headers as far as they are text.</summary>
    public IEnumerable<Runtime.RecordHeader> TextHeaders =>
        Headers.Select(header => new Runtime.RecordHeader(header.Name, Encoding.UTF8.GetString(header.Value)));

    /// <summary>
    /// Reads the record at an offset of a partition. Throws <see cref="KafkaUnavailableException"/> where the log does not answer or has no
    /// such partition, and <see cref="RecordMissingException"/> with the offsets that there are where there is no such record.
    /// </summary>
    /// <param name="offset">Null for the newest.</param>
    public static TopicRecord Read(KafkaOptions options, string topic, int partition, long? offset, string clientId, ILogger logger)
    {
        var properties = ClientProperties.Reader(options, clientId);
        properties["enable.partition.eof"] = "true";
        using var consumer = new ConsumerBuilder<byte[], byte[]>(properties)
            .SetErrorHandler((_, error) => KafkaLog.ClientError(logger, clientId, error.Reason))
            .SetLogHandler((_, line) => KafkaLog.Library(logger, clientId, line.Facility, line.Message))
            .Build();
        try
        {
            var place = new TopicPartition(topic, partition);
            var bounds = consumer.QueryWatermarkOffsets(place, options.AnswerTimeout);
            var wanted = offset ?? bounds.High.Value - 1;
            if (wanted < bounds.Low.Value || wanted >= bounds.High.Value)
            {
                throw new RecordMissingException(Missing(topic, partition, bounds));
            }

            consumer.Assign(new TopicPartitionOffset(place, wanted));
            var found = consumer.Consume(options.AnswerTimeout)
                ?? throw new KafkaUnavailableException(
                    $"The topic {topic} at {options.BootstrapServers} cannot be read: no answer in time.");
            if (found.IsPartitionEOF || found.Offset.Value != wanted)
            {
                throw new RecordMissingException(
                    $"There is no record at {topic}/{partition}/{wanted}: it was compacted away, or is a transaction's.");
            }

            return Of(found);
        }
        catch (KafkaException failure)
        {
            throw new KafkaUnavailableException(
                $"The topic {topic}, partition {partition}, at {options.BootstrapServers} cannot be read: {failure.Error.Reason}.",
                failure);
        }
    }

    private static TopicRecord Of(ConsumeResult<byte[], byte[]> found) => new(
        found.Partition.Value,
        found.Offset.Value,
        found.Message.Timestamp.UnixTimestampMs,
        found.Message.Key ?? [],
        found.Message.Value ?? [],
        [.. (found.Message.Headers ?? []).Select(header => (header.Key, header.GetValueBytes() ?? []))]);

    private static string Missing(string topic, int partition, WatermarkOffsets bounds) => bounds.Low.Value == bounds.High.Value
        ? $"The topic {topic} has no records in partition {partition} (--partition)."
        : $"Partition {partition} of {topic} has the offsets {bounds.Low.Value} to {bounds.High.Value - 1} (--offset, --partition).";
}

/// <summary>There is no record where one was looked for.</summary>
public sealed class RecordMissingException(string message) : Exception(message);
