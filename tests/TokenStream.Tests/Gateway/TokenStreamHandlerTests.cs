using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using TokenStream.Commands;
using TokenStream.Gateway.Http;
using Xunit;
using static TokenStream.Tests.Commands.CompositionSamples;

namespace TokenStream.Tests.Gateway;

public sealed class TokenStreamHandlerTests : IAsyncLifetime
{
    private const string Answer =
        """{"model":"gpt-5-2026","usage":{"prompt_tokens":12,"completion_tokens":5,"prompt_tokens_details":{"cached_tokens":4}}}""";

    private readonly GatewayFixture _fixture = new();
    private readonly FakeProvider _provider = new();
    private readonly HttpClient _client;

    public TokenStreamHandlerTests() =>
        _client = new HttpClient(new TokenStreamHandler(_fixture.Gateway, new TokenStreamHandlerOptions()) { InnerHandler = _provider })
        {
            BaseAddress = new Uri("http://models.invalid"),
        };

    [Fact]
    public async Task A_refused_request_never_leaves_and_its_caller_is_told_why()
    {
        _fixture.Give(Command("tenant=acme", CommandAction.Kill, retryAtMs: _fixture.Time.NowMs + 60_000));
        using var response = await PostAsync("""{"model":"gpt-5","messages":[]}""");
        Assert.Equal(HttpStatusCode.TooManyRequests, response.StatusCode);
        Assert.Equal("60", Assert.Single(response.Headers.GetValues("Retry-After")));
        Assert.Equal("false", Assert.Single(response.Headers.GetValues("x-should-retry")));
        var error = JsonNode.Parse(await response.Content.ReadAsStringAsync())!["error"]!;
        Assert.Equal("budget_exceeded", error["code"]!.GetValue<string>());
        Assert.Equal("tenant=acme", error["scope"]!.GetValue<string>());
        Assert.Empty(_provider.Bodies);
    }

    [Fact]
    public async Task Limit_and_model_are_rewritten_and_the_rest_is_kept()
    {
        _fixture.Give(Trim("tenant=acme", 50), RouteTo("model=gpt-5", "gpt-5-mini", "budget/two"));
        using var response = await PostAsync("""{"model":"gpt-5","max_tokens":200,"messages":[{"role":"user","content":"hé"}],"seed":1}""");
        var body = JsonNode.Parse(_provider.Bodies[0])!;
        Assert.Equal("gpt-5-mini", body["model"]!.GetValue<string>());
        Assert.Equal(50, body["max_tokens"]!.GetValue<long>());
        Assert.Equal(1, body["seed"]!.GetValue<int>());
        Assert.Equal("hé", body["messages"]![0]!["content"]!.GetValue<string>());
        Assert.Empty(_fixture.Gateway.Outstanding());
    }

