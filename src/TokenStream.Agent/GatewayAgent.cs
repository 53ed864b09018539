using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using TokenStream.Commands;
using TokenStream.Gateway;

namespace TokenStream.Agent;

/// <summary>The gateway library behind HTTP, beside a gateway that is not .NET.</summary>
public sealed class GatewayAgent : IAsyncDisposable
{
    /// <summary>What a provider's answer may have; smaller limits are each endpoint's own.</summary>
    private const long MostBodyBytes = 17 * 1024 * 1024;

    private readonly AgentOptions _options;
    private readonly TokenStreamGatewayOptions _gatewayOptions;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly TokenStreamGateway _gateway;
    private readonly CommandListeners _listeners = new();
    private readonly AgentMetrics _metrics;
    private readonly Deciding _deciding;
    private readonly CancellationTokenSource _stopping = new();
    private readonly TaskCompletionSource _started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private WebApplication? _app;
    private ITimer? _timer;
    private Task _starting = Task.CompletedTask;
    private GatewayState _told;

    private GatewayAgent(AgentOptions options, TokenStreamGatewayOptions gatewayOptions, TimeProvider time, ILoggerFactory loggers)
    {
        (_options, _gatewayOptions, _time) = (options, gatewayOptions, time);
        _logger = loggers.CreateLogger("TokenStream.Agent");
        _gateway = new TokenStreamGateway(Options.Create(gatewayOptions), time, loggers.CreateLogger<TokenStreamGateway>());
        var book = new ReservationBook(options.MostReservations, options.ReservationLifetime);
        _metrics = new AgentMetrics(book, _listeners);
        _deciding = new Deciding(_gateway, book, options, _metrics, new TextPool(), time);
    }

    /// <summary>Where it listens, for people: a URL, or <c>unix:PATH</c>.</summary>
    public string Address { get; private set; } = "";

    /// <summary>Ends when the commands in force are known.</summary>
    public Task Ready => _gateway.Completed;

    /// <summary>Begins to listen at once; decisions wait until the commands in force are known, or the wait for them is over.</summary>
    /// <param name="options">How it is reached.</param>
    /// <param name="gateway">How it reaches the stream.</param>
    /// <param name="writeMetrics">Writes the process's instruments as Prometheus reads them.</param>
    /// <param name="time">The clock.</param>
    /// <param name="loggers">Where it says what happens.</param>
    /// <param name="cancellation">Ends the start.</param>
    /// <exception cref="ArgumentException">Options are wrong: every error, a line each.</exception>
    /// <exception cref="IOException">The address cannot be listened on.</exception>
    public static async Task<GatewayAgent> StartAsync(
        AgentOptions options, TokenStreamGatewayOptions gateway, Func<string> writeMetrics, TimeProvider time, ILoggerFactory loggers,
        CancellationToken cancellation)
    {
        if (options.Errors().Concat(gateway.Errors()).ToList() is { Count: > 0 } errors)
        {
            throw new ArgumentException(string.Join('\n', errors));
        }

        var agent = new GatewayAgent(options, gateway, time, loggers);
        try
        {
            await agent.ListenAsync(writeMetrics, cancellation).ConfigureAwait(false);
        }
        catch
        {
            await agent.DisposeAsync().ConfigureAwait(false);
            throw;
        }

        return agent;
    }

    /// <summary>Answers what it is answering, then sends what was reported, each for a few seconds at most.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_stopping.IsCancellationRequested)
        {
            return;
        }

        AgentLog.Stopping(_logger, _gatewayOptions.GatewayId, _deciding.Book.Count);
        await _stopping.CancelAsync().ConfigureAwait(false);
        if (_app is not null)
        {
            using var drained = new CancellationTokenSource(_options.DrainTimeout, _time);
            await _app.StopAsync(drained.Token).ConfigureAwait(false);
            await _app.DisposeAsync().ConfigureAwait(false);
        }

        if (_timer is not null)
        {
            await _timer.DisposeAsync().ConfigureAwait(false);
        }

