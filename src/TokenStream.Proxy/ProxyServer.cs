using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using TokenStream.Gateway;

namespace TokenStream.Proxy;

/// <summary>A proxy that runs, until it is disposed of.</summary>
public sealed class ProxyServer : IAsyncDisposable
{
    /// <summary>Beyond what answers may take: what was counted has to reach Kafka.</summary>
    private static readonly TimeSpan Flush = TimeSpan.FromSeconds(20);

    private readonly WebApplication _app;
    private readonly ProxyOptions _options;
    private readonly ProxyMetrics _metrics;
    private readonly CancellationTokenSource _stopping;
    private readonly IReadOnlyList<IDisposable> _parts;
    private readonly ILogger _logger;
    private int _isDisposed;

    private ProxyServer(
        WebApplication app, ProxyOptions options, ProxyMetrics metrics, CancellationTokenSource stopping, IReadOnlyList<IDisposable> parts,
        ILogger logger) =>
        (_app, _options, _metrics, _stopping, _parts, _logger) = (app, options, metrics, stopping, parts, logger);

    /// <summary>Where it listens, such as <c>http://127.0.0.1:8090</c>.</summary>
    public string Address => _app.Urls.First();

    /// <summary>Starts a proxy; the gateway's commands are known then, or the wait for them was over.</summary>
    /// <param name="addGateway">Adds the gateway to the host: <c>AddTokenStreamGateway</c>, or one that lives elsewhere.</param>
    /// <param name="metricsText">What <c>/metrics</c> answers; null for nothing.</param>
    /// <exception cref="FormatException">The options are wrong, with every error.</exception>
    public static async Task<ProxyServer> StartAsync(
        ProxyOptions options, Action<IServiceCollection> addGateway, TimeProvider time, ILoggerFactory loggers, Func<string>? metricsText,
        CancellationToken cancellationToken)
    {
        if (options.Errors() is { Count: > 0 } errors)
        {
            throw new FormatException(string.Join('\n', errors));
        }

        var logger = loggers.CreateLogger("TokenStream.Proxy");
        var keys = options.KeyFile is { } file ? new ApiKeyTable(file, time, logger) : null;
        var upstreams = new UpstreamTable([.. options.Upstreams.Select(upstream => new Upstream(upstream, options.ConnectTimeout))]);
        var metrics = new ProxyMetrics();
        var stopping = new CancellationTokenSource();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton(loggers);
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = options.DrainTimeout + Flush);
        addGateway(builder.Services);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPEndPoint.Parse(options.Listen));
            kestrel.AddServerHeader = false;
            kestrel.ResponseHeaderEncodingSelector = _ => Encoding.UTF8;
            // What is streamed on has no bound of ours, and a caller may read as slowly as its model writes.
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Limits.MinResponseDataRate = null;
        });
        var app = builder.Build();
        IReadOnlyList<IDisposable> parts = keys is null ? [upstreams, metrics] : [upstreams, metrics, keys];
        var server = new ProxyServer(app, options, metrics, stopping, parts, logger);
        var gateway = app.Services.GetRequiredService<TokenStreamGateway>();
        var callers = new Callers(options.Headers, keys);
        var handler = new ProxyHandler(options, upstreams, callers, gateway, metrics, time, logger, stopping.Token);
        app.Run(context => (context.Request.Method, context.Request.Path.Value) switch
        {
            ("GET", "/health/live") => context.Response.WriteAsync("live\n"),
            ("GET", "/health/ready") => ReadyAsync(context, options.ServesBlind || gateway.State != GatewayState.Blind, gateway.State),
            ("GET", "/metrics") when metricsText is not null => context.Response.WriteAsync(metricsText()),
            _ => handler.HandleAsync(context),
        });
        try
        {
            await app.StartAsync(cancellationToken);
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }

        var named = options.Upstreams.Select(upstream => $"{upstream.Name} ({upstream.Url})");
        ProxyLog.Started(logger, server.Address, string.Join(", ", named));
        return server;
    }

    /// <summary>
    /// Takes no more requests, lets those that run go on for <see cref="ProxyOptions.DrainTimeout"/>, then ends them; what each used is
    /// told.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) != 0)
        {
            return;
        }

        ProxyLog.Stopping(_logger, _metrics.Running, _options.DrainTimeout.TotalSeconds);
        _stopping.CancelAfter(_options.DrainTimeout);
        await _app.StopAsync(CancellationToken.None);
        await _app.DisposeAsync();
        foreach (var part in _parts)
        {
            part.Dispose();
        }

        _stopping.Dispose();
        ProxyLog.Stopped(_logger);
    }

    private static Task ReadyAsync(HttpContext context, bool isReady, GatewayState state)
    {
        context.Response.StatusCode = isReady ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        return context.Response.WriteAsync($"{(isReady ? "ready" : "not ready")}\ncommands: {state}\n");
    }
}
