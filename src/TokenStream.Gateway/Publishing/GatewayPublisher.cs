using System.Text;
using System.Threading.Channels;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using TokenStream.Commands;

namespace TokenStream.Gateway.Publishing;

/// <summary>
/// Usage, blocked demand and acks on their way to Kafka. What is accepted waits in a buffer of a stated size; when it is full the caller is
/// told at once that its event is dropped, and it is counted: a request never waits for Kafka.
/// </summary>
internal sealed class GatewayPublisher : IAsyncDisposable
{
    private const int MostAcks = 20_000;

    /// <summary>
    /// How long events are gathered after some were handed over, so that thousands a second do not wake this loop and librdkafka's thread for
    /// each. One that comes after silence goes at once.
    /// </summary>
    private static readonly TimeSpan Gathering = TimeSpan.FromMilliseconds(2);
    private static readonly TimeSpan Room = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan FlushTimeout = TimeSpan.FromSeconds(5);

    private readonly TokenStreamGatewayOptions _options;
    private readonly GatewayClock _clock;
    private readonly GatewayMetrics _metrics;
    private readonly ILogger _logger;
    private readonly Channel<UsageRecord> _events;
    private readonly Channel<GatewayAck> _acks = Channel.CreateBounded<GatewayAck>(
        new BoundedChannelOptions(MostAcks) { SingleReader = true });
    private readonly UsageEventWriter _writer;
    private readonly CancellationTokenSource _abandon = new();
    private IProducer<byte[], byte[]>? _producer;
    private Task _publishing = Task.CompletedTask;
    private long _lost;
    private volatile string _lostReason = "";
    private volatile bool _isStopping;

    public GatewayPublisher(TokenStreamGatewayOptions options, GatewayClock clock, GatewayMetrics metrics, ILogger logger)
    {
        (_options, _clock, _metrics, _logger) = (options, clock, metrics, logger);
        _events = Channel.CreateBounded<UsageRecord>(new BoundedChannelOptions(options.BufferedEvents) { SingleReader = true });
        _writer = new UsageEventWriter(options);
    }

    /// <summary>What is accepted and not yet sent.</summary>
    internal ChannelReader<UsageRecord> Waiting => _events.Reader;

    public void Start()
    {
        var errors = new KafkaErrors(_logger, _clock);
        _producer = new ProducerBuilder<byte[], byte[]>(GatewayKafka.Producer(_options))
            .SetErrorHandler((_, error) => errors.Tell(error))
            .SetLogHandler((_, line) => GatewayLog.Library(_logger, line.Facility, line.Message))
            .Build();
        _publishing = Task.WhenAll(Task.Run(PublishEventsAsync), Task.Run(PublishAcksAsync));
    }

    public PublishOutcome Publish(in UsageRecord record)
    {
        if (_events.Writer.TryWrite(record))
        {
            _metrics.Event("accepted");
            return PublishOutcome.Accepted;
        }

        var outcome = _isStopping ? PublishOutcome.Stopping : PublishOutcome.BufferFull;
        _metrics.Event(outcome == PublishOutcome.Stopping ? "stopping" : "buffer_full");
        return outcome;
    }

    /// <summary>
    /// An ack that finds no room is dropped: the command is obeyed all the same, and its absence shows as unacknowledged.
    /// </summary>
    public void Acknowledge(GatewayAck ack) => _metrics.Event(_acks.Writer.TryWrite(ack) ? "ack" : "ack_dropped");

    /// <summary>Says what was lost since the last call.</summary>
    public void Report()
    {
        if (Interlocked.Exchange(ref _lost, 0) is > 0 and var lost)
        {
            GatewayLog.EventsLost(_logger, lost, _lostReason);
        }
    }

    /// <summary>Sends what was accepted, for a few seconds at most.</summary>
    public async ValueTask DisposeAsync()
    {
        _isStopping = true;
        _events.Writer.TryComplete();
        _acks.Writer.TryComplete();
        _abandon.CancelAfter(FlushTimeout);
        await _publishing.ConfigureAwait(false);
        if (_producer is not null)
        {
            var left = _producer.Flush(FlushTimeout);
            if (left > 0)
            {
                Lose(left, "the gateway stopped before Kafka took them");
            }

            _producer.Dispose();
        }

        Report();
        _writer.Dispose();
        _abandon.Dispose();
    }

    private async Task PublishEventsAsync()
    {
        try
        {
            while (await _events.Reader.WaitToReadAsync(_abandon.Token).ConfigureAwait(false))
            {
                while (_events.Reader.TryRead(out var record))
                {
                    var value = _writer.Write(in record).ToArray();
                    await SendAsync(_options.UsageTopic, record.Tenant, value, countsAsEvent: true, record.Confirmation)
                        .ConfigureAwait(false);
                }

                await Task.Delay(Gathering, _clock.Time, _abandon.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (_abandon.IsCancellationRequested)
        {
            Lose(_events.Reader.Count, "the gateway stopped before Kafka took them");
        }
    }

    private async Task PublishAcksAsync()
    {
        try
        {
            await foreach (var ack in _acks.Reader.ReadAllAsync(_abandon.Token).ConfigureAwait(false))
            {
                var value = GatewayAckFormat.Write(ack);
                await SendAsync(_options.AcksTopic, ack.Key ?? ack.GatewayId, value, countsAsEvent: false).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (_abandon.IsCancellationRequested)
        {
            _metrics.Event("ack_dropped", _acks.Reader.Count);
        }
    }

    private async Task SendAsync(
        string topic, string key, byte[] value, bool countsAsEvent, TaskCompletionSource<PublishOutcome>? confirmation = null)
    {
        var message = new Message<byte[], byte[]> { Key = Encoding.UTF8.GetBytes(key), Value = value };
        while (true)
        {
            try
            {
                _producer!.Produce(topic, message, report => OnDelivered(report.Error, countsAsEvent, confirmation));
                return;
            }
            catch (ProduceException<byte[], byte[]> failure) when (failure.Error.Code == ErrorCode.Local_QueueFull)
            {
                // librdkafka's own buffer is full: wait here, and let ours fill up behind.
                await Task.Delay(Room, _clock.Time, _abandon.Token).ConfigureAwait(false);
            }
            catch (ProduceException<byte[], byte[]> failure)
            {
                OnDelivered(failure.Error, countsAsEvent, confirmation);
                return;
            }
        }
    }

    private void OnDelivered(Error error, bool countsAsEvent, TaskCompletionSource<PublishOutcome>? confirmation)
    {
        confirmation?.TrySetResult(error.IsError ? PublishOutcome.Lost : PublishOutcome.Acknowledged);
        if (!countsAsEvent)
        {
            return;
        }

        if (error.IsError)
        {
            Lose(1, error.Reason);
        }
        else
        {
            _metrics.Event("acknowledged");
        }
    }

    private void Lose(long count, string reason)
    {
        _metrics.Event("lost", count);
        _lostReason = reason;
        Interlocked.Add(ref _lost, count);
    }
}
