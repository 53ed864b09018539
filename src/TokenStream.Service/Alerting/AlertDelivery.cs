using Microsoft.Extensions.Logging;
using TokenStream.Runtime;
using TokenStream.Service.Options;

namespace TokenStream.Service.Alerting;

/// <summary>The receivers of a node, each told in a task of its own until this is disposed of.</summary>
internal sealed class AlertDelivery : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly HttpClient _http;

    private Task _running = Task.CompletedTask;

    private AlertDelivery(HttpClient http) => _http = http;

    public static AlertDelivery Start(
        IReadOnlyList<ReceiverOptions> receivers, Func<AlertBook?> book, TimeProvider clock, AlertMetrics metrics, ILogger logger)
    {
        var delivery = new AlertDelivery(Client());
        var stop = delivery._stop.Token;
        delivery._running = Task.WhenAll(receivers.Select((options, i) =>
        {
            var receiver = new ReceiverDelivery(i, options, book, delivery._http, clock, metrics, logger);
            return Task.Run(() => receiver.RunAsync(stop), CancellationToken.None);
        }));

        return delivery;
    }

    /// <summary>A redirection would carry the secrets to another address; proxies are the environment's.</summary>
    public static HttpClient Client() =>
        new(new SocketsHttpHandler { AllowAutoRedirect = false, PooledConnectionLifetime = TimeSpan.FromMinutes(5) }) { Timeout = Timeout.InfiniteTimeSpan };

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _http.Dispose();
        _stop.Dispose();
    }
}
