using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using TokenStream.Chdb.Engine;

namespace TokenStream.Chdb.Http;

/// <summary>The embedded store: ClickHouse's engine in this process, behind ClickHouse's HTTP interface. One a process.</summary>
public sealed class ChdbServer : IAsyncDisposable
{
    /// <summary>How long running requests may take to end when the server stops; then their statements are cancelled.</summary>
    private static readonly TimeSpan DrainTime = TimeSpan.FromSeconds(10);

    private readonly WebApplication _web;
    private readonly ChdbEngine _engine;
    private readonly ILogger _log;

    private ChdbServer(WebApplication web, ChdbEngine engine, ILogger log)
    {
        _web = web;
        _engine = engine;
        _log = log;
    }

    /// <summary>Where it listens.</summary>
    public IPEndPoint Endpoint { get; private set; } = new(IPAddress.Loopback, 0);

    /// <summary>Opens the data directory, starts the engine and listens.</summary>
    /// <exception cref="ChdbStartException">One sentence says what is in the way: engine not installed, directory held, port in use,
    /// ..</exception>
    public static async Task<ChdbServer> StartAsync(
        ChdbServerOptions options, ILoggerFactory loggers, TimeProvider time, CancellationToken cancellation)
    {
        if (!options.AllowRemote && !IPAddress.IsLoopback(options.Listen.Address))
        {
            throw new ChdbStartException(
                $"The store would listen on {options.Listen}, which other machines reach without TLS; choose a loopback address or allow " +
                "it with --allow-remote.");
        }
        var log = loggers.CreateLogger("TokenStream.Chdb");
        var directory = Path.GetFullPath(options.DataDirectory);
        var engine = await ChdbEngine.OpenAsync(
            new ChdbEngineOptions
            {
                DataDirectory = directory,
                MaxMemoryBytes = options.MaxMemoryBytes,
                Database = options.Database,
                ReaderThreads = options.ReaderThreads,
                ReaderLimits = options.ReaderLimits,
            },
            time);
        try
        {
            var secret = OwnerCredential.ReadOrCreate(directory);
            var server = new ChdbServer(Build(options, engine, secret, loggers, log), engine, log);
            await server.ListenAsync(options, directory, cancellation);
            return server;
        }
        catch
        {
            await engine.DisposeAsync();
            throw;
        }
    }

    /// <summary>Takes no more requests, lets those running end, cancels what still runs then, and closes the engine.</summary>
    public async ValueTask DisposeAsync()
    {
        ChdbLog.Stopping(_log);
        var stopped = _web.StopAsync(CancellationToken.None);
        if (await Task.WhenAny(stopped, Task.Delay(DrainTime, _engine.Time)) != stopped)
        {
            ChdbLog.Cancelled(_log, (int)DrainTime.TotalSeconds);
            await _engine.KillAllAsync();
        }
        await stopped;
        await _web.DisposeAsync();
        await _engine.DisposeAsync();
        ChdbLog.Stopped(_log);
    }

    private static WebApplication Build(ChdbServerOptions options, ChdbEngine engine, string secret, ILoggerFactory loggers, ILogger log)
    {
        // The empty builder reads no files and no environment: nothing but these options decides.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddSingleton(loggers);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = HttpLimits.BodyBytes;
            kestrel.Limits.MaxRequestLineSize = HttpLimits.RequestLineBytes;
            kestrel.Limits.MaxConcurrentConnections = HttpLimits.Connections;
            kestrel.Listen(options.Listen);
        });
        var web = builder.Build();
        var endpoint = new ClickHouseEndpoint(engine, new Callers(options, secret), new ReaderPolicy(options), options, log);
        web.Run(endpoint.HandleAsync);
        return web;
    }

    private async Task ListenAsync(ChdbServerOptions options, string directory, CancellationToken cancellation)
    {
        try
        {
            await _web.StartAsync(cancellation);
        }
        catch (IOException exception)
        {
            throw new ChdbStartException(
                $"The store cannot listen on {options.Listen} ({exception.InnerException?.Message ?? exception.Message}); another " +
                $"program may use the port: choose another address with --listen.", exception);
        }
        var addresses = _web.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>();
        var port = addresses?.Addresses.Select(address => new Uri(address).Port).FirstOrDefault() ?? options.Listen.Port;
        Endpoint = new IPEndPoint(options.Listen.Address, port);
        ChdbLog.Started(_log, Endpoint.ToString(), _engine.Version, directory);
    }
}
