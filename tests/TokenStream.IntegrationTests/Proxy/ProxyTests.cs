using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using TokenStream.Commands;
using TokenStream.IntegrationTests.Gateway;
using TokenStream.IntegrationTests.Node;
using TokenStream.Tests.Proxy;
using Xunit;

namespace TokenStream.IntegrationTests.Proxy;

/// <summary>The proxy as a program, between clients, a fake provider and a real log.</summary>
public sealed class ProxyTests
{
    private const string Chunk =
        """{"id":"c1","object":"chat.completion.chunk","created":1,"model":"gpt-5","choices":[{"index":0,"delta":{"content":"hello"}}]}""";
    private const string Last = """{"id":"c1","object":"chat.completion.chunk","created":1,"model":"gpt-5","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}""";
    private const string ChatUsage = """{"id":"c1","object":"chat.completion.chunk","created":1,"model":"gpt-5","choices":[],"usage":{"prompt_tokens":70,"completion_tokens":30,"total_tokens":100}}""";
    private const string Message = """{"id":"m1","type":"message","role":"assistant","model":"claude-sonnet","content":[{"type":"text","text":"hello"}],"stop_reason":"end_turn","usage":{"input_tokens":25,"cache_read_input_tokens":100,"output_tokens":15}}""";

    private static readonly string[] Told = ["tenant_id", "provider", "model", "tokens_in", "tokens_out", "result_type"];

    [FactNeeding("program:node", "npm:openai", "npm:@anthropic-ai/sdk")]
    public async Task The_clients_of_OpenAI_and_Anthropic_work_and_what_they_use_is_on_the_log()
    {
        await using var topics = await CommandTopics.StartAsync();
        await using var upstream = await FakeUpstream.StartAsync();
        upstream.Answer = AnswerAsync;
        await topics.IssueAsync("tenant=blocked", CommandAction.Kill);
        await using var proxy = await StartAsync(topics, upstream, drainSeconds: 30);
        var (exitCode, output) = await ChildProcess.RunAsync("node", [Path.Combine(TestPaths.Clients, "proxy_walk.mjs"), proxy.Address]);
        Assert.True(exitCode == 0 && output.Contains("ok", StringComparison.Ordinal), output + proxy.Output);

        var events = await EventsAsync(topics, 9);
        string[] expected =
        [
            "acme openai gpt-5 12 5 ok exact", "acme openai gpt-5 70 30 ok exact", "acme openai gpt-5 70 30 ok exact",
            "acme openai gpt-5 36 9 ok exact", "acme openai text-embedding-3-small 9 0 ok exact",
            "acme anthropic claude-sonnet 125 15 ok exact", "acme anthropic claude-sonnet 125 15 ok exact",
        ];
        Assert.Equal(expected, events.Where(e => Text(e, "tenant_id") == "acme").Select(Describe));
        Assert.Equal(
            ["openai", "anthropic"], events.Where(e => Text(e, "result_type") == "blocked_budget").Select(e => Text(e, "provider")));
    }

    [Fact]
    public async Task Asked_to_stop_it_ends_what_runs_and_its_usage_reaches_the_log()
    {
        await using var topics = await CommandTopics.StartAsync();
        await using var upstream = await FakeUpstream.StartAsync();
        upstream.Answer = async context =>
        {
            context.Response.ContentType = "text/event-stream";
            await context.Response.WriteAsync($"data: {Chunk}\n\n");
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        };
        await using var proxy = await StartAsync(topics, upstream, drainSeconds: 0);
        using var client = new HttpClient { BaseAddress = new Uri(proxy.Address), Timeout = ChildProcess.Patience };
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions")
        {
            Content = new StringContent("""{"model":"gpt-5","stream":true,"messages":[]}""", Encoding.UTF8, "application/json"),
        };
        request.Headers.Add("x-tenant-id", "acme");
        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        var stream = await response.Content.ReadAsStreamAsync();
        await stream.ReadExactlyAsync(new byte[Chunk.Length]);
        Assert.Equal(0, await proxy.StopAsync());

        var published = Assert.Single(await EventsAsync(topics, 1));
        Assert.Equal(
            ("acme", "cancelled", "proxy_stopped", "estimated", "1"),
            (Text(published, "tenant_id"), Text(published, "result_type"), Text(published, "error_type"), Text(published, "completeness"),
             Text(published, "tokens_out")));
    }

