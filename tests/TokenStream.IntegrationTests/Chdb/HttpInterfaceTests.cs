using System.Globalization;
using System.IO.Compression;
using System.Net;
using System.Text;
using System.Text.Json;
using Xunit;

namespace TokenStream.IntegrationTests.Chdb;

/// <summary>ClickHouse's HTTP interface as plain HTTP: what clients send and what they read from the answer.</summary>
public sealed class HttpInterfaceTests(StoreFixture fixture) : IClassFixture<StoreFixture>
{
    private HttpClient Reader => fixture.Store.Reader;

    private HttpClient Owner => fixture.Store.Owner;

    [FactNeeding("engine")]
    public async Task Pings_are_answered_without_credentials()
    {
        foreach (var path in new[] { "/ping", "/replicas_status", "/" })
        {
            Assert.Equal("Ok.\n", await Reader.GetStringAsync(new Uri(path, UriKind.Relative)));
        }
    }

    [FactNeeding("engine")]
    public async Task A_statement_comes_in_the_query_string_or_the_body_or_both()
    {
        Assert.Equal("7\n", await Reader.GetStringAsync(new Uri("/?query=SELECT%203%2B4", UriKind.Relative)));
        Assert.Equal("7\n", await StoreProcess.TextAsync(Reader, "SELECT 3+4"));
        Assert.Equal("7\n", await StoreProcess.TextAsync(Reader, "3+4", "query=SELECT"));
    }

    [FactNeeding("engine")]
    public async Task The_format_is_the_statements_else_the_default_else_tabs()
    {
        Assert.Equal("1\ta\n", await StoreProcess.TextAsync(Reader, "SELECT 1, 'a'"));
        Assert.Equal("1,\"a\"\n", await StoreProcess.TextAsync(Reader, "SELECT 1, 'a'", "default_format=CSV"));
        Assert.Equal("{\"x\":1}\n", await StoreProcess.TextAsync(Reader, "SELECT 1 AS x FORMAT JSONEachRow", "default_format=CSV"));
    }

    [FactNeeding("engine")]
    public async Task The_answers_headers_say_what_clients_look_for()
    {
        using var body = new StringContent("SELECT number FROM numbers(5) FORMAT JSON");
        using var answer = await Reader.PostAsync(new Uri("/?query_id=my-own-id", UriKind.Relative), body);

        Assert.Equal("my-own-id", answer.Headers.GetValues("X-ClickHouse-Query-Id").Single());
        Assert.Equal("JSON", answer.Headers.GetValues("X-ClickHouse-Format").Single());
        Assert.Equal("UTC", answer.Headers.GetValues("X-ClickHouse-Timezone").Single());
        Assert.Equal("application/json", answer.Content.Headers.ContentType?.MediaType);
        using var summary = JsonDocument.Parse(answer.Headers.GetValues("X-ClickHouse-Summary").Single());
        Assert.Equal("5", summary.RootElement.GetProperty("result_rows").GetString());
    }

