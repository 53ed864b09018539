using System.Globalization;
using System.IO.Compression;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Xunit;

namespace TokenStream.IntegrationTests.Chdb;

/// <summary>Inserts over HTTP: data is data whatever its bytes, all or none of it counts, and only the owner may.</summary>
public sealed class InsertTests(StoreFixture fixture) : IClassFixture<StoreFixture>
{
    private HttpClient Reader => fixture.Store.Reader;

    private HttpClient Owner => fixture.Store.Owner;

    [FactNeeding("engine")]
    public async Task Rows_arrive_in_the_forms_that_clients_send()
    {
        await CreateAsync("forms");
        await StoreProcess.TextAsync(Owner, "INSERT INTO tokenstream.forms VALUES (1, 'values')");
        await StoreProcess.TextAsync(Owner, "INSERT INTO tokenstream.forms (a, s) FORMAT JSONEachRow\n{\"a\":2,\"s\":\"body\"}");
        await StoreProcess.TextAsync(Owner, "{\"a\":3,\"s\":\"query\"}", "query=INSERT+INTO+tokenstream.forms+FORMAT+JSONEachRow");
        await StoreProcess.TextAsync(Owner, "(4, 'both')", "query=INSERT+INTO+forms(a,s)+VALUES&database=tokenstream");
        await StoreProcess.TextAsync(Owner, "5\ttabs\n", "query=insert+into+table+`tokenstream`.forms+settings+max_insert_threads%3D1+format+TSV");
        await StoreProcess.TextAsync(Owner, "INSERT INTO tokenstream.forms SELECT 6, 'select'");

        var text = await StoreProcess.TextAsync(Reader, "SELECT a, s FROM forms ORDER BY a");

        Assert.Equal("1\tvalues\n2\tbody\n3\tquery\n4\tboth\n5\ttabs\n6\tselect\n", text);
    }

    [FactNeeding("engine")]
    public async Task Any_bytes_are_data_and_never_statements()
    {
        await CreateAsync("bytes");
        // Empty lines end inline data in the engine, and what follows would run: here it must arrive as text.
        var evil = "x\n\nDROP TABLE tokenstream.bytes;\n\nCREATE TABLE tokenstream.intruder (a Int8) ENGINE = Memory\n\n";
        var all = string.Concat(Enumerable.Range(0, 256).Select(value => (char)value)) + evil;
        using var rows = new MemoryStream();
        await using (var writer = new BinaryWriter(rows, Encoding.Latin1, leaveOpen: true))
        {
            for (ulong row = 0; row < 5000; row++)
            {
                writer.Write(row);
                writer.Write7BitEncodedInt(all.Length);
                writer.Write(Encoding.Latin1.GetBytes(all));
            }
        }
        await InsertAsync("INSERT INTO tokenstream.bytes (a, s) FORMAT RowBinary", rows.ToArray());

        Assert.Equal("5000\t12497500\t1\n", await StoreProcess.TextAsync(Reader, "SELECT count(), sum(a), uniqExact(s) FROM bytes"));
        Assert.Equal(Convert.ToHexString(Encoding.Latin1.GetBytes(all)) + "\n", await StoreProcess.TextAsync(Reader, "SELECT hex(any(s)) FROM bytes"));
        Assert.Equal("0\n", await StoreProcess.TextAsync(Owner, "EXISTS tokenstream.intruder"));
    }

    [FactNeeding("engine")]
    public async Task Gzipped_rows_are_unpacked()
    {
        await CreateAsync("zipped");
        var rows = string.Concat(Enumerable.Range(0, 300_000).Select(row => string.Create(CultureInfo.InvariantCulture, $"{row}\tr\n")));
        using var packed = new MemoryStream();
        await using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            await gzip.WriteAsync(Encoding.ASCII.GetBytes(rows));
        }
        await InsertAsync("INSERT INTO tokenstream.zipped FORMAT TSV", packed.ToArray(), "gzip");

