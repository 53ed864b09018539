using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using TokenStream.Commands;
using TokenStream.Gateway;
using TokenStream.Proxy;
using Xunit;
using static TokenStream.Tests.Commands.CompositionSamples;

namespace TokenStream.Tests.Proxy;

/// <summary>Commands, as callers of a proxy meet them.</summary>
public sealed class ProxyCommandTests : IAsyncLifetime
{
    private const string Word = """data: {"object":"chat.completion.chunk","model":"m","choices":[{"index":0,"delta":{"content":"a"}}]}""" +
        "\n\n";

    private ProxyFixture _proxy = null!;

    public async Task InitializeAsync() => _proxy = await ProxyFixture.StartAsync();

    public async Task DisposeAsync() => await _proxy.DisposeAsync();

    [Theory]
    [InlineData("/v1/chat/completions", "error.code", "tokenstream_killed")]
    [InlineData("/v1/messages", "error.type", "permission_error")]
    [InlineData("/v1beta/models/gemini-x:generateContent", "error.status", "PERMISSION_DENIED")]
    [InlineData("/model/us.nova%3A0/converse", "__type", "AccessDeniedException")]
    public async Task A_killed_request_never_leaves_and_is_refused_as_its_provider_would(string path, string member, string expected)
    {
        _proxy.Gateway.Give(Command("tenant=acme", CommandAction.Kill));
        using var response = await _proxy.PostAsync(path, """{"model":"m","max_tokens":7,"messages":[]}""");
        Assert.Equal(403, (int)response.StatusCode);
        Assert.Equal("false", Assert.Single(response.Headers.GetValues("x-should-retry")));
        var error = JsonNode.Parse(await response.Content.ReadAsStringAsync())!;
        Assert.Equal(expected, member.Split('.').Aggregate(error, (node, name) => node[name]!).GetValue<string>());
        Assert.Empty(_proxy.Upstream.Taken);
        var blocked = await _proxy.PublishedAsync();
        Assert.Null(blocked.Usage);
        Assert.Equal(200, (await _proxy.AskAsync(path, """{"model":"m"}""", "other")).Status);
    }

    [Fact]
    public async Task A_throttled_request_is_told_when_to_come_back()
    {
        _proxy.Gateway.Give(Throttle("tenant=acme", null, requests: 1));
        var statuses = new List<int>();
        for (var i = 0; i < 3; i++)
        {
            using var response = await _proxy.PostAsync("/v1/chat/completions", """{"model":"m"}""");
            statuses.Add((int)response.StatusCode);
            if (statuses[^1] == 429)
            {
                Assert.Equal("true", Assert.Single(response.Headers.GetValues("x-should-retry")));
                Assert.NotEmpty(response.Headers.GetValues("Retry-After"));
            }
        }

        Assert.Equal((200, 429), (statuses[0], statuses[^1]));
    }

    [Fact]
    public async Task Limit_and_model_are_changed_and_no_other_byte()
    {
        _proxy.Gateway.Give(Trim("tenant=acme", 50), RouteTo("model=gpt-5", "gpt-5-mini", "budget/two"));
        await _proxy.AskAsync(
            "/v1/chat/completions",
            """{ "model" : "gpt-5","max_tokens":200,"messages":[{"role":"user","content":"h\u00e9 \"model\""}],"seed":1.0}""");
        await _proxy.AskAsync("/v1/chat/completions", """{ "model" : "gpt-5","messages":[]}""");
        await _proxy.AskAsync("/v1/embeddings", """{ "model" : "e","input":"x"}""");
        Assert.Equal(
            [
                """{ "model" : "gpt-5-mini","max_tokens":50,"messages":[{"role":"user","content":"h\u00e9 \"model\""}],"seed":1.0}""",
                """{"max_completion_tokens":50, "model" : "gpt-5-mini","messages":[]}""",
                """{ "model" : "e","input":"x"}""",
            ],
            _proxy.Upstream.Taken.Select(taken => taken.Text));
        var published = await _proxy.PublishedAsync();
        Assert.Equal(("gpt-5", "gpt-5-mini", 50L), (published.Request.Model, published.RoutedModel, published.MaxTokens));
    }

    [Fact]
    public async Task A_model_in_the_path_is_routed_there()
    {
        _proxy.Gateway.Give(Trim("tenant=acme", 50), RouteTo("model=gemini-pro", "gemini-flash", "budget/two"));
        await _proxy.AskAsync(
            "/v1beta/models/gemini-pro:streamGenerateContent?alt=sse", """{"contents":[],"generation_config":{"max_output_tokens":900}}""");
        await _proxy.AskAsync("/v1beta/models/gemini-pro:generateContent", "{}");
        Assert.Equal(
            [
                (
                    "/v1beta/models/gemini-flash:streamGenerateContent?alt=sse",
                    """{"contents":[],"generation_config":{"max_output_tokens":50}}"""),
                ("/v1beta/models/gemini-flash:generateContent", """{"generationConfig":{"maxOutputTokens":50}}"""),
            ],
            _proxy.Upstream.Taken.Select(taken => (taken.Target, taken.Text)));
    }

