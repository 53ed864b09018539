using System.IO.Compression;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Http;
using TokenStream.Gateway;
using TokenStream.Proxy;
using Xunit;

namespace TokenStream.Tests.Proxy;

/// <summary>What passes in both directions, and what is counted of it.</summary>
public sealed class ProxyAnswerTests : IAsyncLifetime
{
    private const string ChatAnswer = """
        {"id":"c1","object":"chat.completion","model":"gpt-5-2026","choices":[{"index":0,"message":{"role":"assistant","content":"hé"},"finish_reason":"stop"}],
         "usage":{"prompt_tokens":12,"completion_tokens":5,"total_tokens":17,"prompt_tokens_details":{"cached_tokens":4},"completion_tokens_details":{"reasoning_tokens":2}}}
        """;

    private const string Word =
        """data: {"id":"c1","object":"chat.completion.chunk","model":"m","choices":[{"index":0,"delta":{"content":"a"}}]}""" + "\n\n";
    private const string Stop =
        """data: {"id":"c1","object":"chat.completion.chunk","model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}""" +
            "\n\n";
    private const string Usage = """data: {"id":"c1","object":"chat.completion.chunk","model":"m","choices":[],"usage":{"prompt_tokens":70,"completion_tokens":30,"total_tokens":100}}""" + "\n\n";
    private const string Done = "data: [DONE]\n\n";

    private ProxyFixture _proxy = null!;

    public async Task InitializeAsync() => _proxy = await ProxyFixture.StartAsync();

    public async Task DisposeAsync() => await _proxy.DisposeAsync();

    [Fact]
    public async Task A_chat_passes_byte_for_byte_and_is_counted()
    {
        const string Body = """{ "model":"gpt-5", "messages":[{"role":"user","content":"h\u00e9"}] , "max_tokens" : 9}""";
        _proxy.Upstream.AnswerJson(ChatAnswer);
        using var request = ProxyFixture.Request("/v1/chat/completions?x=1%202", Body);
        request.Headers.Add("Authorization", "Bearer sk-secret");
        request.Headers.Add("x-feature", "chat");
        request.Headers.Add("x-request-id", "r-7");
        request.Headers.Add("x-stainless-retry-count", "2");
        request.Headers.Add("x-hop", "1");
        request.Headers.Add("x-other", "kept");
        request.Headers.Connection.Add("x-hop");
        using var response = await _proxy.Client.SendAsync(request);
        Assert.Equal(ChatAnswer, await response.Content.ReadAsStringAsync());

        var taken = Assert.Single(_proxy.Upstream.Taken);
        Assert.Equal((Body, "POST", "/v1/chat/completions?x=1%202"), (taken.Text, taken.Method, taken.Target));
        Assert.Equal(
            ("Bearer sk-secret", "kept", "r-7"), (taken.Headers["Authorization"], taken.Headers["x-other"], taken.Headers["x-request-id"]));
        Assert.Equal("1.1 tokenstream-proxy", taken.Headers["Via"]);
        Assert.DoesNotContain(taken.Headers, header => header.Key.ToLowerInvariant() is "x-hop" or "x-tenant-id" or "x-feature");

        var published = await _proxy.PublishedAsync();
        var usage = published.Usage!.Value;
        Assert.Equal((12L, 5L, 4L, 2L), (usage.TokensIn, usage.TokensOut, usage.TokensCached, usage.TokensReasoning));
        Assert.Equal((UsageResult.Ok, false, "provider openai exact"), (usage.Result, usage.IsEstimated, usage.UsageConvention));
        Assert.Equal(
            ("acme", "gpt-5", "chat", "r-7", 3),
            (published.Tenant, published.Request.Model, published.Request.Feature, published.Request.RequestId, published.Request.Attempt));
        Assert.Empty(_proxy.Gateway.Gateway.Outstanding());
    }

    [Fact]
    public async Task A_stream_is_asked_for_its_usage_and_the_caller_does_not_see_it()
    {
        _proxy.Upstream.AnswerEvents(Word, Word[..20], Word[20..] + Stop + Usage[..30], Usage[30..], Done);
        var (_, body) = await _proxy.AskAsync("/v1/chat/completions", """{"stream":true, "model":"gpt-5","messages":[]}""");
        Assert.Equal(Word + Word + Stop + Done, body);
        Assert.Equal(
            """{"stream_options":{"include_usage":true},"stream":true, "model":"gpt-5","messages":[]}""",
            Assert.Single(_proxy.Upstream.Taken).Text);
        var usage = (await _proxy.PublishedAsync()).Usage!.Value;
        Assert.Equal((70L, 30L, false), (usage.TokensIn, usage.TokensOut, usage.IsEstimated));
        Assert.NotNull(usage.TimeToFirstTokenMs);
    }

