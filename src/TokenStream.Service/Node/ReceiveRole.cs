using System.Net;
using Microsoft.Extensions.Logging;
using TokenStream.Kafka;
using TokenStream.Mapping.Sources;
using TokenStream.Receiver;
using TokenStream.Receiver.Http;
using TokenStream.Receiver.Intake;
using TokenStream.Runtime;
using TokenStream.Service.Http;
using TokenStream.Service.Options;

namespace TokenStream.Service.Node;

/// <summary>The role that takes payloads over HTTP: its producer, the look after the log, and the addresses of its own.</summary>
internal sealed class ReceiveRole : IAsyncDisposable
{
    /// <summary>How often the log is asked whether it is there: senders are told at once while it is not.</summary>
    private static readonly TimeSpan ProbeEvery = TimeSpan.FromSeconds(3);

    /// <summary>A sender waits for the log this long at most, and then sends again.</summary>
    private static readonly TimeSpan PublishTimeout = TimeSpan.FromSeconds(10);

    private readonly KafkaRecordSink _sink;
    private readonly TopicAdmin _admin;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _probing;
    private readonly List<ReceiveServer> _servers = [];

    /// <param name="counters">Count what each source sends; null where nobody asks.</param>
    public ReceiveRole(
        NodeOptions options, KafkaOptions kafka, LogTopics topics, StreamMetrics metrics, SourceCounters? counters, TimeProvider clock,
        ILoggerFactory loggers)
    {
        var logger = loggers.CreateLogger("TokenStream.Receive");
        var producing = new KafkaOptions
        {
            BootstrapServers = kafka.BootstrapServers, Properties = kafka.Properties, PublishTimeout = PublishTimeout,
            AnswerTimeout = PublishTimeout / 2,
        };
        _sink = new KafkaRecordSink(producing, "tokenstream-receive", clock, logger);
        _admin = new TopicAdmin(producing, "tokenstream-receive-probe", clock, logger);
        Receiver = new PayloadReceiver(
            new PayloadReceiverOptions
            {
                Topics = topics, InFlightBytes = options.Receive.InFlightBytes, Attributions = options.Receive.Attributions,
            },
            _sink,
            metrics.Receive,
            counters,
            clock,
            logger);
        _probing = Repeat.EveryAsync(
            ProbeEvery, clock, () => Task.Run(Probe), failure => Receiver.Unavailable = failure.Message, _stop.Token);
    }

    public PayloadReceiver Receiver { get; }

    /// <summary>Where payloads alone are taken.</summary>
    public IEnumerable<string> Addresses => _servers.Select(server => server.Address);

    /// <summary>Begins to listen at addresses of its own.</summary>
    /// <exception cref="NodeStartException">An address is taken, refused or illegible.</exception>
    public async Task ListenAsync(NodeOptions options, ApiTokens? tokens, CancellationToken cancellation)
    {
        foreach (var text in options.Receive.Listen)
        {
            if (!IPEndPoint.TryParse(text, out var address))
            {
                throw new NodeStartException($"--receive-listen {text} is not an address and port, such as 127.0.0.1:4318.");
            }

            var isLoopback = IPAddress.IsLoopback(address.Address);
            if (!isLoopback && !options.AllowRemote)
            {
                throw new NodeStartException(
                    $"--receive-listen {text} is reached by other machines: say --allow-remote where that is meant, and give tokens " +
                    "(tokens).");
            }

            try
            {
                _servers.Add(await ReceiveServer.StartAsync(
                    address, Receiver, new ApiAccess(tokens, isLoopback).AdmitSender, cancellation));
            }
            catch (IOException failure)
            {
                throw new NodeStartException(
                    $"{text} cannot be listened on ({failure.Message}): choose another address with --receive-listen.", failure);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var server in _servers)
        {
            await server.DisposeAsync();
        }

        await _stop.CancelAsync();
        await _probing;
        Receiver.Dispose();
        _sink.Dispose();
        _admin.Dispose();
        _stop.Dispose();
    }

    private void Probe()
    {
        _admin.Partitions();
        Receiver.Unavailable = null;
    }
}
