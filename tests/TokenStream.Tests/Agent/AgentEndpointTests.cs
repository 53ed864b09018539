using System.Text;
using System.Text.Json.Nodes;
using TokenStream.Agent;
using TokenStream.Commands;
using Xunit;
using static TokenStream.Tests.Commands.CompositionSamples;

namespace TokenStream.Tests.Agent;

public sealed class AgentEndpointTests : IAsyncLifetime
{
    private const string Asked = """{"tenant":"acme","provider":"openai","model":"gpt-5","tokens_in":100,"max_tokens":900}""";

    private readonly AgentFixture _agent = new();

    [Fact]
    public async Task A_request_that_nothing_is_said_about_is_let_in_and_held_until_it_is_completed()
    {
        var answer = await _agent.PostAsync("/v1/decide", Asked);
        Assert.Equal(
            ("allow", 200, 900L),
            (Text(answer, "decision"), answer["status"]!.GetValue<int>(), answer["max_output_tokens"]!.GetValue<long>()));
        Assert.Equal(1_000, _agent.Gateway.Gateway.Outstanding().Single().Tokens);
        var (status, body) = await CompleteAsync($$"""{"reservation":"{{Text(answer, "reservation")}}","tokens_in":90,"tokens_out":10}""");
        Assert.Equal((202, """{"status":"accepted"}"""), (status, body));
        Assert.Empty(_agent.Gateway.Gateway.Outstanding());
        Assert.Equal(0, _agent.Book.Count);
    }

    [Fact]
    public async Task A_refusal_says_everything_that_the_caller_is_to_be_told()
    {
        _agent.Gateway.Give(Command("tenant=acme", CommandAction.Kill, retryAtMs: _agent.Gateway.Time.NowMs + 90_001));
        var answer = await _agent.PostAsync("/v1/decide", Asked);
        Assert.Equal(("deny", 429, "budget_exceeded"), (Text(answer, "decision"), answer["status"]!.GetValue<int>(), Text(answer, "code")));
        Assert.Equal((91L, false), (answer["retry_after_seconds"]!.GetValue<long>(), answer["should_retry"]!.GetValue<bool>()));
        Assert.Equal(("91", "false"), (Text(answer["headers"]!, "Retry-After"), Text(answer["headers"]!, "x-should-retry")));
        Assert.Equal("budget_exceeded", Text(answer["body"]!["error"]!, "code"));
        Assert.Null(answer["reservation"]);
        Assert.Equal(
            "allow", Text(await _agent.PostAsync("/v1/decide", Asked.Replace("acme", "other", StringComparison.Ordinal)), "decision"));
    }

    [Fact]
    public async Task Limits_routes_and_throttles_are_told_with_their_commands()
    {
        _agent.Gateway.Give(
            Trim("tenant=acme", 50), RouteTo("tenant=acme;model=gpt-5", "gpt-5-mini"),
            Throttle("tenant=acme", 6_000_000, source: "budget/two"));
        var answer = await _agent.PostAsync("/v1/decide", Asked);
        Assert.Equal((50L, "gpt-5-mini"), (answer["max_output_tokens"]!.GetValue<long>(), Text(answer, "route_model")));
        Assert.Equal(3, answer["commands"]!.AsArray().Count);
    }

    [Fact]
    public async Task What_was_abandoned_takes_nothing_from_a_throttle()
    {
        // 6,000 tokens a minute: one request takes the ten seconds' worth that pass at once.
        _agent.Gateway.Give(Throttle("tenant=acme", 6_000));
        var first = await _agent.PostAsync("/v1/decide", Asked);
        Assert.Equal("deny", Text(await _agent.PostAsync("/v1/decide", Asked), "decision"));
        Assert.Equal(
            "abandoned", Text(await _agent.PostAsync("/v1/abandon", $$"""{"reservation":"{{Text(first, "reservation")}}"}"""), "status"));
        Assert.Equal("allow", Text(await _agent.PostAsync("/v1/decide", Asked), "decision"));
    }

    [Fact]
    public async Task What_nobody_ends_counts_as_used_in_full_when_it_is_displaced_or_its_time_is_over()
    {
        await using var agent = new AgentFixture(options => options.MostReservations = 1);
        agent.Gateway.Give(Throttle("tenant=acme", 12_000));
        Assert.Equal("allow", Text(await agent.PostAsync("/v1/decide", Asked), "decision"));
        Assert.Equal("allow", Text(await agent.PostAsync("/v1/decide", Asked), "decision"));
        Assert.Equal(1, agent.Book.Count);
        Assert.Equal("deny", Text(await agent.PostAsync("/v1/decide", Asked), "decision"));
        agent.Gateway.Time.Advance(TimeSpan.FromSeconds(59));
        Assert.Equal((0L, 1L), agent.Deciding.Expire());
        agent.Gateway.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal((1L, 0L), agent.Deciding.Expire());
        Assert.Equal(0, agent.Book.Count);
        Assert.Empty(agent.Gateway.Gateway.Outstanding());
    }

