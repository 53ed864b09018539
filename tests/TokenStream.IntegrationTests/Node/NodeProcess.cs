using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Xunit;

namespace TokenStream.IntegrationTests.Node;

/// <summary>A node as people run it, <c>tokenstream up</c>, on ports of its own, that can be killed and started again on its data.</summary>
internal sealed class NodeProcess : IAsyncDisposable
{
    private readonly List<string> _arguments;
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(30) };
    private ChildProcess? _process;

    internal NodeProcess(string data, params string[] more)
    {
        Data = data;
        _arguments =
        [
            TestPaths.Service, "up", "--data", data, "--kafka-listen", Kafka, "--clickhouse-listen", $"127.0.0.1:{ClickHousePort}",
            "--listen", $"127.0.0.1:{HttpPort}", .. more,
        ];
    }

    internal string Data { get; }

    internal string Kafka { get; } = $"127.0.0.1:{FreePort()}";

    internal int ClickHousePort { get; } = FreePort();

    internal int HttpPort { get; } = FreePort();

    internal ChildProcess Process => _process ?? throw new InvalidOperationException("The node was not started.");

    /// <summary>Starts the node and waits until it says that it is ready.</summary>
    internal async Task StartAsync()
    {
        _process = ChildProcess.Start("dotnet", _arguments);
        await Eventually.TrueAsync(
            async () =>
            {
                Assert.False(_process.HasExited, $"The node ended:\n{_process.Output}");
                using var answer = await _http.GetAsync(new Uri($"http://127.0.0.1:{HttpPort}/health/ready"));
                return answer.IsSuccessStatusCode;
            },
            "the node is ready",
            () => _process.Output);
    }

    /// <summary>Runs the node to its end, which a wrong option should bring at once.</summary>
    internal async Task<(int ExitCode, string Output)> RunAsync()
    {
        await using var process = ChildProcess.Start("dotnet", _arguments);
        return (await process.ExitAsync(ChildProcess.Patience), process.Output);
    }

    /// <summary>Kills the node's process as a crash would, with or without its store's; then starts it again.</summary>
    internal async Task CrashAsync(bool storeToo)
    {
        await Process.KillAsync(storeToo);
        await Process.DisposeAsync();
        await StartAsync();
    }

    /// <summary>Asks the node to stop. Returns its exit code.</summary>
    internal async Task<int> StopAsync()
    {
        Process.Signal(PosixSignal.SIGINT);
        return await Process.ExitAsync(ChildProcess.Patience);
    }

    /// <summary>Runs another command of the program to its end.</summary>
    internal static async Task<string> CommandAsync(params string[] arguments)
    {
        var (exitCode, output) = await ChildProcess.RunAsync("dotnet", [TestPaths.Service, .. arguments]);
        Assert.True(exitCode == 0, output);
        return output;
    }

    /// <summary>A query's rows as tab-separated text, as any reader gets it.</summary>
    internal async Task<string> QueryAsync(string sql)
    {
        using var body = new StringContent(sql);
        using var answer = await _http.PostAsync(new Uri($"http://127.0.0.1:{ClickHousePort}/"), body);
        var text = await answer.Content.ReadAsStringAsync();
        return answer.IsSuccessStatusCode ? text : throw new InvalidOperationException($"{sql}\n{text}");
    }

    internal async Task<string> MetricsAsync() => await _http.GetStringAsync(new Uri($"http://127.0.0.1:{HttpPort}/metrics"));

    internal async Task<HttpStatusCode> ReadyAsync()
    {
        using var answer = await _http.GetAsync(new Uri($"http://127.0.0.1:{HttpPort}/health/ready"));
        return answer.StatusCode;
    }

    /// <summary>Waits until the views hold so many requests.</summary>
    internal Task RequestsAsync(long requests) => Eventually.TrueAsync(
        async () => long.Parse(await QueryAsync("SELECT sum(requests) FROM tokenstream.usage_10s"), CultureInfo.InvariantCulture) == requests,
        $"the views hold {requests} requests",
        () => Process.Output);

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        if (_process is not null)
        {
            await _process.DisposeAsync();
        }
    }

    internal static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