    [FactNeeding("engine")]
    public async Task Parameters_arrive_as_they_were_escaped()
    {
        var text = await StoreProcess.TextAsync(
            Reader, "SELECT {n:UInt8} + 1, {s:String} = 'it\\'s\\n', {a:Array(UInt8)}[2]", $"param_n=5&param_s={Uri.EscapeDataString("it\\'s\\n")}&param_a=[1,2]");

        Assert.Equal("6\t1\t2\n", text);
    }

    [FactNeeding("engine")]
    public async Task An_error_before_the_answer_has_a_status_a_code_and_the_engines_text()
    {
        using var body = new StringContent("SELECT * FROM nowhere");
        using var answer = await Reader.PostAsync(new Uri("/", UriKind.Relative), body);

        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        Assert.Equal("60", answer.Headers.GetValues("X-ClickHouse-Exception-Code").Single());
        Assert.Matches(@"^Code: 60\. DB::Exception: .*nowhere.*\(UNKNOWN_TABLE\) \(version [0-9.]+\)\n$", await answer.Content.ReadAsStringAsync());
    }

    [FactNeeding("engine")]
    public async Task An_error_after_the_answer_has_begun_stands_in_the_body_and_the_body_does_not_end()
    {
        using var body = new StringContent("SELECT throwIf(number = 3000000), number FROM numbers(4000000)");
        using var request = new HttpRequestMessage(HttpMethod.Post, "/") { Content = body };
        using var answer = await Reader.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        var tag = answer.Headers.GetValues("X-ClickHouse-Exception-Tag").Single();
        var (text, broken) = await ReadToBreakAsync(await answer.Content.ReadAsStreamAsync());

        Assert.True(broken, "The answer ended as if it were whole.");
        Assert.Equal(16, tag.Length);
        var block = text[text.IndexOf("\r\n__exception__\r\n", StringComparison.Ordinal)..].Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(["__exception__", tag, "__exception__"], [block[0], block[1], block[^1]]);
        var message = block[2][..(block[2].LastIndexOf('\n') + 1)];
        Assert.Equal($"{Encoding.UTF8.GetByteCount(message)} {tag}", block[2][message.Length..]);
        Assert.StartsWith("Code: 395. DB::Exception: ", message, StringComparison.Ordinal);
    }

    [FactNeeding("engine")]
    public async Task Who_waits_for_the_end_gets_a_status_for_an_error_far_into_the_answer()
    {
        var (status, text) = await StoreProcess.AskAsync(
            Reader, "SELECT throwIf(number = 1500000), number FROM numbers(2000000)", "wait_end_of_query=1");

        Assert.Equal(500, status);
        Assert.StartsWith("Code: 395.", text, StringComparison.Ordinal);
    }

    [FactNeeding("engine")]
    public async Task A_large_answer_is_whole_in_formats_that_stream_and_in_those_that_do_not()
    {
        const int rows = 1_000_000;
        var expected = string.Concat(Enumerable.Range(0, rows).Select(row => row.ToString(CultureInfo.InvariantCulture) + "\n"));

        Assert.Equal(expected, await StoreProcess.TextAsync(Reader, $"SELECT number FROM numbers({rows})"));
        Assert.Equal("number\n" + expected, await StoreProcess.TextAsync(Reader, $"SELECT number FROM numbers({rows}) FORMAT TabSeparatedWithNames"));
        var binary = await Reader.GetByteArrayAsync(new Uri($"/?query=SELECT+number+FROM+numbers({rows})+FORMAT+RowBinaryWithNames", UriKind.Relative));
        Assert.Equal((8 * rows) + 8, binary.Length);
        Assert.Equal(rows - 1UL, BitConverter.ToUInt64(binary, binary.Length - 8));
        using var json = JsonDocument.Parse(await StoreProcess.TextAsync(Reader, $"SELECT number FROM numbers({rows}) FORMAT JSON"));
        Assert.Equal(rows, json.RootElement.GetProperty("data").GetArrayLength());
        Assert.Equal(rows, json.RootElement.GetProperty("rows").GetInt32());
    }

    [FactNeeding("engine")]
    public async Task Answers_are_compressed_for_who_accepts_gzip()
    {
        using var body = new StringContent("SELECT number FROM numbers(1000000)");
        using var request = new HttpRequestMessage(HttpMethod.Post, "/?enable_http_compression=1") { Content = body };
        request.Headers.AcceptEncoding.ParseAdd("lz4,zstd,gzip,deflate");
        using var answer = await Reader.SendAsync(request);
        await using var unpacked = new GZipStream(await answer.Content.ReadAsStreamAsync(), CompressionMode.Decompress);
        using var reader = new StreamReader(unpacked);
        var lines = (await reader.ReadToEndAsync()).Split('\n');

        Assert.Equal("gzip", answer.Content.Headers.ContentEncoding.Single());
        Assert.Equal(1_000_001, lines.Length);
        Assert.Equal("999999", lines[^2]);
    }

    [FactNeeding("engine")]
    public async Task ClickHouses_own_compressed_frames_are_refused()
    {
        var (status, text) = await StoreProcess.AskAsync(Reader, "SELECT 1", "compress=1");

        Assert.Equal(501, status);
        Assert.Contains("NOT_IMPLEMENTED", text, StringComparison.Ordinal);
    }

    [FactNeeding("engine")]
    public async Task Settings_of_the_list_are_applied_and_others_ignored()
    {
        var text = await StoreProcess.TextAsync(
            Reader, "SELECT toUInt64(5) AS x FORMAT JSONEachRow", "output_format_json_quote_64bit_integers=1&no_such_setting=1&session_id=s");
        Assert.Equal("{\"x\":\"5\"}\n", text);

        // A reader may lower its limits and never raise them.
        Assert.Equal("7\n", await StoreProcess.TextAsync(Reader, "SELECT getSetting('max_execution_time')", "max_execution_time=7"));
        Assert.Equal("60\n", await StoreProcess.TextAsync(Reader, "SELECT getSetting('max_execution_time')", "max_execution_time=100000"));
        Assert.Equal("60\n", await StoreProcess.TextAsync(Reader, "SELECT getSetting('max_execution_time')", "max_execution_time=0"));
    }

    [FactNeeding("engine")]
    public async Task No_web_page_of_another_origin_is_allowed_to_read()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/?query=SELECT%201&add_http_cors_header=1");
        request.Headers.Add("Origin", "http://elsewhere.example");
        using var answer = await Reader.SendAsync(request);

        Assert.DoesNotContain(answer.Headers, header => header.Key.StartsWith("Access-Control", StringComparison.OrdinalIgnoreCase));
    }