    [Fact]
    public async Task Only_a_gateway_with_a_cache_may_complete_what_only_the_cache_may_answer()
    {
        _agent.Gateway.Give(Command("tenant=acme", CommandAction.CacheOnly));
        Assert.Null((await _agent.PostAsync("/v1/decide", Asked))["reservation"]);
        var answer = await _agent.PostAsync("/v1/decide", Asked.Replace("{", """{"has_cache":true,""", StringComparison.Ordinal));
        var reservation = Text(answer, "reservation");
        Assert.Equal("deny", Text(answer, "decision"));
        Assert.Equal(409, (await CompleteAsync($$"""{"reservation":"{{reservation}}","tokens_in":1,"tokens_out":1}""")).Status);
        Assert.Equal(
            202, (await CompleteAsync($$"""{"reservation":"{{reservation}}","cache_hit":true,"tokens_in":1,"tokens_out":1}""")).Status);
    }

    [Fact]
    public async Task A_stream_goes_on_until_a_kill_that_ends_streams()
    {
        var held = $$"""{"reservation":"{{Text(await _agent.PostAsync("/v1/decide", Asked), "reservation")}}"}""";
        Assert.Equal("continue", Text(await _agent.PostAsync("/v1/continue", held), "status"));
        _agent.Gateway.Give(Command("tenant=acme", CommandAction.Kill, "manual/1"));
        Assert.Equal("continue", Text(await _agent.PostAsync("/v1/continue", held), "status"));
        _agent.Gateway.Give(
            Command("tenant=acme", CommandAction.Kill, "manual/2") with { Parameters = new ActionParameters { AbortStreams = true } });
        Assert.Equal("stop", Text(await _agent.PostAsync("/v1/continue", held), "status"));
    }

