using System.Collections.Concurrent;
using System.Net;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using TokenStream.IntegrationTests.Node;

namespace TokenStream.IntegrationTests.Alerting;

/// <summary>
/// Debian's Alertmanager with one receiver, which writes down every notification. Grouping waits one second instead of Alertmanager's half
/// minute, and five between notifications of a group.
/// </summary>
internal sealed class AlertmanagerProcess : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly HttpListener _receiver = new();
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(5) };
    private readonly int _port = NodeProcess.FreePort();
    private readonly Task _receiving;
    private ChildProcess? _process;

    internal AlertmanagerProcess()
    {
        var hook = $"http://127.0.0.1:{NodeProcess.FreePort()}/";
        _receiver.Prefixes.Add(hook);
        _receiver.Start();
        _receiving = ReceiveAsync();
        File.WriteAllText(Path.Combine(_folder.Path, "alertmanager.yml"), $$"""
            route: {receiver: hook, group_by: ['...'], group_wait: 1s, group_interval: 5s, repeat_interval: 4h}
            receivers: [{name: hook, webhook_configs: [{url: "{{hook}}", send_resolved: true}]}]
            """);
    }

    internal string Url => $"http://127.0.0.1:{_port}";

    internal string Output => _process?.Output ?? "";

    /// <summary>Every alert of every notification: status and labels, in the order in which they came.</summary>
    internal ConcurrentQueue<(string Status, string Labels)> Notified { get; } = [];

    internal async Task StartAsync()
    {
        _process = ChildProcess.Start("prometheus-alertmanager",
        [
            $"--config.file={_folder.Path}/alertmanager.yml", $"--storage.path={_folder.Path}/data", $"--web.listen-address=127.0.0.1:{_port}",
            "--cluster.listen-address=",
        ]);
        await Eventually.TrueAsync(
            async () => (await _http.GetAsync(new Uri($"{Url}/-/ready"))).IsSuccessStatusCode, "Alertmanager is ready", () => _process.Output);
    }

    internal async Task StopAsync()
    {
        _process!.Signal(PosixSignal.SIGTERM);
        await _process.ExitAsync(ChildProcess.Patience);
        await _process.DisposeAsync();
    }

    /// <summary>The labels of the alerts that it holds to be active.</summary>
    internal async Task<IReadOnlyList<string>> ActiveAsync() =>
        [.. JsonNode.Parse(await _http.GetStringAsync(new Uri($"{Url}/api/v2/alerts?active=true")))!.AsArray().Select(alert => Sorted(alert!["labels"]!))];

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            await _process.DisposeAsync();
        }

        _receiver.Stop();
        await _receiving;
        _receiver.Close();
        _http.Dispose();
        _folder.Dispose();
    }

    private static string Sorted(JsonNode labels) =>
        string.Join(',', labels.AsObject().OrderBy(label => label.Key, StringComparer.Ordinal).Select(label => $"{label.Key}={label.Value}"));

    private async Task ReceiveAsync()
    {
        while (_receiver.IsListening)
        {
            try
            {
                var call = await _receiver.GetContextAsync();
                var body = (await JsonNode.ParseAsync(call.Request.InputStream))!;
                foreach (var alert in body["alerts"]!.AsArray())
                {
                    Notified.Enqueue((alert!["status"]!.GetValue<string>(), Sorted(alert["labels"]!)));
                }

                call.Response.StatusCode = 200;
                call.Response.Close();
            }
            catch (Exception failure) when (failure is HttpListenerException or ObjectDisposedException && !_receiver.IsListening)
            {
                // It was stopped while it waited.
            }
        }
    }
}
