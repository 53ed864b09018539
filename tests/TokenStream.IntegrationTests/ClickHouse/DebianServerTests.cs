using System.Globalization;
using TokenStream.ClickHouse;
using TokenStream.Storage;
using Xunit;

namespace TokenStream.IntegrationTests.ClickHouse;

/// <summary>How the client behaves with a real server: inserts, compression, errors, time-outs, a server that dies.</summary>
public sealed class DebianServerTests(DebianServer server) : IClassFixture<DebianServer>
{
    private const string Needs = "program:clickhouse-server";

    [FactNeeding(Needs)]
    public async Task Rows_arrive_as_they_were_written()
    {
        await CreateAsync("plain");
        using var rows = Rows(1_000);
        await server.Client.InsertAsync("INSERT INTO plain (n, text, money, at)", rows, CancellationToken.None);
        Assert.Equal([["1000", "499500", "0.000000499500"]], await SumsAsync("plain"));
        var text = await server.Client.QueryAsync("SELECT text, at FROM plain WHERE n = 3", CancellationToken.None);
        Assert.Equal([["3\t\n\\'\"é\0", "2023-11-14 22:13:20"]], text);
    }

    [FactNeeding(Needs)]
    public async Task Compressed_rows_arrive_too()
    {
        await CreateAsync("compressed");
        using var client = new ClickHouseClient(server.Options(compress: true));
        using var rows = Rows(20_000);
        await client.InsertAsync("INSERT INTO compressed (n, text, money, at)", rows, CancellationToken.None);
        Assert.Equal([["20000", "199990000", "0.000199990000"]], await SumsAsync("compressed"));
    }

    [FactNeeding(Needs)]
    public async Task An_insert_that_breaks_off_in_a_row_is_refused_whole()
    {
        await CreateAsync("torn");
        using var rows = Rows(10);
        rows.WriteUInt32(1);
        await Assert.ThrowsAnyAsync<Exception>(() => server.Client.InsertAsync("INSERT INTO torn (n, text, money, at)", rows, CancellationToken.None));
        Assert.Equal([["0", "0", "0.000000000000"]], await SumsAsync("torn"));
    }

    [FactNeeding(Needs)]
    public async Task A_mistake_is_told_with_its_code()
    {
        var error = await Assert.ThrowsAsync<ClickHouseException>(() => server.Client.ExecuteAsync("SELECT * FROM nowhere", CancellationToken.None));
        Assert.Equal(60, error.Code);
        var syntax = await Assert.ThrowsAsync<ClickHouseException>(() => server.Client.ExecuteAsync("SELEKT 1", CancellationToken.None));
        Assert.Equal(62, syntax.Code);
    }

    [FactNeeding(Needs)]
    public async Task A_wrong_password_is_told_without_the_password()
    {
        using var client = new ClickHouseClient(server.Options(password: "not this one"));
        var error = await Assert.ThrowsAsync<ClickHouseException>(() => client.PingAsync(CancellationToken.None));
        Assert.Contains("does not accept user 'tester'", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("not this one", error.ToString(), StringComparison.Ordinal);
    }

    [FactNeeding(Needs)]
    public async Task A_query_that_fails_after_its_first_rows_is_no_success()
    {
        var error = await Assert.ThrowsAsync<ClickHouseException>(() => server.Client.QueryAsync(
            "SELECT throwIf(number = 3000000) FROM system.numbers LIMIT 4000000", CancellationToken.None));
        Assert.Equal(395, error.Code);
    }

    [FactNeeding(Needs)]
    public async Task A_server_that_takes_too_long_is_unavailable()
    {
        using var client = new ClickHouseClient(server.Options(timeout: TimeSpan.FromMilliseconds(300)));
        var error = await Assert.ThrowsAsync<StoreUnavailableException>(() => client.ExecuteAsync("SELECT sleep(3)", CancellationToken.None));
        Assert.Contains("within 0.3 s", error.Message, StringComparison.Ordinal);
    }

    [FactNeeding(Needs)]
    public async Task The_caller_can_end_a_call()
    {
        using var end = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => server.Client.ExecuteAsync("SELECT sleep(3)", end.Token));
    }

    [FactNeeding(Needs)]
    public async Task The_servers_own_limits_make_it_unavailable()
    {
        var memory = await Assert.ThrowsAsync<StoreUnavailableException>(() => server.Client.ExecuteAsync(
            "SELECT uniqExact(number) FROM (SELECT number FROM system.numbers LIMIT 10000000)", CancellationToken.None));
        Assert.Contains("241", memory.Message, StringComparison.Ordinal);
        var time = await Assert.ThrowsAsync<StoreUnavailableException>(() => server.Client.ExecuteAsync(
            "SELECT sum(number) FROM (SELECT number FROM system.numbers LIMIT 10000000000) SETTINGS max_execution_time = 1", CancellationToken.None));
        Assert.Contains("159", time.Message, StringComparison.Ordinal);
    }

    [FactNeeding(Needs)]
    public async Task Too_many_parts_make_it_unavailable()
    {
        await server.Client.ExecuteAsync(
            "CREATE TABLE crowded (n UInt32) ENGINE = MergeTree ORDER BY n SETTINGS parts_to_throw_insert = 1, parts_to_delay_insert = 1", CancellationToken.None);
        var error = await Assert.ThrowsAsync<StoreUnavailableException>(async () =>
        {
            for (var i = 0; i < 20; i++)
            {
                await server.Client.ExecuteAsync("INSERT INTO crowded SELECT 1", CancellationToken.None);
            }
        });
        Assert.Contains("252", error.Message, StringComparison.Ordinal);
    }

    [FactNeeding(Needs)]
    public async Task Nobody_listening_makes_it_unavailable()
    {
        using var client = new ClickHouseClient(new ClickHouseOptions("http://127.0.0.1:1"));
        var error = await Assert.ThrowsAsync<StoreUnavailableException>(() => client.PingAsync(CancellationToken.None));
        Assert.Contains("http://127.0.0.1:1 cannot be reached", error.Message, StringComparison.Ordinal);
    }

    [FactNeeding(Needs)]
    public async Task A_server_that_dies_and_comes_back_has_what_it_acknowledged()
    {
        await CreateAsync("durable");
        using var rows = Rows(100);
        await server.Client.InsertAsync("INSERT INTO durable (n, text, money, at)", rows, CancellationToken.None);
        await server.KillAsync();
        await Assert.ThrowsAsync<StoreUnavailableException>(() => server.Client.PingAsync(CancellationToken.None));
        await server.StartAsync();
        Assert.Equal([["100", "4950", "0.000000004950"]], await SumsAsync("durable"));
    }

    private static RowBinaryWriter Rows(int count)
    {
        var rows = new RowBinaryWriter();
        for (var i = 0; i < count; i++)
        {
            rows.WriteUInt32((uint)i);
            rows.WriteString($"{i.ToString(CultureInfo.InvariantCulture)}\t\n\\'\"é\0");
            rows.WriteInt128(i);
            rows.WriteDateTime(1_700_000_000_000);
        }

        return rows;
    }

    private Task CreateAsync(string table) => server.Client.ExecuteAsync(
        $"CREATE TABLE {table} (n UInt32, text String, money Decimal(38, 12), at DateTime('UTC')) ENGINE = MergeTree ORDER BY n", CancellationToken.None);

    private Task<IReadOnlyList<string?[]>> SumsAsync(string table) =>
        server.Client.QueryAsync($"SELECT count(), sum(n), sum(money) FROM {table}", CancellationToken.None);
}
