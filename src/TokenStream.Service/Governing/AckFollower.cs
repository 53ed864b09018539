using System.Text;
using Microsoft.Extensions.Logging;
using TokenStream.Commands;
using TokenStream.Governing;
using TokenStream.Kafka;
using TokenStream.Runtime;
using TokenStream.Service.Node;

namespace TokenStream.Service.Governing;

/// <summary>
/// Follows the topics of commands and of acks and measures what governing promises: how long it takes until a gateway obeys, which commands
/// gateways have not acknowledged, and how old the last heartbeat of each partition is. It only looks; any node may. Reports of leases are handed on to
/// whoever governs here.
/// </summary>
internal sealed class AckFollower : IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);

    private readonly KafkaOptions _kafka;
    private readonly TopicLayout _topics;
    private readonly int _partitions;
    private readonly CommandVerifier _verifier;
    private readonly CommandMetrics _metrics;
    private readonly Action<GatewayAck> _leases;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stop = new();
    private readonly CommandWatch _watch = new();
    private readonly long[] _heartbeats;
    private readonly List<GatewayAck> _held = [];
    private readonly Lock _lock = new();
    private TopicReader? _commands;
    private TopicReader? _acks;
    private Task _running = Task.CompletedTask;
    private bool _isLive;
    private bool _isAway;

    /// <param name="leases">Told of every report of leases.</param>
    public AckFollower(
        KafkaOptions kafka,
        TopicLayout topics,
        int partitions,
        CommandVerifier verifier,
        CommandMetrics metrics,
        Action<GatewayAck> leases,
        TimeProvider clock,
        ILogger logger)
    {
        (_kafka, _topics, _partitions, _verifier, _metrics, _clock, _logger) = (kafka, topics, partitions, verifier, metrics, clock, logger);
        _leases = leases;
        // What was never heard counts from the start: a partition without an owner shows too.
        _heartbeats = [.. Enumerable.Repeat(NowMs, partitions)];
        metrics.Observe(
            () => Locked(() => _watch.Unacknowledged(NowMs)),
            () => Locked(() => _watch.Gateways(NowMs)),
            () => Locked(() => _heartbeats.Select((atMs, partition) => (partition, Math.Max(0, NowMs - atMs) / 1000.0)).ToArray()));
    }

    private long NowMs => _clock.GetUtcNow().ToUnixTimeMilliseconds();

    public void Start() => _running = Task.Run(() => Repeat.EveryAsync(
        Interval,
        _clock,
        () =>
        {
            Refresh();
            _isAway = false;
        },
        failure =>
        {
            if (!_isAway)
            {
                NodeLog.AcksUnreadable(_logger, failure.Message);
            }

            _isAway = true;
        },
        _stop.Token));

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _commands?.Dispose();
        _acks?.Dispose();
        _stop.Dispose();
    }

    /// <summary>Reads on to the ends of both topics.</summary>
    internal void Refresh()
    {
        _commands ??= new TopicReader(_kafka, _topics.Commands, _partitions, "tokenstream-ack-commands", _logger);
        foreach (var result in _commands.ReadToEnd())
        {
            Take(result.Message.Key ?? [], result.Message.Value);
        }

        _isLive = true;
        _acks ??= new TopicReader(_kafka, _topics.Acks, _partitions, "tokenstream-acks", _logger, since: _clock.GetUtcNow());
        var held = _held.ToArray();
        _held.Clear();
        foreach (var ack in held)
        {
            Take(ack, again: true);
        }

        foreach (var result in _acks.ReadToEnd())
        {
            if (GatewayAckFormat.TryRead(result.Message.Value, out var ack))
            {
                Take(ack, again: false);
            }
            else
            {
                _metrics.CountRefusedAck("malformed");
            }
        }
    }

    private void Take(byte[] key, byte[]? value)
    {
        var refusal = _verifier.TryVerify(key, value, out var record);
        lock (_lock)
        {
            if (refusal == CommandRefusal.NoValue)
            {
                _watch.Forget(Encoding.UTF8.GetString(key));
            }
            else if (record.Command is { } command)
            {
                _watch.Take(command, _isLive);
            }
            else if (record.Heartbeat is { } heartbeat && heartbeat.Partition >= 0 && heartbeat.Partition < _partitions)
            {
                _heartbeats[heartbeat.Partition] = Math.Max(_heartbeats[heartbeat.Partition], heartbeat.AtMs);
            }
            else
            {
                _metrics.CountRefusedCommand(refusal.ToString());
            }
        }
    }

    private void Take(GatewayAck ack, bool again)
    {
        AckRefusal refusal;
        long? latencyMs;
        lock (_lock)
        {
            refusal = _watch.Take(ack, NowMs, out latencyMs);
        }

        if (ack.Kind == GatewayAckKind.Leases && refusal == AckRefusal.None)
        {
            _leases(ack);
        }

        if (latencyMs is { } latency)
        {
            _metrics.EnforceLatency.Record(latency / 1000.0);
        }

        if (refusal == AckRefusal.UnknownCommand && !again && _held.Count < CommandWatch.MostGateways)
        {
            // Issued and acknowledged since the commands were read: it is known at the next look.
            _held.Add(ack);
        }
        else if (refusal != AckRefusal.None)
        {
            _metrics.CountRefusedAck(refusal switch
            {
                AckRefusal.UnknownCommand => "unknown_command",
                AckRefusal.ImpossibleTime => "impossible_time",
                _ => "limit",
            });
        }
    }

    private T Locked<T>(Func<T> read)
    {
        lock (_lock)
        {
            return read();
        }
    }
}
