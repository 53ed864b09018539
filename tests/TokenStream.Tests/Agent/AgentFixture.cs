using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using TokenStream.Agent;
using TokenStream.Gateway;
using TokenStream.Tests.Gateway;

namespace TokenStream.Tests.Agent;

/// <summary>The agent without its sockets: requests go to its routes, commands to its gateway.</summary>
internal sealed class AgentFixture : IAsyncDisposable
{
    private readonly AgentRoutes _routes;

    public AgentFixture(Action<AgentOptions>? configure = null, Action<TokenStreamGatewayOptions>? gateway = null)
    {
        Gateway = new GatewayFixture(gateway);
        // Nothing goes to a log here: who waits for it is told at once that it is on its way.
        var options = new AgentOptions { ConfirmTimeout = TimeSpan.Zero, ReservationLifetime = TimeSpan.FromSeconds(60) };
        configure?.Invoke(options);
        Book = new ReservationBook(options.MostReservations, options.ReservationLifetime);
        Metrics = new AgentMetrics(Book, Listeners);
        Deciding = new Deciding(Gateway.Gateway, Book, options, Metrics, new TextPool(), Gateway.Time);
        _routes = new AgentRoutes(
            new AgentAccess(options),
            Deciding,
            new Completing(Deciding, options, Metrics, "~unknown", Gateway.Time),
            new CommandsEndpoint(Gateway.Gateway, Listeners, Metrics, "g1", Gateway.Time, CancellationToken.None),
            new ExtAuthz(Gateway.Gateway, options, Metrics),
            response => response.StatusCode = 200,
            () => "",
            Task.CompletedTask,
            NullLogger.Instance);
    }

    public GatewayFixture Gateway { get; }

    public ReservationBook Book { get; }

    public CommandListeners Listeners { get; } = new();

    public AgentMetrics Metrics { get; }

    public Deciding Deciding { get; }

    /// <summary>Asks and gives status and body; a body makes it a POST.</summary>
    public async Task<(int Status, string Body, IReadOnlyDictionary<string, string> Headers)> AskAsync(
        string path, byte[]? body = null, string host = "localhost", params (string Name, string Value)[] headers)
    {
        var context = new DefaultHttpContext();
        context.Request.Method = body is null ? "GET" : "POST";
        context.Request.Path = path;
        context.Request.Host = new HostString(host);
        context.Request.Body = new MemoryStream(body ?? []);
        foreach (var (name, value) in headers)
        {
            context.Request.Headers[name] = value;
        }

        using var answer = new MemoryStream();
        context.Response.Body = answer;
        await _routes.HandleAsync(context);
        await context.Response.CompleteAsync();
        var told = context.Response.Headers.ToDictionary(
            header => header.Key, header => header.Value.ToString(), StringComparer.OrdinalIgnoreCase);
        return (context.Response.StatusCode, Encoding.UTF8.GetString(answer.ToArray()), told);
    }

    public async Task<JsonNode> PostAsync(string path, string body)
    {
        var (_, answer, _) = await AskAsync(path, Encoding.UTF8.GetBytes(body));
        return JsonNode.Parse(answer)!;
    }

    public async ValueTask DisposeAsync()
    {
        Metrics.Dispose();
        await Gateway.DisposeAsync();
    }
}
