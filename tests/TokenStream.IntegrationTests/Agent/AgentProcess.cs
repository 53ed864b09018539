using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using TokenStream.IntegrationTests.Gateway;

namespace TokenStream.IntegrationTests.Agent;

/// <summary>The agent as people run it, <c>tokenstream gateway-agent</c>, that can be killed and started again at its address.</summary>
internal sealed class AgentProcess : IAsyncDisposable
{
    private readonly CommandTopics _topics;
    private readonly string[] _more;
    private string _listen;

    private AgentProcess(CommandTopics topics, string listen, string[] more) => (_topics, _listen, _more) = (topics, listen, more);

    internal ChildProcess Process { get; private set; } = null!;

    internal HttpClient Http { get; private set; } = null!;

    internal static async Task<AgentProcess> StartAsync(CommandTopics topics, params string[] more)
    {
        var agent = new AgentProcess(topics, "127.0.0.1:0", more);
        await agent.StartAsync();
        return agent;
    }

    /// <summary>Starts it, again at its former address; with its broker there it is ready when this ends.</summary>
    internal async Task StartAsync(bool waitsUntilReady = true)
    {
        Process = ChildProcess.Start(
            "dotnet",
            [
                TestPaths.Service, "gateway-agent", "--kafka", _topics.Address, "--keys", _topics.KeyFile, "--listen", _listen,
                "--gateway-id", "agent-1", "--provider", "openai", .. _more,
            ]);
        var address = new Uri((await Process.LineAsync("listens on ")).Split("listens on ")[1]);
        _listen = address.Authority;
        Http?.Dispose();
        Http = new HttpClient { BaseAddress = address, Timeout = TimeSpan.FromMinutes(3) };
        if (waitsUntilReady)
        {
            await Eventually.TrueAsync(IsReadyAsync, "the agent is ready", () => Process.Output);
        }
    }

    internal async Task<bool> IsReadyAsync()
    {
        using var answer = await Http.GetAsync(new Uri("/health/ready", UriKind.Relative));
        return answer.StatusCode == HttpStatusCode.OK;
    }

    /// <summary>Posts JSON and gives status and answer.</summary>
    internal async Task<(int Status, JsonNode Answer)> PostAsync(string path, string body)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var answer = await Http.PostAsync(new Uri(path, UriKind.Relative), content);
        return ((int)answer.StatusCode, JsonNode.Parse(await answer.Content.ReadAsStringAsync())!);
    }

    /// <summary>What is decided about a request of a tenant for 10 tokens in and at most 10 out.</summary>
    internal async Task<JsonNode> DecideAsync(string tenant = "acme") =>
        (await PostAsync("/v1/decide", $$"""{"tenant":"{{tenant}}","model":"gpt-5","tokens_in":10,"max_tokens":10}""")).Answer;

    internal async Task UntilAsync(Func<JsonNode, bool> condition, string what, string tenant = "acme") =>
        await Eventually.TrueAsync(async () => condition(await DecideAsync(tenant)), what, () => Process.Output);

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await Process.DisposeAsync();
    }
}
