using System.Collections.Concurrent;
using System.Net;
using System.Text.Json.Nodes;
using TokenStream.IntegrationTests.Node;

namespace TokenStream.IntegrationTests.Alerting;

/// <summary>A receiver of kind <c>webhook</c> that writes down what is posted to it.</summary>
internal sealed class WebhookReceiver : IAsyncDisposable
{
    private readonly HttpListener _listener = new();
    private readonly Task _receiving;

    internal WebhookReceiver()
    {
        _listener.Prefixes.Add(Url);
        _listener.Start();
        _receiving = ReceiveAsync();
    }

    internal string Url { get; } = $"http://127.0.0.1:{NodeProcess.FreePort()}/";

    /// <summary>Every body, in the order in which they came.</summary>
    internal ConcurrentQueue<JsonNode> Posted { get; } = [];

    /// <summary>Status and name of each, as people would read them down.</summary>
    internal IEnumerable<string> Said => Posted.Select(body => $"{body["status"]} {body["labels"]!["alert"]}");

    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        await _receiving;
        _listener.Close();
    }

    private async Task ReceiveAsync()
    {
        while (_listener.IsListening)
        {
            try
            {
                var call = await _listener.GetContextAsync();
                Posted.Enqueue((await JsonNode.ParseAsync(call.Request.InputStream))!);
                call.Response.StatusCode = 200;
                call.Response.Close();
            }
            catch (Exception failure) when (failure is HttpListenerException or ObjectDisposedException && !_listener.IsListening)
            {
                // It was stopped while it waited.
            }
        }
    }
}
