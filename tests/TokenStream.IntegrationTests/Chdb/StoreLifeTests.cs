using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
using Microsoft.Extensions.Logging.Abstractions;
using TokenStream.Chdb.Engine;
using TokenStream.Chdb.Supervision;
using Xunit;

namespace TokenStream.IntegrationTests.Chdb;

/// <summary>The store's process: how it starts, what keeps it from starting, how it ends, and who watches over it.</summary>
[SupportedOSPlatform("linux")]
public sealed class StoreLifeTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [FactNeeding("engine")]
    public async Task A_request_to_terminate_ends_it_with_code_0_and_a_second_start_finds_the_data()
    {
        await using (var store = await StoreProcess.StartAsync(_folder.Path))
        {
            await StoreProcess.TextAsync(store.Owner, "CREATE TABLE tokenstream.t (a UInt64) ENGINE = MergeTree ORDER BY a");
            await StoreProcess.TextAsync(store.Owner, "INSERT INTO tokenstream.t VALUES (1), (2), (40)");
            Assert.Equal(0, await store.StopAsync());
        }
        await using var again = await StoreProcess.StartAsync(_folder.Path);

        Assert.Equal("43\n", await StoreProcess.TextAsync(again.Reader, "SELECT sum(a) FROM t"));
    }

    [FactNeeding("engine")]
    public async Task The_owners_secret_is_random_lasting_and_readable_by_its_user_only()
    {
        using var other = new TemporaryFolder();
        string secret;
        await using (var store = await StoreProcess.StartAsync(_folder.Path))
        {
            secret = store.OwnerSecret;
        }
        await using var again = await StoreProcess.StartAsync(_folder.Path);
        await using var another = await StoreProcess.StartAsync(other.Path);

        Assert.Equal(64, secret.Length);
        Assert.Equal(secret, again.OwnerSecret);
        Assert.NotEqual(secret, another.OwnerSecret);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(_folder.Path, "owner.secret")));
    }

    [FactNeeding("engine")]
    public async Task A_second_process_on_the_same_directory_says_who_is_in_the_way()
    {
        await using var store = await StoreProcess.StartAsync(_folder.Path);
        await using var second = StoreProcess.Launch(_folder.Path, "127.0.0.1:0");

        Assert.Equal(1, await second.ExitAsync(ChildProcess.Patience));
        Assert.Equal(
            $"The store's data directory {_folder.Path} is held by another process: stop that one, or name another directory with --data.", second.Output);
    }

    [FactNeeding("engine")]
    public async Task A_port_in_use_is_named_with_the_option_that_changes_it()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        await using var store = StoreProcess.Launch(_folder.Path, taken.LocalEndpoint.ToString()!);

        Assert.Equal(1, await store.ExitAsync(ChildProcess.Patience));
        Assert.Contains($"cannot listen on {taken.LocalEndpoint}", store.Output, StringComparison.Ordinal);
        Assert.Contains("--listen", store.Output, StringComparison.Ordinal);
    }

    [FactNeeding("engine")]
    public async Task An_address_that_others_reach_is_refused_unless_allowed()
    {
        await using var refused = StoreProcess.Launch(_folder.Path, "0.0.0.0:0");
        Assert.Equal(1, await refused.ExitAsync(ChildProcess.Patience));
        Assert.Contains("--allow-remote", refused.Output, StringComparison.Ordinal);

        await using var allowed = StoreProcess.Launch(_folder.Path, "0.0.0.0:0", "--allow-remote");
        await allowed.LineAsync("The store answers on ");
    }

    [Fact]
    public async Task A_missing_engine_is_one_sentence_that_says_what_installs_it()
    {
        await using var store = ChildProcess.Start(
            "dotnet", [TestPaths.Service, "clickhouse", "--data", _folder.Path, "--listen", "127.0.0.1:0"],
            (ChdbLibrary.PathVariable, "/nowhere/libchdb.so"));

        Assert.Equal(1, await store.ExitAsync(ChildProcess.Patience));
        Assert.Equal("TOKENSTREAM_CHDB names /nowhere/libchdb.so, which does not exist; unset it and `./tokenstream up` installs the engine.", store.Output);
    }

    [FactNeeding("engine")]
    public async Task It_ends_with_its_parent_when_told_to()
    {
        await using var store = await StoreProcess.StartAsync(_folder.Path, "--stop-with-input");

        store.Process.CloseInput();

        Assert.Equal(0, await store.Process.ExitAsync(ChildProcess.Patience));
    }

    [FactNeeding("engine")]
    public async Task A_store_that_dies_is_started_again_with_its_data()
    {
        var options = Supervised();
        await using var supervisor = await ChdbSupervisor.StartAsync(options, NullLoggerFactory.Instance, TimeProvider.System, CancellationToken.None);
        using var reader = new HttpClient { BaseAddress = options.Address };
        var first = await ProcessIdAsync(reader);

        using (var process = System.Diagnostics.Process.GetProcessById(first))
        {
            process.Kill();
        }
        var second = await OtherProcessIdAsync(reader, first);

        Assert.NotEqual(first, second);
        Assert.Equal(1, supervisor.Restarts);
    }

    [FactNeeding("engine")]
    public async Task Its_supervisor_stops_it()
    {
        var options = Supervised();
        int id;
        await using (await ChdbSupervisor.StartAsync(options, NullLoggerFactory.Instance, TimeProvider.System, CancellationToken.None))
        {
            using var reader = new HttpClient { BaseAddress = options.Address };
            id = await ProcessIdAsync(reader);
        }

        Assert.Throws<ArgumentException>(() => System.Diagnostics.Process.GetProcessById(id));
    }

    [FactNeeding("engine")]
    public async Task A_supervised_store_that_cannot_start_gives_its_own_sentence()
    {
        await using var store = await StoreProcess.StartAsync(_folder.Path);

        var error = await Assert.ThrowsAsync<ChdbStartException>(() => ChdbSupervisor.StartAsync(
            Supervised(), NullLoggerFactory.Instance, TimeProvider.System, CancellationToken.None));

        Assert.Contains("is held by another process", error.Message, StringComparison.Ordinal);
    }

    private static async Task<int> ProcessIdAsync(HttpClient reader)
    {
        using var answer = await reader.GetAsync(new Uri("/ping", UriKind.Relative));
        return int.Parse(answer.Headers.GetValues("X-TokenStream-Process").First(), System.Globalization.CultureInfo.InvariantCulture);
    }

    private static async Task<int> OtherProcessIdAsync(HttpClient reader, int first)
    {
        var id = first;
        await Eventually.TrueAsync(async () => (id = await ProcessIdAsync(reader)) != first, "another process answers", () => $"still {id}");
        return id;
    }

    private ChdbSupervisorOptions Supervised()
    {
        using var free = new TcpListener(IPAddress.Loopback, 0);
        free.Start();
        var listen = free.LocalEndpoint.ToString()!;
        free.Stop();
        return new ChdbSupervisorOptions
        {
            Program = "dotnet",
            Arguments = [TestPaths.Service, "clickhouse", "--data", _folder.Path, "--listen", listen, "--stop-with-input"],
            Address = new Uri($"http://{listen}"),
        };
    }
}