    [Fact]
    public async Task A_route_to_another_provider_is_taken_only_with_a_key_of_its_own()
    {
        await using var other = await FakeUpstream.StartAsync();
        other.AnswerJson("{}");
        await using var proxy = await ProxyFixture.StartAsync(options => options.Upstreams =
            [.. options.Upstreams, new UpstreamOptions { Name = "mistral", Url = other.Address, Provider = "mistral", PathPrefix = "/mistral", Key = "sk-mistral" }]);
        proxy.Gateway.Give(
            RouteTo("model=gpt-5", "small", "budget/one", "mistral"), RouteTo("model=gpt-6", "claude", "budget/two", "anthropic"));
        using var request = ProxyFixture.Request("/v1/chat/completions", """{"model":"gpt-5"}""");
        request.Headers.Add("Authorization", "Bearer sk-openai");
        using var response = await proxy.Client.SendAsync(request);
        var taken = Assert.Single(other.Taken);
        Assert.Equal(("""{"model":"small"}""", "Bearer sk-mistral"), (taken.Text, taken.Headers["Authorization"]));
        await proxy.AskAsync("/v1/chat/completions", """{"model":"gpt-6"}""");
        Assert.Equal("""{"model":"gpt-6"}""", Assert.Single(proxy.Upstream.Taken).Text);
    }

    [Fact]
    public async Task A_kill_ends_a_running_stream_and_says_why()
    {
        var ended = new TaskCompletionSource();
        _proxy.Upstream.Answer = async context =>
        {
            context.Response.ContentType = "text/event-stream";
            await context.Response.WriteAsync(Word);
            await using var gone = context.RequestAborted.Register(ended.SetResult);
            await ended.Task;
        };
        using var response = await _proxy.PostAsync("/v1/chat/completions", """{"model":"gpt-5","stream":true,"messages":[]}""");
        var stream = await response.Content.ReadAsStreamAsync();
        await stream.ReadExactlyAsync(new byte[Word.Length]);
        _proxy.Gateway.Give(Command("tenant=acme", CommandAction.Kill) with { Parameters = new ActionParameters { AbortStreams = true } });
        using var reader = new StreamReader(stream);
        Assert.Contains("tokenstream_killed", await reader.ReadToEndAsync(), StringComparison.Ordinal);
        await ended.Task.WaitAsync(ProxyFixture.Patience);
        var usage = (await _proxy.PublishedAsync()).Usage!.Value;
        Assert.Equal(
            (UsageResult.Cancelled, "tokenstream_killed", true, 1L), (usage.Result, usage.ErrorType, usage.IsEstimated, usage.TokensOut));
    }

    [Fact]
    public async Task A_stop_ends_running_streams_when_their_time_is_over_and_tells_what_they_used()
    {
        _proxy.Upstream.Answer = async context =>
        {
            context.Response.ContentType = "text/event-stream";
            await context.Response.WriteAsync(Word);
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        };
        using var response = await _proxy.PostAsync("/v1/chat/completions", """{"model":"gpt-5","stream":true,"messages":[]}""");
        var stream = await response.Content.ReadAsStreamAsync();
        await stream.ReadExactlyAsync(new byte[Word.Length]);
        await _proxy.Server.DisposeAsync();
        using var reader = new StreamReader(stream);
        Assert.Contains("proxy_stopped", await reader.ReadToEndAsync(), StringComparison.Ordinal);
        var usage = (await _proxy.PublishedAsync()).Usage!.Value;
        Assert.Equal((UsageResult.Cancelled, "proxy_stopped", true), (usage.Result, usage.ErrorType, usage.IsEstimated));
        await Assert.ThrowsAsync<HttpRequestException>(() => _proxy.AskAsync("/v1/chat/completions", """{"model":"gpt-5"}"""));
    }

    [Fact]
    public async Task A_key_file_says_who_asks_and_a_foreign_key_is_shown_to_nobody()
    {
        var file = Path.GetTempFileName();
        try
        {
            // printf %s sk-acme | sha256sum
            await File.WriteAllTextAsync(
                file, """{"keys":[{"sha256":"5f8eee912cd7c0ccb238560e8a22e7f78909e6dac18288188f7f4ea35112700d","tenant":"acme","feature":"mail"}]}""");
            await using var proxy = await ProxyFixture.StartAsync(
                options => options.KeyFile = file,
                url => new UpstreamOptions { Name = "openai", Url = url, Provider = "openai", Key = "sk-own" });
            using var known = ProxyFixture.Request("/v1/chat/completions", """{"model":"gpt-5"}""", "somebody-else");
            known.Headers.Add("Authorization", "Bearer sk-acme");
            using var first = await proxy.Client.SendAsync(known);
            var published = await proxy.PublishedAsync();
            Assert.Equal(
                ("acme", "mail", "Bearer sk-own"),
                (published.Tenant, published.Request.Feature, Assert.Single(proxy.Upstream.Taken).Headers["Authorization"]));
            using var stranger = ProxyFixture.Request("/v1/chat/completions", """{"model":"gpt-5"}""");
            stranger.Headers.Add("Authorization", "Bearer sk-guess");
            using var second = await proxy.Client.SendAsync(stranger);
            Assert.Equal(401, (int)second.StatusCode);
            Assert.Single(proxy.Upstream.Taken);
        }
        finally
        {
            File.Delete(file);
        }
    }
}
