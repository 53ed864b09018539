using Xunit;

namespace TokenStream.IntegrationTests.Chdb;

/// <summary>Clients of other makers against the store, unchanged.</summary>
public sealed class ClientTests(StoreFixture fixture) : IClassFixture<StoreFixture>
{
    [FactNeeding("engine", "program:node", "npm:@clickhouse/client")]
    public async Task ClickHouses_client_for_node_pings_inserts_asks_streams_and_sees_errors()
    {
        var (code, output) = await ChildProcess.RunAsync(
            "node", [Script("node-client.mjs"), fixture.Store.Address.ToString(), fixture.Store.OwnerSecret, TestPaths.Clients]);

        Assert.True(code == 0, output);
        Assert.Equal("pinged\ninserted\nqueried\nstreamed\nrefused", output);
    }

    [FactNeeding("engine", "program:python3", "variable:TOKENSTREAM_CLIENTS")]
    public async Task ClickHouse_connect_inserts_in_every_encoding_and_reads_native()
    {
        using var folder = new TemporaryFolder();
        var wheels = Path.Combine(Environment.GetEnvironmentVariable("TOKENSTREAM_CLIENTS")!, "wheels");
        var (created, problem) = await ChildProcess.RunAsync("python3", ["-m", "venv", folder.Path]);
        Assert.True(created == 0, problem);
        var python = Path.Combine(folder.Path, "bin", "python");
        var (installed, reason) = await ChildProcess.RunAsync(
            python, ["-m", "pip", "install", "-q", "--no-index", "--find-links", wheels, "clickhouse-connect"]);
        Assert.True(installed == 0, reason);

        var address = fixture.Store.Address;
        var (code, output) = await ChildProcess.RunAsync(
            python, [Script("python-client.py"), address.Host, $"{address.Port}", fixture.Store.OwnerSecret]);

        Assert.True(code == 0, output);
        Assert.EndsWith("done", output, StringComparison.Ordinal);
    }

    [FactNeeding("engine", "variable:TOKENSTREAM_CLIENTS")]
    public async Task The_go_driver_that_grafana_uses_reads_tables_and_empty_answers()
    {
        await StoreProcess.TextAsync(
            fixture.Store.Owner,
            "CREATE TABLE tokenstream.go (t DateTime, s LowCardinality(String), n Nullable(UInt32), d Decimal(38,12), a Array(String)) ENGINE = MergeTree ORDER BY t");
        await StoreProcess.TextAsync(
            fixture.Store.Owner, "INSERT INTO tokenstream.go SELECT number, toString(number % 7), if(number % 2, number, NULL), number / 8, ['x'] FROM numbers(100000)");
        var driver = Path.Combine(Environment.GetEnvironmentVariable("TOKENSTREAM_CLIENTS")!, "chclient", "chclient");

        var (code, output) = await ChildProcess.RunAsync(
            driver,
            [
                $"{fixture.Store.Address.Host}:{fixture.Store.Address.Port}",
                "SELECT s, count() AS n FROM go GROUP BY s ORDER BY s LIMIT 2",
                "SELECT t, s, n, toString(d), a FROM go ORDER BY t LIMIT 1 OFFSET 9",
                "SELECT s, n FROM go WHERE t > '2100-01-01'",
            ]);

        Assert.True(code == 0, output);
        Assert.Equal("# [s n]\n0 14286\n1 14286\n# [t s n toString(d) a]\n1970-01-01 00:00:09 +0000 UTC 2 9 1.125 [x]\n# [s n]", output);
    }

    private static string Script(string name) => Path.Combine(TestPaths.Root, "tests", "TokenStream.IntegrationTests", "Chdb", "Clients", name);
}
