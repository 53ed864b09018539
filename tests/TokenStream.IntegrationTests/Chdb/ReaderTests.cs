using System.Globalization;
using Xunit;

namespace TokenStream.IntegrationTests.Chdb;

/// <summary>
/// Readers reach our tables and views and nothing else. Each attempt here was found to work on the bare engine, or on its read-only mode alone;
/// against the running store, each is refused and leaves no trace.
/// </summary>
public sealed class ReaderTests(StoreFixture fixture) : IClassFixture<StoreFixture>
{
    private HttpClient Reader => fixture.Store.Reader;

    private HttpClient Owner => fixture.Store.Owner;

    [FactNeeding("engine")]
    public async Task No_function_in_any_spelling_reads_a_file()
    {
        using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, "secret.txt");
        await File.WriteAllTextAsync(path, "treasure");
        string[] attempts =
        [
            $"SELECT file('{path}')",
            $"SELECT FILE('{path}')",
            $"SELECT `file`('{path}')",
            $"SELECT \"file\"('{path}')",
            $"SELECT `f\\x69le`('{path}')",
            $"SELECT /* x */ file /* y */ ('{path}')",
            $"SELECT arrayMap(file, ['{path}'])",
            $"SELECT arrayMap(x -> file(x), ['{path}'])",
            $"SELECT * APPLY(file) FROM (SELECT '{path}' AS x)",
            $"WITH file('{path}') AS x SELECT x",
            $"SELECT * FROM numbers(1) WHERE file('{path}') != ''",
            $"SELECT * FROM file('{path}', 'LineAsString')",
            $"SELECT * FROM FILE('{path}', 'LineAsString', 'line String')",
            $"DESCRIBE TABLE file('{path}', 'LineAsString')",
            $"SELECT * FROM view(SELECT file('{path}'))",
            $"SELECT 1 UNION ALL SELECT length(file('{path}'))",
            $"SELECT $x$a$x$, file('{path}')",
            $"EXPLAIN SELECT file('{path}')",
            $"SELECT catboostEvaluate('{path}', 1)",
            $"SELECT * FROM `{path}`",
            $"SELECT * FROM '{path}'",
        ];

