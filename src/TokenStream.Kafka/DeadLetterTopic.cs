using System.Text;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using TokenStream.Runtime;

namespace TokenStream.Kafka;

/// <summary>A dead letter where it lies.</summary>
/// <param name="Partition">Its partition of the dead-letter topic.</param>
/// <param name="Offset">Its offset there.</param>
/// <param name="RefusedAtMs">When it was put there, milliseconds since the Unix epoch.</param>
/// <param name="Letter">The refused record.</param>
public sealed record FiledDeadLetter(int Partition, long Offset, long RefusedAtMs, DeadLetter Letter);

/// <summary>The refused records, for people who look at them and send them again. Not for several threads at once.</summary>
public sealed class DeadLetterTopic : IDisposable
{
    private readonly KafkaOptions _options;
    private readonly TopicReader _reader;
    private readonly IProducer<byte[], byte[]> _writer;

    /// <param name="partitions">How many partitions the topic has: <see cref="TopicAdmin.Partitions"/>.</param>
    public DeadLetterTopic(KafkaOptions options, string topic, int partitions, string clientId, ILogger logger)
    {
        _options = options;
        _reader = new TopicReader(options, topic, partitions, clientId, logger);
        _writer = new ProducerBuilder<byte[], byte[]>(ClientProperties.DurableProducer(options, clientId))
            .SetErrorHandler((_, error) => KafkaLog.ClientError(logger, clientId, error.Reason))
            .SetLogHandler((_, line) => KafkaLog.Library(logger, clientId, line.Facility, line.Message))
            .Build();
    }

    /// <summary>
    /// The letters that are there now, those of a partition in order; a second call brings those that came since. Records of another shape
    /// are passed over. Throws <see cref="KafkaUnavailableException"/> where the log does not answer.
    /// </summary>
    public IEnumerable<FiledDeadLetter> Read()
    {
        foreach (var record in _reader.ReadToEnd())
        {
            var headers = (record.Message.Headers ?? []).Select(header => new RecordHeader(header.Key, Encoding.UTF8.GetString(header.GetValueBytes() ?? [])));
            if (DeadLetter.TryRead(headers, record.Message.Value, out var letter))
            {
                yield return new FiledDeadLetter(record.Partition.Value, record.Offset.Value, record.Message.Timestamp.UnixTimestampMs, letter);
            }
        }
    }

    /// <summary>
    /// Sends a refused record's key and bytes again, to the partition that they came from, and returns the new offset. One that was cut
    /// cannot be sent again.
    /// </summary>
    public async Task<long> ReplayAsync(DeadLetter letter)
    {
        if (letter.OriginalLength != letter.Value.Length)
        {
            throw new InvalidOperationException(
                $"The record at {letter.Source}, offset {letter.Offset}, had {letter.OriginalLength} bytes, of which {letter.Value.Length} were kept: it cannot be replayed.");
        }

        try
        {
            var key = letter.Key.IsEmpty ? null : letter.Key.ToArray();
            var message = new Message<byte[], byte[]> { Key = key!, Value = letter.Value.ToArray() };
            var partition = new Confluent.Kafka.TopicPartition(letter.Source.Topic, letter.Source.Partition);
            return (await _writer.ProduceAsync(partition, message)).Offset.Value;
        }
        catch (KafkaException failure)
        {
            throw new KafkaUnavailableException(
                $"The topic {letter.Source.Topic} at {_options.BootstrapServers} cannot be written: {failure.Error.Reason}.", failure);
        }
    }

    public void Dispose()
    {
        _writer.Dispose();
        _reader.Dispose();
    }
}