        Assert.Equal("300000\t44999850000\n", await StoreProcess.TextAsync(Reader, "SELECT count(), sum(a) FROM zipped"));
    }

    [FactNeeding("engine")]
    public async Task One_bad_row_at_the_end_keeps_all_others_out()
    {
        await CreateAsync("whole");
        var rows = string.Concat(Enumerable.Range(0, 1_500_000).Select(row => string.Create(CultureInfo.InvariantCulture, $"{row}\tr\n"))) + "bad\tr\n";

        var (status, text) = await StoreProcess.AskAsync(Owner, rows, "query=INSERT+INTO+tokenstream.whole+FORMAT+TSV");

        Assert.Equal(400, status);
        Assert.StartsWith("Code: 27.", text, StringComparison.Ordinal);
        Assert.Equal("0\n", await StoreProcess.TextAsync(Reader, "SELECT count() FROM whole"));
    }

    [FactNeeding("engine")]
    public async Task The_summary_says_how_many_rows_were_written()
    {
        await CreateAsync("summed");
        using var body = new StringContent("1\ta\n2\tb\n3\tc\n");
        using var answer = await Owner.PostAsync(new Uri("/?query=INSERT+INTO+tokenstream.summed+FORMAT+TSV", UriKind.Relative), body);
        using var summary = JsonDocument.Parse(answer.Headers.GetValues("X-ClickHouse-Summary").Single());

        Assert.Equal("3", summary.RootElement.GetProperty("written_rows").GetString());
    }

    [FactNeeding("engine")]
    public async Task A_block_that_comes_twice_with_its_token_counts_once()
    {
        await StoreProcess.TextAsync(
            Owner, "CREATE TABLE tokenstream.tokens (a UInt64) ENGINE = MergeTree ORDER BY a SETTINGS non_replicated_deduplication_window = 100");
        foreach (var token in new[] { "t1", "t1", "t2" })
        {
            await StoreProcess.TextAsync(Owner, "1\n", $"query=INSERT+INTO+tokenstream.tokens+FORMAT+TSV&insert_deduplication_token={token}");
        }

        Assert.Equal("2\n", await StoreProcess.TextAsync(Reader, "SELECT count() FROM tokens"));
    }

    [FactNeeding("engine")]
    public async Task Errors_of_an_insert_name_what_is_wrong()
    {
        await CreateAsync("wrong");
        Assert.Equal(404, (await StoreProcess.AskAsync(Owner, "1", "query=INSERT+INTO+tokenstream.nowhere+FORMAT+TSV")).Status);
        Assert.Equal(404, (await StoreProcess.AskAsync(Owner, "1", "query=INSERT+INTO+tokenstream.wrong+FORMAT+Nonsense")).Status);
        Assert.Equal(400, (await StoreProcess.AskAsync(Owner, "1\t2\t3", "query=INSERT+INTO+tokenstream.wrong+FORMAT+TSV")).Status);
        using var bad = new ByteArrayContent(Encoding.ASCII.GetBytes("not gzip"));
        bad.Headers.ContentEncoding.Add("gzip");
        using var answer = await Owner.PostAsync(new Uri("/?query=INSERT+INTO+tokenstream.wrong+FORMAT+TSV", UriKind.Relative), bad);

        Assert.Equal(400, (int)answer.StatusCode);
        Assert.Equal("0\n", await StoreProcess.TextAsync(Reader, "SELECT count() FROM wrong"));
    }

    [FactNeeding("engine")]
    public async Task Readers_and_get_requests_insert_nothing()
    {
        await CreateAsync("closed");
        foreach (var sql in new[] { "INSERT INTO closed VALUES (1, 'a')", "INSERT INTO closed SELECT 1, 'a'", "INSERT INTO closed FORMAT TSV\n1\ta\n" })
        {
            var (status, text) = await StoreProcess.AskAsync(Reader, sql);
            Assert.True(status == 403, $"{sql}: {status} {text}");
        }
        using var answer = await Owner.GetAsync(new Uri("/?query=INSERT+INTO+tokenstream.closed+VALUES+(1,'a')", UriKind.Relative));
        using var created = await Owner.GetAsync(new Uri("/?query=CREATE+TABLE+tokenstream.gotten+(a+Int8)+ENGINE=Memory", UriKind.Relative));

        Assert.Equal(403, (int)answer.StatusCode);
        Assert.Equal(403, (int)created.StatusCode);
        Assert.Equal("0\n", await StoreProcess.TextAsync(Reader, "SELECT count() FROM closed"));
    }

    private Task<string> CreateAsync(string table) =>
        StoreProcess.TextAsync(Owner, $"CREATE TABLE tokenstream.{table} (a UInt64, s String) ENGINE = MergeTree ORDER BY a");

    private async Task InsertAsync(string sql, byte[] rows, string? encoding = null)
    {
        using var body = new ByteArrayContent(rows);
        body.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        if (encoding is not null)
        {
            body.Headers.ContentEncoding.Add(encoding);
        }
        using var answer = await Owner.PostAsync(new Uri($"/?query={Uri.EscapeDataString(sql)}", UriKind.Relative), body);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
    }
}