        foreach (var attempt in attempts)
        {
            await RefusedAsync(attempt, "treasure");
        }
    }

    [FactNeeding("engine")]
    public async Task No_statement_writes_a_file()
    {
        using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, "written");
        string[] attempts =
        [
            $"SELECT 1 INTO OUTFILE '{path}'",
            $"SELECT 1 into /* x */ outfile '{path}' TRUNCATE FORMAT TSV",
            $"SELECT 1 INTO OUTFILE '{path}' AND STDOUT",
            $"INSERT INTO FUNCTION file('{path}', 'TSV', 'a UInt8') SELECT 1",
            $"INSERT INTO FUNCTION file('{path}', 'TSV', 'a UInt8') VALUES (1)",
            $"EXPLAIN PIPELINE INSERT INTO FUNCTION file('{path}', 'TSV', 'a UInt8') SELECT 1",
            $"BACKUP DATABASE tokenstream TO File('{path}')",
            $"WITH 1 AS x INSERT INTO FUNCTION file('{path}', 'TSV', 'a UInt8') SELECT x",
        ];

        foreach (var attempt in attempts)
        {
            await RefusedAsync(attempt);
            Assert.False(File.Exists(path), attempt);
        }
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder.Path));
    }

    [FactNeeding("engine")]
    public async Task Nothing_reaches_out_of_the_machine_or_starts_a_program()
    {
        string[] attempts =
        [
            "SELECT * FROM url('http://127.0.0.1:1/x', 'LineAsString')",
            "SELECT * FROM s3('http://127.0.0.1:1/x', 'LineAsString')",
            "SELECT * FROM remote('127.0.0.1:1', system.one)",
            "SELECT * FROM remoteSecure('127.0.0.1:1', system.one)",
            "SELECT * FROM mysql('127.0.0.1:1', 'a', 'b', 'c', 'd')",
            "SELECT * FROM postgresql('127.0.0.1:1', 'a', 'b', 'c', 'd')",
            "SELECT * FROM executable('ls', 'TSV', 'a String')",
            "SELECT * FROM filesystem('/etc')",
            "SELECT * FROM cluster('default', system.one)",
            "SELECT * FROM sqlite('/tmp/x', 'y')",
        ];

        foreach (var attempt in attempts)
        {
            await RefusedAsync(attempt);
        }
    }

    [FactNeeding("engine")]
    public async Task A_reader_stays_a_reader()
    {
        string[] attempts =
        [
            "SET ROLE owner", "SET ROLE ALL", "SET readonly = 0", "SET max_execution_time = 0", "USE system", "EXECUTE AS default SELECT 1",
            "CREATE USER u", "GRANT ALL ON *.* TO default", "SHOW GRANTS", "SHOW PROCESSLIST", "SYSTEM SHUTDOWN", "KILL QUERY WHERE 1", "KILL QUERY WHERE 1 ASYNC",
            "SELECT 1 SETTINGS readonly = 0", "SELECT 1 SETTINGS allow_introspection_functions = 1", "SELECT 1; SELECT 2", "SELECT 1;\n\nSET ROLE owner",
            "SELECT 1 FORMAT TSV; DROP TABLE tokenstream.kept", "CREATE TEMPORARY TABLE t (a Int8)", "ATTACH TABLE x", "DETACH TABLE tokenstream.kept",
            "DROP TABLE tokenstream.kept", "TRUNCATE TABLE tokenstream.kept", "ALTER TABLE tokenstream.kept DELETE WHERE 1", "OPTIMIZE TABLE tokenstream.kept",
            "DELETE FROM tokenstream.kept WHERE 1", "INSERT INTO tokenstream.kept VALUES (2)", "CREATE TABLE tokenstream.more (a Int8) ENGINE = Memory",
            "RENAME TABLE tokenstream.kept TO tokenstream.lost", "CREATE VIEW tokenstream.v AS SELECT 1", "BACKUP TABLE tokenstream.kept TO Disk('default', 'x')",
        ];
        await StoreProcess.TextAsync(Owner, "CREATE TABLE tokenstream.kept (a UInt64) ENGINE = MergeTree ORDER BY a");
        await StoreProcess.TextAsync(Owner, "INSERT INTO tokenstream.kept VALUES (1)");

        foreach (var attempt in attempts)
        {
            await RefusedAsync(attempt);
        }
        Assert.Equal("1\n", await StoreProcess.TextAsync(Reader, "SELECT sum(a) FROM kept"));
        Assert.Equal("kept\n", await StoreProcess.TextAsync(Reader, "SELECT name FROM system.tables WHERE name IN ('kept', 'lost', 'more', 'v')"));
    }

    [FactNeeding("engine")]
    public async Task Other_databases_and_what_tells_where_data_lies_are_out_of_reach()
    {
        await StoreProcess.TextAsync(Owner, "CREATE TABLE default.hidden (a String) ENGINE = MergeTree ORDER BY a");
        await StoreProcess.TextAsync(Owner, "INSERT INTO default.hidden VALUES ('treasure')");
        string[] attempts =
        [
            "SELECT * FROM default.hidden", "SELECT * FROM `default`.`hidden`", "SELECT * FROM merge('default', '.*')", "SELECT * FROM merge(REGEXP('.*'), 'hidden')",
            "SELECT * FROM hidden", "SELECT * FROM {t:Identifier}", "SELECT * FROM loop('default', 'hidden')",
            "SHOW CREATE TABLE default.hidden", "DESCRIBE default.hidden", "SELECT * FROM mergeTreeIndex('default', 'hidden')", "EXISTS default.hidden",
            "SELECT * FROM system.stack_trace", "SELECT * FROM system.disks", "SELECT * FROM system.server_settings", "SELECT data_paths FROM system.tables",
            "SELECT * FROM system.tables", "SELECT path FROM system.parts", "SELECT * FROM system.users", "SELECT * FROM system.query_log", "SELECT * FROM system.detached_parts",
            "SELECT demangle('x')", "SELECT addressToLine(1)", "SELECT * FROM INFORMATION_SCHEMA.TABLES", "SELECT dictGet('default.d', 'a', 1)", "SELECT joinGet('default.hidden', 'a', 'b')",
        ];

        foreach (var attempt in attempts)
        {
            await RefusedAsync(attempt, "treasure", "param_t=default.hidden");
        }
        Assert.Equal(404, (await StoreProcess.AskAsync(Reader, "SELECT 1", "database=system")).Status);
        Assert.Equal("", await StoreProcess.TextAsync(Reader, "SHOW TABLES FROM default"));
    }

    [FactNeeding("engine")]
    public async Task What_dashboards_need_is_answered()
    {
        await StoreProcess.TextAsync(Owner, "CREATE TABLE tokenstream.wide (t DateTime, tenant String, cost Decimal(38,12)) ENGINE = MergeTree ORDER BY t");
        await StoreProcess.TextAsync(Owner, "INSERT INTO tokenstream.wide SELECT number, toString(number % 3), 0.5 FROM numbers(30)");
        await StoreProcess.TextAsync(Owner, "CREATE VIEW tokenstream.narrow AS SELECT tenant, sum(cost) AS cost FROM tokenstream.wide GROUP BY tenant");
        string[] statements =
        [
            "SELECT * FROM narrow ORDER BY tenant", "WITH x AS (SELECT tenant FROM wide) SELECT count() FROM x", "SHOW TABLES", "DESCRIBE TABLE narrow",
            "SELECT name, type FROM system.columns WHERE table = 'wide'", "SELECT name FROM system.databases", "SELECT version(), timezone()", "EXPLAIN SELECT * FROM wide",
            "EXISTS TABLE wide", "SELECT toStartOfMinute(t) AS m, sum(cost) FROM wide GROUP BY m ORDER BY m WITH FILL STEP 60", "SELECT number FROM numbers(3);",
            "SELECT name, value, readonly FROM system.settings LIMIT 10000", "SELECT displayName(), version(), revision(), timezone()",
        ];

        foreach (var statement in statements)
        {
            await StoreProcess.TextAsync(Reader, statement, "database=default");
        }
        Assert.Equal("0\t5\n1\t5\n2\t5\n", await StoreProcess.TextAsync(Reader, statements[0]));
    }

    [FactNeeding("engine")]
    public async Task A_reader_s_statement_ends_at_its_limits_and_the_next_one_runs()
    {
        var slow = await StoreProcess.AskAsync(Reader, "SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) = 1", "max_execution_time=1");
        var large = await StoreProcess.AskAsync(Reader, "SELECT groupArray(number) FROM numbers(1000000000)");
        var many = await StoreProcess.AskAsync(Reader, "SELECT number FROM numbers(20000000) FORMAT JSON", "wait_end_of_query=1");

        Assert.StartsWith("Code: 159.", slow.Text, StringComparison.Ordinal);
        Assert.StartsWith("Code: 241.", large.Text, StringComparison.Ordinal);
        Assert.StartsWith("Code: 396.", many.Text, StringComparison.Ordinal);
        Assert.Equal("1\n", await StoreProcess.TextAsync(Reader, "SELECT 1"));
    }

    [FactNeeding("engine")]
    public async Task More_readers_than_threads_wait_their_turn()
    {
        var asked = Enumerable.Range(0, 40).Select(number => StoreProcess.TextAsync(
            Reader, $"SELECT {number} + countIf(sipHash64(number) = 1) FROM numbers(1000000)"));

        var answers = await Task.WhenAll(asked);

        Assert.Equal(Enumerable.Range(0, 40).Select(number => number.ToString(CultureInfo.InvariantCulture) + "\n"), answers);
    }

    [FactNeeding("engine")]
    public async Task A_statement_ends_when_its_client_goes_away()
    {
        using var impatient = new HttpClient { BaseAddress = fixture.Store.Address, Timeout = TimeSpan.FromMilliseconds(700) };
        await Assert.ThrowsAsync<TaskCanceledException>(
            () => StoreProcess.AskAsync(impatient, "SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) = 77"));

        await Eventually.TrueAsync(
            async () => await StoreProcess.TextAsync(
                Owner, "SELECT count() FROM system.processes WHERE query LIKE '%= 77' AND query NOT LIKE '%processes%'") == "0\n",
            "the statement has ended",
            () => fixture.Store.Process.Output);
    }

    private async Task RefusedAsync(string sql, string? treasure = null, string query = "")
    {
        var (status, text) = await StoreProcess.AskAsync(Reader, sql, query);
        Assert.True(status is >= 400 and < 500, $"{sql}\n{status} {text}");
        Assert.True(treasure is null || !text.Contains(treasure, StringComparison.Ordinal), $"{sql}\n{text}");
    }
}
