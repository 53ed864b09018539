using Microsoft.Extensions.Logging;
using TokenStream.Kafka.Native;
using TokenStream.Runtime;

namespace TokenStream.Kafka;

/// <summary>
/// Records out, each acknowledged by all in-sync replicas, once and in order within its partition. A record that is refused, or has no
/// answer in time, fails the next <see cref="FlushAsync"/>.
/// </summary>
public sealed class KafkaRecordSink : IRecordSink
{
    /// <summary>Records between two looks at the outcomes: the library's list of them stays short.</summary>
    private const int ServeEvery = 256;

    /// <summary>The library ends each record's wait by itself; this much later, one without an outcome is given up.</summary>
    private static readonly TimeSpan Slack = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan Turn = TimeSpan.FromMilliseconds(100);

    private readonly KafkaOptions _options;
    private readonly string _clientId;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private NativeProducer? _producer;
    private long _acknowledgedBefore;
    private int _sinceServed;
    private bool _disposed;

    public KafkaRecordSink(KafkaOptions options, string clientId, TimeProvider clock, ILogger logger)
    {
        _options = options;
        _clientId = clientId;
        _clock = clock;
        _logger = logger;
        _producer = Open();
    }

    /// <summary>Records acknowledged in all.</summary>
    public long Acknowledged { get; private set; }

    public void Publish(
        TopicPartition partition, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, IReadOnlyList<RecordHeader>? headers = null) =>
        Publish(partition, key, value, headers, isDeletion: false);

    public void Delete(TopicPartition partition, ReadOnlySpan<byte> key) => Publish(partition, key, default, null, isDeletion: true);

    private void Publish(
        TopicPartition partition, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, IReadOnlyList<RecordHeader>? headers, bool isDeletion)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        var producer = _producer ??= Open();
        if (++_sinceServed >= ServeEvery)
        {
            _sinceServed = 0;
            producer.Serve(TimeSpan.Zero);
        }

        var since = 0L;
        while (true)
        {
            var error = headers is { Count: > 0 }
                ? producer.Produce(partition, key, value, headers)
                : producer.Produce(partition, key, value, isDeletion);
            if (error == NativeError.None)
            {
                return;
            }

            if (error != NativeError.QueueFull)
            {
                throw Failure(producer, $"a record of {value.Length} bytes for {partition} was not taken: {LibRdKafka.Describe(error)}");
            }

            // The buffer's bound: wait for acknowledgements to make room, as long as any record may wait for its own.
            since = since == 0 ? _clock.GetTimestamp() : since;
            if (_clock.GetElapsedTime(since) > _options.PublishTimeout + Slack)
            {
                throw Failure(producer, $"no room for a record for {partition}: nothing was acknowledged in {_options.PublishTimeout.TotalSeconds:F0} s");
            }

            producer.Serve(Turn);
        }
    }

    public ValueTask FlushAsync()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        var producer = _producer ??= Open();
        var since = _clock.GetTimestamp();
        while (!producer.Flush(Turn))
        {
            if (_clock.GetElapsedTime(since) > _options.PublishTimeout + Slack)
            {
                producer.Purge();
                break;
            }
        }

        Acknowledged += producer.Acknowledged - _acknowledgedBefore;
        _acknowledgedBefore = producer.Acknowledged;
        if (producer.Refused > 0 || producer.Outstanding > 0 || producer.Fatal is not null)
        {
            throw Failure(producer, $"{producer.Refused} records were not acknowledged: {producer.Refusal ?? "no answer"}");
        }

        return ValueTask.CompletedTask;
    }

    public void Dispose()
    {
        _disposed = true;
        _producer?.Dispose();
        _producer = null;
    }

    private NativeProducer Open()
    {
        _acknowledgedBefore = 0;
        return new NativeProducer(ClientProperties.DurableProducer(_options, _clientId), _clientId, _logger);
    }

    /// <summary>
    /// What failed belongs to one decision, which is published anew from its beginning: nothing of it stays behind in this producer.
    /// </summary>
    private PublishFailedException Failure(NativeProducer producer, string reason)
    {
        var why = producer.Fatal ?? producer.LastError;
        KafkaLog.ProducerReopened(_logger, _clientId, reason);
        producer.Dispose();
        _producer = null;
        return new PublishFailedException($"{reason} (brokers {_options.BootstrapServers}{(why is null ? string.Empty : $": {why}")})");
    }
}