    [Fact]
    public async Task Embeddings_are_given_no_limit_of_output()
    {
        const string Body = """{ "model" : "gpt-5", "input": "hé" }""";
        _fixture.Give(Trim("tenant=acme", 50));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync("/v1/embeddings", Body));
        Assert.Equal(Body, Assert.Single(_provider.Bodies));
    }

    [Fact]
    public async Task A_leased_request_is_measured_by_all_its_answers_and_always_limited()
    {
        // Three answers of 4,096 tokens and a prompt of 13: 12,301 tokens.
        const string Body = """{"model":"gpt-5","n":3,"messages":[],"user":"u1234"}""";
        var scope = "tenant=acme";
        _fixture.Give(Lease(scope, new CommandVersion(1, 1), isTokens: true));
        var account = _fixture.Gateway.LeaseBook.Table.Find($"{scope}|lease/one")!;
        Grant(2, 13 + (3 * 4_096) - 1);
        Assert.Equal(HttpStatusCode.TooManyRequests, await StatusAsync("/v1/chat/completions", Body));
        Grant(3, 13 + (3 * 4_096));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync("/v1/chat/completions", Body));
        Assert.Equal(4_096, JsonNode.Parse(_provider.Bodies[0])!["max_completion_tokens"]!.GetValue<long>());
        Assert.Equal((17, 0), ((long)account.Report()!.Settled, (long)account.Report()!.Reserved));

        void Grant(long version, long tokens) => _fixture.Give(Lease(
            scope, new CommandVersion(1, version), isTokens: true, new LeaseSlice("g1", account.Report()!.Instance, tokens, _fixture.Time.NowMs + 60_000)));
    }

    [Fact]
    public async Task A_request_that_nothing_changes_is_passed_on_byte_by_byte()
    {
        const string Body = """{ "model" : "gpt-5",  "max_completion_tokens": 7 }""";
        using var response = await PostAsync(Body);
        Assert.Equal(Body, _provider.Bodies[0]);
        Assert.Equal(Answer, await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task A_retry_of_the_same_message_is_decided_anew_from_what_was_asked()
    {
        _fixture.Give(RouteTo("model=gpt-5", "gpt-5-mini"));
        using var request = Message("""{"model":"gpt-5"}""");
        using var first = await _client.SendAsync(request);
        _fixture.Give(RouteTo("model=gpt-5", "gpt-5-nano") with { Version = new CommandVersion(1, 2) });
        using var invoker = new HttpMessageInvoker(
            new TokenStreamHandler(_fixture.Gateway, new TokenStreamHandlerOptions()) { InnerHandler = _provider }, disposeHandler: false);
        using var second = await invoker.SendAsync(request, default);
        Assert.Equal(["gpt-5-mini", "gpt-5-nano"], _provider.Bodies.Select(body => JsonNode.Parse(body)!["model"]!.GetValue<string>()));
    }

    [Fact]
    public async Task A_stream_is_passed_on_unchanged_and_asked_for_its_usage()
    {
        _provider.Events = "data: {\"choices\":[]}\n\ndata: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2}}\n\ndata: [DONE]\n\n";
        using var response = await PostAsync("""{"model":"gpt-5","stream":true}""", HttpCompletionOption.ResponseHeadersRead);
        Assert.Single(_fixture.Gateway.Outstanding());
        Assert.Equal(_provider.Events, await response.Content.ReadAsStringAsync());
        Assert.True(JsonNode.Parse(_provider.Bodies[0])!["stream_options"]!["include_usage"]!.GetValue<bool>());
        Assert.Empty(_fixture.Gateway.Outstanding());
    }

    [Fact]
    public async Task A_kill_that_aborts_ends_a_running_stream_and_one_that_does_not_lets_it_end()
    {
        _provider.Endless = new MemoryStream(Encoding.UTF8.GetBytes("data: {}\n\n"));
        using var response = await PostAsync("""{"model":"gpt-5","stream":true}""", HttpCompletionOption.ResponseHeadersRead);
        await using var stream = await response.Content.ReadAsStreamAsync();
        var buffer = new byte[4];
        Assert.Equal(4, await stream.ReadAsync(buffer));
        _fixture.Give(Command("tenant=acme", CommandAction.Kill));
        Assert.Equal(4, await stream.ReadAsync(buffer));
        _fixture.Give(Command("tenant=acme", CommandAction.Kill, "manual/1", new ActionParameters { AbortStreams = true }));
        await Assert.ThrowsAsync<IOException>(async () => await stream.ReadExactlyAsync(buffer));
        Assert.Empty(_fixture.Gateway.Outstanding());
    }

    [Fact]
    public async Task A_failed_call_gives_its_reservation_back()
    {
        _provider.Failure = new HttpRequestException("down");
        await Assert.ThrowsAsync<HttpRequestException>(() => PostAsync("""{"model":"gpt-5"}"""));
        _provider.Failure = new TaskCanceledException();
        await Assert.ThrowsAsync<TaskCanceledException>(() => PostAsync("""{"model":"gpt-5"}"""));
        Assert.Empty(_fixture.Gateway.Outstanding());
    }

    [Theory]
    [InlineData("")]
    [InlineData("{\"batch\":1}")]
    public async Task What_names_no_model_passes_untouched(string body)
    {
        _fixture.Give(Command("all", CommandAction.Kill));
        using var response = await PostAsync(body);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(body, _provider.Bodies[0]);
    }

    [Theory]
    [InlineData("[1]")]
    [InlineData("not json")]
    [InlineData("{\"model\":5}")]
    [InlineData("{\"model\":\"half \\ud800\"}")]
    [InlineData("{\"half \\ud800\":1,\"model\":\"a\"}")]
    [InlineData("{\"model\":\"a\",\"model\":\"b\"}")]
    [InlineData("{\"max_tokens\":1,\"model\":\"a\",\"max_tokens\":9}")]
    public async Task What_could_be_read_in_two_ways_is_refused(string body)
    {
        using var response = await PostAsync(body);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Empty(_provider.Bodies);
    }

    [Fact]
    public async Task A_body_that_is_too_large_to_be_read_does_not_slip_past_a_kill()
    {
        using var invoker = new HttpMessageInvoker(
            new TokenStreamHandler(_fixture.Gateway, new TokenStreamHandlerOptions { MostBodyBytes = 20 }) { InnerHandler = _provider }, disposeHandler: false);
        using var request = Message("""{"model":"gpt-5","pad":"aaaaaaaaaa"}""");
        using var response = await invoker.SendAsync(request, default);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, response.StatusCode);
        using var unknownLength = Message("{}");
        unknownLength.Content = new StreamContent(new LengthlessStream(100));
        using var second = await invoker.SendAsync(unknownLength, default);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, second.StatusCode);
        Assert.Empty(_provider.Bodies);
    }

    [Theory]
    [InlineData("""{"usage":{"input_tokens":7,"output_tokens":3,"output_tokens_details":{"reasoning_tokens":2}}}""", 7L, 3L, 2L)]
    [InlineData("""{"type":"response.completed","response":{"usage":{"input_tokens":7,"output_tokens":3}}}""", 7L, 3L, null)]
    [InlineData("""{"usage":{"prompt_tokens":7,"completion_tokens":-3}}""", 7L, null, null)]
    public void Usage_is_read_in_both_shapes(string json, long? tokensIn, long? tokensOut, long? reasoning)
    {
        Assert.True(OpenAiUsage.TryRead(Encoding.UTF8.GetBytes(json), out var usage));
        Assert.Equal((tokensIn, tokensOut, reasoning), (usage.TokensIn, usage.TokensOut, usage.TokensReasoning));
    }

    [Theory]
    [InlineData("")]
    [InlineData("[DONE]")]
    [InlineData("""{"usage":null}""")]
    [InlineData("""{"usage":{}}""")]
    [InlineData("""{"usage":5}""")]
    [InlineData("""{"usage":{"prompt_tokens":1},"service_tier":"\ud800"}""")]
    public void What_holds_no_usage_is_said_to_hold_none(string json) => Assert.False(OpenAiUsage.TryRead(Encoding.UTF8.GetBytes(json), out _));

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        _client.Dispose();
        _provider.Dispose();
        await _fixture.DisposeAsync();
    }

    private static HttpRequestMessage Message(string body, string path = "/v1/chat/completions")
    {
        var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        request.Options.Set(TokenStreamHandlerOptions.Attribution, new RequestAttribution("acme"));
        return request;
    }

    private async Task<HttpResponseMessage> PostAsync(string body, HttpCompletionOption completion = HttpCompletionOption.ResponseContentRead)
    {
        using var request = Message(body);
        return await _client.SendAsync(request, completion);
    }

    private async Task<HttpStatusCode> StatusAsync(string path, string body)
    {
        using var request = Message(body, path);
        using var response = await _client.SendAsync(request);
        return response.StatusCode;
    }

    private sealed class LengthlessStream(int bytes) : MemoryStream(new byte[bytes])
    {
        public override bool CanSeek => false;
    }

    private sealed class FakeProvider : HttpMessageHandler
    {
        public List<string> Bodies { get; } = [];

        public string? Events { get; set; }

        public Stream? Endless { get; set; }

        public Exception? Failure { get; set; }

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Bodies.Add(await request.Content!.ReadAsStringAsync(cancellationToken));
            if (Failure is not null)
            {
                throw Failure;
            }

            var content = Endless is not null ? new StreamContent(Endless) : (HttpContent)new StringContent(Events ?? Answer);
            content.Headers.ContentType = new System.Net.Http.Headers.MediaTypeHeaderValue(Events is not null || Endless is not null ? "text/event-stream" : "application/json");
            return new HttpResponseMessage(HttpStatusCode.OK) { Content = content };
        }
    }
}