    [Fact]
    public async Task A_caller_that_asks_for_the_usage_gets_every_byte()
    {
        const string Body = """{"stream":true,"model":"gpt-5","stream_options":{"include_usage":true},"messages":[]}""";
        _proxy.Upstream.AnswerEvents(Word, Stop, Usage, Done);
        var (_, body) = await _proxy.AskAsync("/v1/chat/completions", Body);
        Assert.Equal((Word + Stop + Usage + Done, Body), (body, Assert.Single(_proxy.Upstream.Taken).Text));
        Assert.Equal(30, (await _proxy.PublishedAsync()).Usage!.Value.TokensOut);
    }

    [Theory]
    [InlineData("/v1/messages", 125, 15, "anthropic")]
    [InlineData("/v1/responses", 36, 9, "responses")]
    [InlineData("/v1/embeddings", 9, 0, "embeddings")]
    public async Task Each_interface_is_counted(string path, long tokensIn, long tokensOut, string which)
    {
        string[] answer = which switch
        {
            "anthropic" =>
            [
                "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"m\",\"type\":\"message\",\"model\":\"c\",\"role\":\"assistant\",\"usage\":{\"input_tokens\":25,\"cache_read_input_tokens\":100,\"output_tokens\":1}}}\n\n",
                "event: message_delta\ndata: " +
                "{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":15}}\n\n",
                "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
            ],
            "responses" =>
            [
                "event: response.created\ndata: " +
                "{\"type\":\"response.created\",\"response\":{\"id\":\"r\",\"object\":\"response\",\"status\":\"in_progress\"}}\n\n",
                "event: response.completed\ndata: {\"type\":\"response.completed\",\"response\":{\"id\":\"r\",\"object\":\"response\",\"status\":\"completed\",\"output\":[{\"content\":\"x\"}],\"usage\":{\"input_tokens\":36,\"output_tokens\":9,\"total_tokens\":45}}}\n\n",
            ],
            _ => ["{\"object\":\"list\",\"data\":[{\"embedding\":[0.1]}],\"model\":\"e\",\"usage\":{\"prompt_tokens\":9,\"total_tokens\":9}}"],
        };
        await using var proxy = await ProxyFixture.StartAsync(
            describe: url => new UpstreamOptions { Name = "one", Url = url, Provider = which == "anthropic" ? "anthropic" : "openai" });
        proxy.Upstream.Answer = async context =>
        {
            context.Response.ContentType = which == "embeddings" ? "application/json" : "text/event-stream";
            foreach (var part in answer)
            {
                await context.Response.WriteAsync(part);
            }
        };
        var body = $$"""{"model":"m","stream":{{(which == "embeddings" ? "false" : "true")}},"max_tokens":100,"input":"x"}""";
        Assert.Equal((200, string.Concat(answer)), await proxy.AskAsync(path, body));
        Assert.Equal(body, Assert.Single(proxy.Upstream.Taken).Text);
        var usage = (await proxy.PublishedAsync()).Usage!.Value;
        Assert.Equal((tokensIn, tokensOut, UsageResult.Ok, false), (usage.TokensIn, usage.TokensOut, usage.Result, usage.IsEstimated));
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("br")]
    [InlineData("deflate")]
    public async Task A_packed_answer_is_unpacked_and_counted(string coding)
    {
        _proxy.Upstream.Answer = async context =>
        {
            context.Response.ContentType = "application/json";
            context.Response.Headers.ContentEncoding = coding;
            await using Stream packed = coding switch
            {
                "gzip" => new GZipStream(context.Response.Body, CompressionLevel.Fastest),
                "br" => new BrotliStream(context.Response.Body, CompressionLevel.Fastest),
                _ => new ZLibStream(context.Response.Body, CompressionLevel.Fastest),
            };
            await packed.WriteAsync(Encoding.UTF8.GetBytes(ChatAnswer));
        };
        using var request = ProxyFixture.Request("/v1/chat/completions", """{"model":"gpt-5"}""");
        request.Headers.Add("Accept-Encoding", "gzip, br");
        using var response = await _proxy.Client.SendAsync(request);
        Assert.Equal(ChatAnswer, await response.Content.ReadAsStringAsync());
        Assert.Empty(response.Content.Headers.ContentEncoding);
        Assert.Equal("identity", Assert.Single(_proxy.Upstream.Taken).Headers["Accept-Encoding"]);
        Assert.Equal(12, (await _proxy.PublishedAsync()).Usage!.Value.TokensIn);
    }

    [Fact]
    public async Task An_error_of_the_upstream_passes_with_its_headers_and_used_nothing()
    {
        _proxy.Upstream.Answer = context =>
        {
            context.Response.StatusCode = 429;
            context.Response.Headers.RetryAfter = "7";
            return context.Response.WriteAsync("""{"error":{"message":"slow"}}""");
        };
        using var response = await _proxy.PostAsync("/v1/chat/completions", """{"model":"gpt-5"}""");
        Assert.Equal(
            ("""{"error":{"message":"slow"}}""", "7"),
            (await response.Content.ReadAsStringAsync(), response.Headers.GetValues("Retry-After").Single()));
        var usage = (await _proxy.PublishedAsync()).Usage!.Value;
        Assert.Equal((UsageResult.Error, "http_429", null, false), (usage.Result, usage.ErrorType, usage.TokensIn, usage.IsEstimated));
    }

    [Fact]
    public async Task A_stream_that_the_upstream_cuts_is_cut_for_its_caller_and_estimated()
    {
        var received = new TaskCompletionSource();
        _proxy.Upstream.Answer = async context =>
        {
            context.Response.ContentType = "text/event-stream";
            await context.Response.WriteAsync(Word + Word + Word);
            await received.Task;
            context.Abort();
        };
        using var response = await _proxy.PostAsync("/v1/chat/completions", """{"model":"gpt-5","stream":true,"messages":[]}""");
        var stream = await response.Content.ReadAsStreamAsync();
        await stream.ReadExactlyAsync(new byte[Word.Length * 3]);
        received.SetResult();
        // Cut, and not ended as if all were said.
        Assert.IsNotType<EndOfStreamException>(
            await Assert.ThrowsAnyAsync<IOException>(() => stream.ReadExactlyAsync(new byte[1]).AsTask()));
        var usage = (await _proxy.PublishedAsync()).Usage!.Value;
        Assert.Equal((UsageResult.Error, "stream_broken", true, 3L), (usage.Result, usage.ErrorType, usage.IsEstimated, usage.TokensOut));
    }

    [Fact]
    public async Task A_stream_that_ends_without_its_end_is_an_estimate_of_an_error()
    {
        _proxy.Upstream.AnswerEvents(Word, Word);
        var (_, body) = await _proxy.AskAsync("/v1/chat/completions", """{"model":"gpt-5","stream":true,"messages":[]}""");
        Assert.Equal(Word + Word, body);
        var usage = (await _proxy.PublishedAsync()).Usage!.Value;
        Assert.Equal((UsageResult.Error, "stream_broken", true, 2L), (usage.Result, usage.ErrorType, usage.IsEstimated, usage.TokensOut));
    }

    [Fact]
    public async Task A_caller_that_leaves_ends_the_upstreams_work_and_is_billed_an_estimate()
    {
        var left = new TaskCompletionSource();
        _proxy.Upstream.Answer = async context =>
        {
            context.Response.ContentType = "text/event-stream";
            await context.Response.WriteAsync(Word + Word);
            await using var gone = context.RequestAborted.Register(left.SetResult);
            await left.Task;
        };
        using (var response = await _proxy.PostAsync("/v1/chat/completions", """{"model":"gpt-5","stream":true,"messages":[]}"""))
        {
            var stream = await response.Content.ReadAsStreamAsync();
            await stream.ReadExactlyAsync(new byte[Word.Length * 2]);
        }

        await left.Task.WaitAsync(ProxyFixture.Patience);
        var usage = (await _proxy.PublishedAsync()).Usage!.Value;
        Assert.Equal((UsageResult.Cancelled, "caller_left", true, 2L), (usage.Result, usage.ErrorType, usage.IsEstimated, usage.TokensOut));
    }

    [Fact]
    public async Task An_upstream_that_cannot_be_reached_is_told_as_the_provider_would()
    {
        await using var proxy = await ProxyFixture.StartAsync(describe: _ => new UpstreamOptions
        {
            Name = "gone", Url = new Uri("http://127.0.0.1:1"), Provider = "anthropic",
        });
        var (status, body) = await proxy.AskAsync("/v1/messages", """{"model":"claude-x","max_tokens":5}""");
        Assert.Equal(502, status);
        Assert.Contains("\"type\":\"api_error\"", body, StringComparison.Ordinal);
        var usage = (await proxy.PublishedAsync()).Usage!.Value;
        Assert.Equal((UsageResult.Error, "upstream_unreachable", false), (usage.Result, usage.ErrorType, usage.IsEstimated));
    }

    [Fact]
    public async Task An_upstream_that_never_answers_is_given_up()
    {
        await using var proxy = await ProxyFixture.StartAsync(options => options.AnswerTimeout = TimeSpan.FromMilliseconds(300));
        proxy.Upstream.Answer = context => Task.Delay(Timeout.Infinite, context.RequestAborted);
        Assert.Equal(504, (await proxy.AskAsync("/v1/chat/completions", """{"model":"gpt-5"}""")).Status);
        var usage = (await proxy.PublishedAsync()).Usage!.Value;
        Assert.Equal((UsageResult.Timeout, true), (usage.Result, usage.IsEstimated));
    }

    [Fact]
    public async Task What_asks_no_model_streams_through_whatever_its_size()
    {
        await using var proxy = await ProxyFixture.StartAsync(options => options.MostBodyBytes = 64 * 1024);
        var file = new byte[5_000_000];
        new Random(1).NextBytes(file);
        proxy.Upstream.Answer = async context => await context.Response.Body.WriteAsync(file);
        using var content = new ByteArrayContent(file);
        content.Headers.TryAddWithoutValidation("Content-Type", "multipart/form-data; boundary=x");
        using var response = await proxy.Client.PostAsync(new Uri("/v1/files", UriKind.Relative), content);
        Assert.Equal(file, await response.Content.ReadAsByteArrayAsync());
        Assert.Equal(file, Assert.Single(proxy.Upstream.Taken).Body);
        Assert.Equal("5000000", Assert.Single(proxy.Upstream.Taken).Headers["Content-Length"]);
        Assert.False(proxy.Gateway.Gateway.Publisher.Waiting.TryRead(out _));

        var (status, _) = await proxy.AskAsync("/v1/chat/completions", $$"""{"model":"m","x":"{{new string('x', 70_000)}}"}""");
        Assert.Equal(413, status);
    }

    [Theory]
    [InlineData("""{"model":"a","model":"b"}""")]
    [InlineData("""{"model":"a","Model":"b"}""")]
    [InlineData("""{"model":"a","mod\u0065l":"b"}""")]
    [InlineData("""{"model":"a"} {"model":"b"}""")]
    [InlineData("[1]")]
    [InlineData("")]
    public async Task A_body_with_two_meanings_is_refused(string body)
    {
        Assert.Equal(400, (await _proxy.AskAsync("/v1/chat/completions", body)).Status);
        Assert.Empty(_proxy.Upstream.Taken);
    }

    [Fact]
    public async Task Trailing_slashes_and_a_method_in_the_path_hide_nothing()
    {
        _proxy.Upstream.AnswerJson(ChatAnswer);
        foreach (var path in new[] { "/v1/chat/completions/", "/v1//chat/completions", "/v1/x/../chat/completions", "/v1/chat/./completions", "/v1/images/generations" })
        {
            Assert.Equal(200, (await _proxy.AskAsync(path, """{"model":"gpt-5"}""")).Status);
            Assert.Equal("gpt-5", (await _proxy.PublishedAsync()).Request.Model);
        }
    }

    [Fact]
    public async Task A_packed_request_and_a_loop_are_refused()
    {
        using var packed = ProxyFixture.Request("/v1/chat/completions", """{"model":"gpt-5"}""");
        packed.Content!.Headers.ContentEncoding.Add("gzip");
        using var first = await _proxy.Client.SendAsync(packed);
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, first.StatusCode);
        using var loop = ProxyFixture.Request("/v1/chat/completions", """{"model":"gpt-5"}""");
        loop.Headers.Add("Via", "1.1 tokenstream-proxy");
        using var second = await _proxy.Client.SendAsync(loop);
        Assert.Equal(508, (int)second.StatusCode);
        Assert.Empty(_proxy.Upstream.Taken);
    }
}