    [FactNeeding("engine")]
    public async Task A_name_that_points_at_this_machine_does_not_make_its_page_a_reader()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/?query=SELECT%201");
        request.Headers.Host = "rebound.example";
        using var answer = await Reader.SendAsync(request);

        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
    }

    [FactNeeding("engine")]
    public async Task Credentials_come_by_basic_authentication_headers_or_query_string()
    {
        var secret = fixture.Store.OwnerSecret;
        const string ask = "SELECT getSetting('readonly')";
        using var byHeaders = new HttpRequestMessage(HttpMethod.Post, "/") { Content = new StringContent(ask) };
        byHeaders.Headers.Add("X-ClickHouse-User", "tokenstream");
        byHeaders.Headers.Add("X-ClickHouse-Key", secret);
        using var answer = await Reader.SendAsync(byHeaders);

        Assert.Equal("0\n", await answer.Content.ReadAsStringAsync());
        Assert.Equal("0\n", await StoreProcess.TextAsync(Owner, ask));
        Assert.Equal("0\n", await StoreProcess.TextAsync(Reader, ask, $"user=tokenstream&password={secret}"));
        Assert.Equal("1\n", await StoreProcess.TextAsync(Reader, ask));
        Assert.Equal(401, (await StoreProcess.AskAsync(Reader, ask, "user=tokenstream&password=wrong")).Status);
        Assert.Equal(401, (await StoreProcess.AskAsync(Reader, ask, "user=somebody")).Status);
        Assert.Equal(401, (await StoreProcess.AskAsync(Reader, ask, "user=default&password=x")).Status);
    }

    [FactNeeding("engine", "program:curl")]
    public async Task Curl_asks_and_inserts()
    {
        var url = fixture.Store.Address.ToString();
        await StoreProcess.TextAsync(Owner, "CREATE TABLE tokenstream.curled (a UInt64, s String) ENGINE = MergeTree ORDER BY a");
        var (inserted, problem) = await ChildProcess.RunAsync(
            "curl", ["-sS", "-f", "-u", $"tokenstream:{fixture.Store.OwnerSecret}", $"{url}?query=INSERT%20INTO%20tokenstream.curled%20FORMAT%20CSV", "--data-binary", "1,\"one\"\n2,\"two\"\n"]);
        var (asked, output) = await ChildProcess.RunAsync("curl", ["-sS", "-f", "--compressed", url, "-d", "SELECT sum(a), max(s) FROM curled"]);

        Assert.True(inserted == 0, problem);
        Assert.Equal((0, "3\ttwo"), (asked, output));
    }

    private static async Task<(string Text, bool Broken)> ReadToBreakAsync(Stream stream)
    {
        using var all = new MemoryStream();
        var broken = false;
        try
        {
            await stream.CopyToAsync(all);
        }
        catch (HttpIOException)
        {
            broken = true;
        }
        return (Encoding.UTF8.GetString(all.ToArray()), broken);
    }
}
