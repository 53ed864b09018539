using System.Net.Http.Headers;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using TokenStream.Gateway.Publishing;
using TokenStream.Proxy;
using TokenStream.Tests.Gateway;

namespace TokenStream.Tests.Proxy;

/// <summary>A proxy before a fake upstream, with a gateway whose commands a test gives and whose events it reads.</summary>
internal sealed class ProxyFixture : IAsyncDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private ProxyFixture(FakeUpstream upstream, GatewayFixture gateway, ProxyServer server)
    {
        (Upstream, Gateway, Server) = (upstream, gateway, server);
        Client = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = new Uri(server.Address), Timeout = Patience };
    }

    public FakeUpstream Upstream { get; }

    public GatewayFixture Gateway { get; }

    public ProxyServer Server { get; }

    public HttpClient Client { get; }

    public static async Task<ProxyFixture> StartAsync(Action<ProxyOptions>? configure = null, Func<Uri, UpstreamOptions>? describe = null)
    {
        var upstream = await FakeUpstream.StartAsync();
        var gateway = new GatewayFixture();
        var options = new ProxyOptions
        {
            Listen = "127.0.0.1:0",
            Name = "tokenstream-proxy",
            DrainTimeout = TimeSpan.Zero,
            Upstreams = [describe?.Invoke(upstream.Address) ?? new UpstreamOptions { Name = "openai", Url = upstream.Address, Provider = "openai" }],
        };
        configure?.Invoke(options);
        var server = await ProxyServer.StartAsync(
            options, services => services.AddSingleton(gateway.Gateway), TimeProvider.System, NullLoggerFactory.Instance, null,
            CancellationToken.None);
        return new ProxyFixture(upstream, gateway, server);
    }

    public static HttpRequestMessage Request(string path, string body, string tenant = "acme")
    {
        var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body)) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        request.Headers.Add("x-tenant-id", tenant);
        return request;
    }

    public async Task<HttpResponseMessage> PostAsync(string path, string body, string tenant = "acme")
    {
        using var request = Request(path, body, tenant);
        return await Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }

    public async Task<(int Status, string Body)> AskAsync(string path, string body, string tenant = "acme")
    {
        using var response = await PostAsync(path, body, tenant);
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    /// <summary>The next event that is to be published.</summary>
    public async Task<UsageRecord> PublishedAsync()
    {
        using var deadline = new CancellationTokenSource(Patience);
        return await Gateway.Gateway.Publisher.Waiting.ReadAsync(deadline.Token);
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await Server.DisposeAsync();
        await Upstream.DisposeAsync();
        await Gateway.DisposeAsync();
    }
}