    private static async Task<ProxyProcess> StartAsync(CommandTopics topics, FakeUpstream upstream, int drainSeconds)
    {
        var file = Path.Combine(Path.GetDirectoryName(topics.KeyFile)!, "proxy.yaml");
        await File.WriteAllTextAsync(file, $$"""
            kafka: { bootstrap: "{{topics.Address}}" }
            keys: {{topics.KeyFile}}
            timeouts: { drain_seconds: {{drainSeconds}} }
            upstreams:
              - { url: "{{upstream.Address}}", provider: openai }
              - { url: "{{upstream.Address}}", provider: anthropic }
            """);
        return await ProxyProcess.StartAsync("--config", file);
    }

    private static async Task AnswerAsync(HttpContext context)
    {
        var isStream = JsonNode.Parse((string)context.Items[FakeUpstream.BodyItem]!)!["stream"]?.GetValue<bool>() == true;
        string[] events = [];
        switch (context.Request.Path.Value)
        {
            case "/v1/chat/completions" when isStream:
                events = [Chunk, Last, ChatUsage, "[DONE]"];
                break;
            case "/v1/chat/completions":
                await JsonAsync(context, """
                    {"id":"c1","object":"chat.completion","model":"gpt-5","choices":[{"index":0,"message":{"role":"assistant","content":"hello"},"finish_reason":"stop"}],
                     "usage":{"prompt_tokens":12,"completion_tokens":5,"total_tokens":17}}
                    """);
                return;
            case "/v1/responses":
                events = ["""{"type":"response.completed","response":{"id":"r","object":"response","status":"completed","output":[],"usage":{"input_tokens":36,"output_tokens":9,"total_tokens":45}}}"""];
                break;
            case "/v1/embeddings":
                await JsonAsync(context, """{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.5]}],"model":"e","usage":{"prompt_tokens":9,"total_tokens":9}}""");
                return;
            case "/v1/messages" when isStream:
                events =
                [
                    """{"type":"message_start","message":{"id":"m1","type":"message","role":"assistant","model":"claude-sonnet","content":[],"usage":{"input_tokens":25,"cache_read_input_tokens":100,"output_tokens":1}}}""",
                    """{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}""",
                    """{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"hello"}}""",
                    """{"type":"content_block_stop","index":0}""",
                    """{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":15}}""",
                    """{"type":"message_stop"}""",
                ];
                break;
            default:
                await JsonAsync(context, Message);
                return;
        }

        context.Response.ContentType = "text/event-stream";
        foreach (var data in events)
        {
            var name = data[0] == '{' ? JsonNode.Parse(data)!["type"]?.GetValue<string>() : null;
            await context.Response.WriteAsync($"{(name is null ? "" : $"event: {name}\n")}data: {data}\n\n");
        }
    }

    private static Task JsonAsync(HttpContext context, string json)
    {
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(json);
    }

    private static async Task<List<JsonNode>> EventsAsync(CommandTopics topics, int count) =>
        [.. (await KafkaClient.ConsumeAsync(topics.Address, "llm.requests", 0, count)).Select(value => JsonNode.Parse(value)!)];

    private static string Text(JsonNode usage, string name) => usage[name]?.ToString() ?? "";

    private static string Describe(JsonNode usage) => string.Join(
        ' ',
        Told.Select(name => Text(usage, name))
            .Append(Text(usage, "usage_convention").Split(' ')[^1]));
}
