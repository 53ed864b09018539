using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using TokenStream.ClickHouse;
using Xunit;

namespace TokenStream.IntegrationTests.ClickHouse;

/// <summary>The embedded store as a process of its own, with our schema, for the tests of one class.</summary>
public sealed partial class EmbeddedStore : IAsyncLifetime, IDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);

    private readonly DirectoryInfo _data = Directory.CreateTempSubdirectory("tokenstream-store-");
    private Process? _process;
    private ClickHouseClient? _client;

    public ClickHouseClient Client => _client ?? throw new InvalidOperationException("The store has not started.");

    public ClickHouseOptions Options { get; private set; } = new("http://127.0.0.1");

    /// <summary>Starts nothing where the engine is not installed: the facts are skipped then.</summary>
    public async Task InitializeAsync()
    {
        if (new FactNeedingAttribute("engine").Skip is not null)
        {
            return;
        }

        _process = Process.Start(new ProcessStartInfo("dotnet", [TestPaths.Service, "clickhouse", "--data", _data.FullName, "--listen", "127.0.0.1:0"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        _process.ErrorDataReceived += (_, _) => { };
        _process.BeginErrorReadLine();
        var port = await PortAsync(_process.StandardOutput).WaitAsync(StartLimit);
        var secret = (await File.ReadAllTextAsync(Path.Combine(_data.FullName, "owner.secret"))).Trim();
        Options = new ClickHouseOptions($"http://127.0.0.1:{port}") { User = "tokenstream", Password = secret };
        _client = new ClickHouseClient(Options);
        await new SchemaMigrator(_client).MigrateAsync(CancellationToken.None);
    }

    public async Task DisposeAsync()
    {
        if (_process is not null)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }

        Dispose();
        _data.Delete(recursive: true);
    }

    public void Dispose()
    {
        _client?.Dispose();
        _process?.Dispose();
    }

    private static async Task<int> PortAsync(StreamReader output)
    {
        while (await output.ReadLineAsync() is { } line)
        {
            if (Listening().Match(line) is { Success: true } match)
            {
                // What it logs from here on is read and dropped, so that its pipe never fills.
                _ = output.ReadToEndAsync();
                return int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture);
            }
        }

        throw new InvalidOperationException("The store ended before it listened.");
    }

    [GeneratedRegex(@"answers on 127\.0\.0\.1:(\d+)")]
    private static partial Regex Listening();
}
