using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using TokenStream.Broker.Groups;
using TokenStream.Broker.Log;
using TokenStream.Broker.Network;
using TokenStream.Broker.Protocol;

namespace TokenStream.Broker;

/// <summary>
/// A durable log on one node that speaks the Kafka protocol: unchanged Kafka clients produce to it, consume from it in groups, and
/// administer its topics. Start it, hand <see cref="BootstrapServers"/> to clients, dispose it to drain and close.
/// </summary>
/// <remarks>
/// An acknowledged record or commit survives the death of the process at once, and a power loss as <see cref="LogStoreOptions"/> says.
/// It has one broker, no replication, no transactions, no authentication, and no new-style groups (KIP-848): clients use
/// <c>group.protocol=classic</c>, their default.
/// </remarks>
public sealed class EmbeddedLog : IAsyncDisposable
{
    private readonly LogStore _store;
    private readonly GroupCoordinator _groups;
    private readonly BrokerListener _listener;
    private readonly ListenerCounters _counters;
    private readonly OffsetLog _offsets;
    private readonly ILogger _logger;
    private bool _disposed;

    private EmbeddedLog(
        LogStore store, OffsetLog offsets, GroupCoordinator groups, BrokerListener listener, ListenerCounters counters, string advertised,
        ILogger logger)
    {
        _store = store;
        _offsets = offsets;
        _groups = groups;
        _listener = listener;
        _counters = counters;
        _logger = logger;
        BootstrapServers = advertised;
    }

    /// <summary>The address that is listened on, with the port that was taken.</summary>
    public IPEndPoint Address => _listener.Address;

    /// <summary><c>HOST:PORT</c> for clients' <c>bootstrap.servers</c>: the advertised address.</summary>
    public string BootstrapServers { get; }

    /// <summary>The store underneath, for reading and administration within the process.</summary>
    public LogStore Store => _store;

    public BrokerStatistics Statistics => _counters.Read(_listener.Open, _groups.Groups, _offsets.Offsets);

    /// <summary>
    /// Binds the address, opens the store, reads committed offsets back, and begins to serve. On an error nothing is left half started.
    /// </summary>
    /// <exception cref="ArgumentException">Options that cannot work, all of them in the message.</exception>
    /// <exception cref="ListenException">The address is taken, refused or illegible.</exception>
    /// <exception cref="LogStoreException">The data directory is held by another process or damaged.</exception>
    public static async Task<EmbeddedLog> StartAsync(
        BrokerOptions options, TimeProvider time, ILoggerFactory loggers, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(loggers);
        if (options.Faults() is { Count: > 0 } faults)
        {
            throw new ArgumentException("The embedded log's options cannot work. " + string.Join(' ', faults), nameof(options));
        }

        cancel.ThrowIfCancellationRequested();
        ILogger logger = loggers.CreateLogger("TokenStream.Broker");
        Socket socket = ListenAddress.Bind(options.Listen, options.AllowNonLoopback);
        LogStore? store = null;
        try
        {
            Advertisement advertised = Advertise(options, (IPEndPoint)socket.LocalEndPoint!);

            // Opening reads what a crash left unchecked; the caller's thread is not the place for it.
            store = await Task.Run(() => LogStore.Open(options.Store, time, logger), cancel).ConfigureAwait(false);
            OffsetLog offsets = OffsetLog.Open(store, options.Groups, time);
            EmbeddedLog log = Assemble(options, time, logger, socket, store, offsets, advertised);
            logger.Listening(log.Address.ToString(), options.Store.DataDirectory, log.BootstrapServers);
            return log;
        }
        catch
        {
            socket.Dispose();
            if (store is not null)
            {
                await store.DisposeAsync().ConfigureAwait(false);
            }

            throw;
        }
    }

    /// <summary>Accepts nobody any more, lets requests in flight end, flushes everything and gives the directory up.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        await _listener.DisposeAsync().ConfigureAwait(false);
        _groups.Dispose();
        await _store.DisposeAsync().ConfigureAwait(false);
        _logger.Stopped();
    }

    private static EmbeddedLog Assemble(
        BrokerOptions options, TimeProvider time, ILogger logger, Socket socket, LogStore store, OffsetLog offsets,
        Advertisement advertised)
    {
        var lines = new LineLimiter(time);
        var groups = new GroupCoordinator(options.Groups, offsets, time, logger);
        var topics = new TopicCatalog(store, options, logger, lines);
        var responses = new MemoryBudget(options.ResponseMemoryBytes);
        var dispatcher = new RequestDispatcher(store, topics, groups, options, advertised, responses, time);
        var counters = new ListenerCounters();
        var shared = new ConnectionContext(
            options, dispatcher, new MemoryBudget(options.RequestMemoryBytes), responses, counters, lines, new MonotonicClock(time),
            logger);
        var listener = new BrokerListener(socket, shared, time);
        return new EmbeddedLog(store, offsets, groups, listener, counters, advertised.ToString(), logger);
    }

    private static Advertisement Advertise(BrokerOptions options, IPEndPoint bound)
    {
        if (options.Advertised is not null)
        {
            (string host, int port) = ListenAddress.Split(options.Advertised);
            return new Advertisement(host, port == 0 ? bound.Port : port);
        }

        // Bound to every address, no single one of them is right for all clients; the machine's name has the best chance.
        bool any = bound.Address.Equals(IPAddress.Any) || bound.Address.Equals(IPAddress.IPv6Any);
        return new Advertisement(any ? Dns.GetHostName() : bound.Address.ToString(), bound.Port);
    }
}
