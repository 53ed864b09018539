using Confluent.Kafka;
using Microsoft.Extensions.Logging;

namespace TokenStream.Kafka;

/// <summary>Reads some partitions of a topic to their ends, outside of any group; for what is rare. Not for several threads at once.</summary>
public sealed class TopicReader : IDisposable
{
    private readonly KafkaOptions _options;
    private readonly string _topic;
    private readonly IConsumer<byte[], byte[]> _consumer;
    private readonly long[] _positions;
    private volatile string? _lastError;

    /// <param name="partitions">How many partitions the topic has; all are read.</param>
    /// <param name="from">The offset that each partition is read from; null for the beginning of all.</param>
    /// <param name="since">Reads from the first record with this timestamp or a later one; null for no such limit.</param>
    public TopicReader(
        KafkaOptions options, string topic, int partitions, string clientId, ILogger logger, IReadOnlyList<long>? from = null, DateTimeOffset? since = null)
    {
        _options = options;
        _topic = topic;
        _positions = new long[partitions];
        var properties = ClientProperties.Reader(options, clientId);
        properties["enable.partition.eof"] = "true";
        _consumer = new ConsumerBuilder<byte[], byte[]>(properties)
            .SetErrorHandler((_, error) => OnError(error))
            .SetLogHandler((_, line) => KafkaLog.Library(logger, clientId, line.Facility, line.Message))
            .Build();
        var start = since is { } time ? Offsets(partitions, time) : from;
        _consumer.Assign(Enumerable.Range(0, partitions).Select(partition => new TopicPartitionOffset(topic, partition, Start(partition, start))));
    }

    /// <summary>The offset after the last one read of a partition.</summary>
    public long Position(int partition) => _positions[partition];

    /// <summary>
    /// Goes on to the ends that the partitions have at the first step. Throws <see cref="KafkaUnavailableException"/> where they are not
    /// reached in time.
    /// </summary>
    public IEnumerable<ConsumeResult<byte[], byte[]>> ReadToEnd()
    {
        var ends = new long[_positions.Length];
        for (var partition = 0; partition < ends.Length; partition++)
        {
            var theirs = new TopicPartition(_topic, partition);
            ends[partition] = Guard(() => _consumer.QueryWatermarkOffsets(theirs, _options.AnswerTimeout).High.Value);
        }

        while (_positions.Zip(ends).Any(pair => pair.First < pair.Second))
        {
            var result = Guard(() => _consumer.Consume(_options.AnswerTimeout)) ?? throw Unavailable("no answer");
            _positions[result.Partition.Value] = result.IsPartitionEOF ? result.Offset.Value : result.Offset.Value + 1;
            if (!result.IsPartitionEOF)
            {
                yield return result;
            }
        }
    }

    public void Dispose() => _consumer.Dispose();

    /// <summary>Where the log no longer reaches the offset, or never did, its beginning.</summary>
    private Offset Start(int partition, IReadOnlyList<long>? from)
    {
        if (from is null)
        {
            return Offset.Beginning;
        }

        var bounds = Guard(() => _consumer.QueryWatermarkOffsets(new TopicPartition(_topic, partition), _options.AnswerTimeout));
        _positions[partition] = from[partition] >= bounds.Low.Value && from[partition] <= bounds.High.Value ? from[partition] : bounds.Low.Value;
        return _positions[partition];
    }

    private List<long> Offsets(int partitions, DateTimeOffset since)
    {
        var times = Enumerable.Range(0, partitions).Select(partition => new TopicPartitionTimestamp(_topic, partition, new Timestamp(since)));
        var offsets = Guard(() => _consumer.OffsetsForTimes(times, _options.AnswerTimeout)).ToDictionary(found => found.Partition.Value, found => found.Offset);
        return [.. Enumerable.Range(0, partitions).Select(partition => offsets[partition] is { IsSpecial: false } offset ? offset.Value : End(partition))];
    }

    private long End(int partition) =>
        Guard(() => _consumer.QueryWatermarkOffsets(new TopicPartition(_topic, partition), _options.AnswerTimeout)).High.Value;

    private T Guard<T>(Func<T> ask)
    {
        try
        {
            return ask();
        }
        catch (KafkaException failure)
        {
            throw Unavailable(failure.Error.Reason, failure);
        }
    }

    /// <summary>That all brokers are down is said after why each one is; the why is worth more.</summary>
    private void OnError(Error error) => _lastError = error.Code == ErrorCode.Local_AllBrokersDown ? _lastError ?? error.Reason : error.Reason;

    private KafkaUnavailableException Unavailable(string reason, Exception? inner = null) =>
        new($"The topic {_topic} at {_options.BootstrapServers} cannot be read: {_lastError ?? reason}.", inner);
}
