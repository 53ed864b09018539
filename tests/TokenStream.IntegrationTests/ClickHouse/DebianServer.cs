using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using TokenStream.ClickHouse;
using TokenStream.Storage;
using Xunit;

namespace TokenStream.IntegrationTests.ClickHouse;

/// <summary>Debian's <c>clickhouse-server</c>, an old release (18.16) but a real server, on a free port with data of its own.</summary>
public sealed class DebianServer : IAsyncLifetime, IDisposable
{
    public const string Password = "a pass:word";

    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan BetweenPings = TimeSpan.FromMilliseconds(100);

    private readonly DirectoryInfo _data = Directory.CreateTempSubdirectory("tokenstream-server-");
    private Process? _process;
    private ClickHouseClient? _client;
    private int _port;

    public ClickHouseClient Client => _client ?? throw new InvalidOperationException("The server has not started.");

    public ClickHouseOptions Options(string? password = null, bool compress = false, TimeSpan? timeout = null) =>
        new($"http://127.0.0.1:{_port.ToString(CultureInfo.InvariantCulture)}")
        {
            User = "tester",
            Password = password ?? Password,
            CompressInserts = compress,
            Timeout = timeout ?? TimeSpan.FromSeconds(30),
        };

    public async Task InitializeAsync()
    {
        if (new FactNeedingAttribute("program:clickhouse-server").Skip is not null)
        {
            return;
        }

        _port = FreePort();
        _client = new ClickHouseClient(Options());
        await StartAsync();
    }

    public async Task StartAsync()
    {
        var config = Path.Combine(_data.FullName, "config.xml");
        await File.WriteAllTextAsync(config, Configuration(FreePort(), FreePort()));
        await File.WriteAllTextAsync(Path.Combine(_data.FullName, "users.xml"), Users);
        _process = Process.Start(new ProcessStartInfo("clickhouse-server", [$"--config-file={config}"])
        {
            WorkingDirectory = _data.FullName,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        _ = _process.StandardOutput.ReadToEndAsync();
        _ = _process.StandardError.ReadToEndAsync();
        using var limit = new CancellationTokenSource(StartLimit);
        using var pause = new PeriodicTimer(BetweenPings);
        while (!await AnswersAsync(limit.Token))
        {
            await pause.WaitForNextTickAsync(limit.Token);
        }
    }

    public async Task KillAsync()
    {
        if (_process is not null)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
            _process.Dispose();
            _process = null;
        }
    }

    public async Task DisposeAsync()
    {
        await KillAsync();
        Dispose();
        _data.Delete(recursive: true);
    }

    public void Dispose()
    {
        _client?.Dispose();
        _process?.Dispose();
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private async Task<bool> AnswersAsync(CancellationToken cancellation)
    {
        try
        {
            await Client.PingAsync(cancellation);
            return true;
        }
        catch (StoreUnavailableException)
        {
            return false;
        }
    }

    private string Configuration(int tcp, int interserver) => string.Create(
        CultureInfo.InvariantCulture,
        $"""
        <yandex>
          <logger><level>none</level></logger>
          <http_port>{_port}</http_port><tcp_port>{tcp}</tcp_port><interserver_http_port>{interserver}</interserver_http_port>
          <listen_host>127.0.0.1</listen_host>
          <path>{_data.FullName}/data/</path><tmp_path>{_data.FullName}/tmp/</tmp_path>
          <users_config>{_data.FullName}/users.xml</users_config>
          <default_profile>default</default_profile><default_database>default</default_database>
          <mark_cache_size>67108864</mark_cache_size><max_concurrent_queries>20</max_concurrent_queries>
        </yandex>
        """);

    private const string Users =
        $"""
        <yandex>
          <profiles><default><max_threads>1</max_threads><max_memory_usage>100000000</max_memory_usage></default></profiles>
          <quotas><default></default></quotas>
          <users><tester>
            <password>{Password}</password><networks><ip>127.0.0.1</ip></networks><profile>default</profile><quota>default</quota>
          </tester></users>
        </yandex>
        """;
}