        await _starting.ConfigureAwait(false);
        _gateway.CommandObeyed -= Tell;
        await _gateway.DisposeAsync().ConfigureAwait(false);
        _metrics.Dispose();
        _stopping.Dispose();
        AgentLog.Stopped(_logger, _gatewayOptions.GatewayId);
    }

    private async Task ListenAsync(Func<string> writeMetrics, CancellationToken cancellation)
    {
        var routes = new AgentRoutes(
            new AgentAccess(_options),
            _deciding,
            new Completing(_deciding, _options, _metrics, _gatewayOptions.DefaultTenant, _time),
            new CommandsEndpoint(_gateway, _listeners, _metrics, _gatewayOptions.GatewayId, _time, _stopping.Token),
            new ExtAuthz(_gateway, _options, _metrics),
            Health,
            writeMetrics,
            _started.Task,
            _logger);
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(Configure);
        // What is asked is answered on the thread that read it: a decision takes microseconds, and waking another thread takes longer.
        builder.WebHost.UseSockets(sockets => sockets.UnsafePreferInlineScheduling = true);
        _app = builder.Build();
        _app.Run(routes.HandleAsync);
        RemoveDeadSocket();
        _gateway.CommandObeyed += Tell;
        _gateway.Start();
        await _app.StartAsync(cancellation).ConfigureAwait(false);
        Address = _options.SocketPath is null ? _app.Urls.First() : _options.Listen;
        AgentLog.Listening(_logger, _gatewayOptions.GatewayId, Address);
        _timer = _time.CreateTimer(_ => Tick(), null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
        _starting = AwaitCommandsAsync();
    }

    private void Configure(KestrelServerOptions kestrel)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestBodySize = MostBodyBytes;
        // Who sends a body byte by byte is waited for by the library's own patience; who keeps a connection idle, likewise.
        kestrel.ConfigureEndpointDefaults(endpoint => endpoint.Protocols = HttpProtocols.Http1);
        if (_options.SocketPath is { } path)
        {
            kestrel.ListenUnixSocket(path);
        }
        else
        {
            kestrel.Listen(IPEndPoint.Parse(_options.Listen));
        }
    }

    /// <summary>A socket that nobody answers on was left behind by a process that was killed.</summary>
    private void RemoveDeadSocket()
    {
        if (_options.SocketPath is not { } path || !File.Exists(path))
        {
            return;
        }

        try
        {
            using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            probe.Connect(new UnixDomainSocketEndPoint(path));
        }
        catch (SocketException)
        {
            File.Delete(path);
        }
    }

    private async Task AwaitCommandsAsync()
    {
        var (id, topic) = (_gatewayOptions.GatewayId, _gatewayOptions.CommandsTopic);
        try
        {
            await _gateway.Completed.WaitAsync(_gatewayOptions.StartTimeout, _time, _stopping.Token).ConfigureAwait(false);
            AgentLog.Ready(_logger, id, _gateway.ActiveCommands, topic);
        }
        catch (TimeoutException)
        {
            AgentLog.Blind(
                _logger, id, _gatewayOptions.StartTimeout.TotalSeconds, _gatewayOptions.OnBlind, _gatewayOptions.BootstrapServers, topic);
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // It stops before it knew anything.
        }

        _started.TrySetResult();
    }

    private void Health(HttpResponse response)
    {
        var isReady = _gateway.Completed.IsCompletedSuccessfully;
        Answer.Health(
            response, _gatewayOptions.GatewayId, isReady, _gateway.State, _gateway.ActiveCommands,
            isReady
                ? ""
                : $"the commands in force have not been read from {_gatewayOptions.BootstrapServers}, topic " +
                    $"{_gatewayOptions.CommandsTopic}");
    }

    private void Tell(Command command) => Lose(_listeners.Tell(command));

    /// <summary>Each second: reservations whose time is over, and how well the commands are known.</summary>
    private void Tick()
    {
        var (expired, displaced) = _deciding.Expire();
        if (expired + displaced > 0)
        {
            AgentLog.Expired(_logger, expired, displaced, _options.ReservationLifetime.TotalSeconds);
        }

        var state = _gateway.State;
        if (state != _told)
        {
            _told = state;
            Lose(_listeners.Tell("state", System.Text.Encoding.ASCII.GetBytes($$"""{"state":"{{Answer.Name(state)}}"}""")));
        }
    }

    private void Lose(int listeners)
    {
        for (var i = 0; i < listeners; i++)
        {
            _metrics.ListenerLost();
            AgentLog.ListenerLost(_logger);
        }
    }
}