    [Theory]
    [InlineData("/v1/decide", """{"tenant":"a","tenant":"b"}""", 400, "tenant is there twice.")]
    [InlineData("/v1/decide", """{"max_tokens":-1}""", 400, "max_tokens must be a whole number from 0 to 10^12.")]
    [InlineData("/v1/decide", """{"tenant":7}""", 400, "tenant must be a text.")]
    [InlineData("/v1/decide", "[]", 400, "The body must be a JSON object.")]
    [InlineData("/v1/decide", "{} {}", 400, "The body is not JSON.")]
    [InlineData("/v1/decide", "", 400, "The body is not JSON.")]
    [InlineData("/v1/complete", """{"reservation":"zz","tokens_in":1}""", 404, "There is no such reservation")]
    [InlineData(
        "/v1/complete", """{"tenant":"a","provider":"p","model":"m","tokens_in":1,"tokens_cached":2,"tokens_out":1}""", 400, "exceed it")]
    [InlineData("/v1/complete", """{"tenant":"a","provider":"p","model":"m","result":"fine"}""", 400, "result must be")]
    [InlineData("/v1/complete", """{"source":"nobody","payload":{}}""", 400, "source 'nobody' is not known")]
    [InlineData("/v1/complete", """{"payload":{"a":1}}""", 400, "The fields are not those that this source sends.")]
    [InlineData("/v1/abandon", "{}", 404, "There is no such reservation")]
    [InlineData("/v1/nothing", "{}", 404, "There is no /v1/nothing")]
    public async Task What_cannot_be_read_is_refused_with_its_reason(string path, string body, int expected, string reason)
    {
        var (status, answer, _) = await _agent.AskAsync(path, Encoding.UTF8.GetBytes(body));
        Assert.Equal(expected, status);
        Assert.Contains(reason, answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_text_is_as_long_as_an_event_can_carry_and_null_is_absent()
    {
        Assert.Equal(
            "allow", Text(await _agent.PostAsync("/v1/decide", $$"""{"tenant":"{{new string('a', 256)}}","app":null}"""), "decision"));
        var (status, answer, _) = await _agent.AskAsync(
            "/v1/decide", Encoding.UTF8.GetBytes($$"""{"tenant":"{{new string('ä', 129)}}"}"""));
        Assert.Equal(400, status);
        Assert.Contains("tenant is longer than 256 bytes.", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Browsers_and_other_host_names_are_not_answered_without_tokens()
    {
        Assert.Equal(403, (await _agent.AskAsync("/v1/decide", "{}"u8.ToArray(), "evil.example")).Status);
        Assert.Equal(403, (await _agent.AskAsync("/v1/decide", "{}"u8.ToArray(), "localhost", ("Origin", "https://evil.example"))).Status);
        Assert.Equal(200, (await _agent.AskAsync("/v1/decide", "{}"u8.ToArray(), "127.0.0.1:7070")).Status);
    }

    [Fact]
    public async Task With_tokens_everybody_needs_one_and_one_of_a_tenant_asks_for_that_tenant_only()
    {
        await using var agent = new AgentFixture(options => options.FindCaller = secret => secret switch
        {
            "all" => new AgentCaller(null),
            "acme" => new AgentCaller("acme"),
            _ => null,
        });
        var body = Encoding.UTF8.GetBytes(Asked);
        Assert.Equal(401, (await agent.AskAsync("/v1/decide", body)).Status);
        Assert.Equal(401, (await agent.AskAsync("/v1/decide", body, "any", ("Authorization", "Bearer wrong"))).Status);
        Assert.Equal(200, (await agent.AskAsync("/v1/decide", body, "any", ("Authorization", "Bearer acme"))).Status);
        Assert.Equal(
            403,
            (await agent.AskAsync("/v1/decide", """{"tenant":"globex"}"""u8.ToArray(), "any", ("Authorization", "Bearer acme"))).Status);
        Assert.Equal(403, (await agent.AskAsync("/v1/commands", null, "any", ("Authorization", "Bearer acme"))).Status);
        Assert.Equal(200, (await agent.AskAsync("/v1/commands", null, "any", ("x-tokenstream-token", "all"))).Status);
        // What Envoy passes on as Authorization is the caller's, not Envoy's.
        Assert.Equal(401, (await agent.AskAsync("/ext_authz/x", body, "any", ("Authorization", "Bearer all"))).Status);
        Assert.Equal(200, (await agent.AskAsync("/health/live")).Status);
    }

    [Fact]
    public async Task A_providers_own_answer_says_what_was_used()
    {
        var payload = """
            {"id":"chatcmpl-1","object":"chat.completion","model":"gpt-5-2025-08-07","choices":[{"index":0,"finish_reason":"stop"}],
             "usage":{"prompt_tokens":100,"completion_tokens":40,"total_tokens":140,
                      "prompt_tokens_details":{"cached_tokens":64},"completion_tokens_details":{"reasoning_tokens":16}}}
            """;
        Assert.Null(
            ReportedCounts.OfThread.Read("provider", Encoding.UTF8.GetBytes(payload), 1_767_225_600_000, out var usage, out var request));
        Assert.Equal(
            (100L, 40L, 64L, 16L),
            (usage.TokensIn!.Value, usage.TokensOut!.Value, usage.TokensCached!.Value, usage.TokensReasoning!.Value));
        Assert.Equal(("chatcmpl-1", "openai", "gpt-5-2025-08-07", ""), (usage.EventId, request.Provider, request.Model, request.Tenant));
        var (status, body) = await CompleteAsync($$"""{"tenant":"acme","payload":{{payload}}}""");
        Assert.Equal((202, """{"status":"accepted"}"""), (status, body));
        var text = JsonValue.Create("data: " + payload.ReplaceLineEndings("") + "\n\ndata: [DONE]\n").ToJsonString();
        Assert.Equal(202, (await CompleteAsync($$"""{"tenant":"acme","payload":{{text}}}""")).Status);

        // A large one is read aside and to its last byte.
        var padding = new string(' ', 100_000);
        Assert.Equal(202, (await CompleteAsync($$"""{"tenant":"acme",{{padding}}"payload":{{text}}}""")).Status);
        Assert.Equal(400, (await CompleteAsync($$"""{"tenant":"acme",{{padding}}"payload":{{text}}""")).Status);
    }

    [Fact]
    public async Task What_is_published_by_another_way_only_settles()
    {
        _agent.Gateway.Give(Throttle("tenant=acme", 6_000));
        var answer = await _agent.PostAsync("/v1/decide", Asked);
        var settled = await CompleteAsync(
            $$"""{"reservation":"{{Text(answer, "reservation")}}","tokens_in":0,"tokens_out":0,"publish":false}""");
        Assert.Equal((200, """{"status":"settled"}"""), (settled.Status, settled.Body));
        Assert.Equal("allow", Text(await _agent.PostAsync("/v1/decide", Asked), "decision"));
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => _agent.DisposeAsync().AsTask();

    private async Task<(int Status, string Body)> CompleteAsync(string body)
    {
        var (status, answer, _) = await _agent.AskAsync("/v1/complete", Encoding.UTF8.GetBytes(body));
        return (status, answer);
    }

    private static string Text(JsonNode node, string name) => node[name]!.GetValue<string>();
}
