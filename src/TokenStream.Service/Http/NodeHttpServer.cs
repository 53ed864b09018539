using System.Net;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;
using TokenStream.Service.Node;
using TokenStream.Service.Options;

namespace TokenStream.Service.Http;

/// <summary>Health, metrics and the API over HTTP.</summary>
internal sealed class NodeHttpServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly PrometheusExporter _metrics;

    private NodeHttpServer(WebApplication app, PrometheusExporter metrics, string address) =>
        (_app, _metrics, Address) = (app, metrics, address);

    /// <summary>Host and port that are listened on.</summary>
    public string Address { get; }

    /// <param name="mapApi">Maps the API; null for none.</param>
    /// <exception cref="NodeStartException">The address is taken, refused or illegible.</exception>
    public static async Task<NodeHttpServer> StartAsync(
        NodeOptions options, NodeHealth health, TimeProvider clock, Action<IEndpointRouteBuilder>? mapApi, CancellationToken cancellation)
    {
        if (!IPEndPoint.TryParse(options.Listen, out var address))
        {
            throw new NodeStartException($"--listen {options.Listen} is not an address and port, such as 127.0.0.1:8080.");
        }

        if (!IPAddress.IsLoopback(address.Address) && !options.AllowRemote)
        {
            throw new NodeStartException($"--listen {options.Listen} is reached by other machines, and asks for no password: say " +
                "--allow-remote where that is meant.");
        }

        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(address));
        var app = builder.Build();
        var metrics = new PrometheusExporter(clock);
        app.MapGet("/health/live", () => Results.Text("live\n"));
        app.MapGet("/health/ready", () => Ready(health));
        app.MapGet("/metrics", () => Results.Text(metrics.Write(), PrometheusExporter.ContentType));
        app.MapGet("/", () => Results.Text("TokenStream\n\n/health/live\n/health/ready\n/metrics\n/v1\n"));
        mapApi?.Invoke(app);
        try
        {
            await app.StartAsync(cancellation);
        }
        catch (IOException failure)
        {
            metrics.Dispose();
            await app.DisposeAsync();
            throw new NodeStartException(
                $"{options.Listen} cannot be listened on ({failure.Message}): choose another address with --listen.", failure);
        }

        return new NodeHttpServer(app, metrics, new Uri(app.Urls.First()).Authority);
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _metrics.Dispose();
    }

    private static IResult Ready(NodeHealth health)
    {
        var parts = health.Read();
        var ready = parts.All(p => p.Reason is null);
        var answer = new JsonObject
        {
            ["status"] = ready ? "ready" : "not ready",
            ["parts"] = new JsonArray(
                [.. parts.Select(p => new JsonObject { ["name"] = p.Name, ["ok"] = p.Reason is null, ["reason"] = p.Reason })]),
        };
        return Results.Text(answer.ToJsonString() + "\n", "application/json", statusCode: ready ? 200 : 503);
    }
}
