using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using TokenStream.Commands;
using TokenStream.IntegrationTests.Gateway;
using Xunit;

namespace TokenStream.IntegrationTests.Agent;

public sealed class GatewayAgentTests
{
    private const int Kills = 50;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    /// <summary>A slow machine's log may take longer than people would wait.</summary>
    private static readonly string[] Patient = ["--confirm-timeout", "120"];

    [Fact]
    public async Task Signed_commands_are_obeyed_told_live_and_what_was_used_is_in_the_log_when_it_is_acknowledged()
    {
        await using var topics = await CommandTopics.StartAsync();
        await using var agent = await AgentProcess.StartAsync(topics, Patient);
        using var following = await FollowAsync(agent);
        using var events = new StreamReader(await following.Content.ReadAsStreamAsync());
        Assert.Contains("\"commands\":[]", await EventAsync(events, "snapshot"), StringComparison.Ordinal);

        await topics.IssueAsync("tenant=acme", CommandAction.TrimOutput, new ActionParameters { MaxOutputTokens = 7 });
        await agent.UntilAsync(answer => answer["max_output_tokens"]!.GetValue<long>() == 7, "output is limited");
        Assert.Contains("\"trim_output\"", await EventAsync(events, "command"), StringComparison.Ordinal);
        await topics.IssueAsync("tenant=acme", CommandAction.RouteTo, new ActionParameters { Model = "gpt-5-mini" }, "manual/2");
        await agent.UntilAsync(answer => answer["route_model"]?.GetValue<string>() == "gpt-5-mini", "requests are routed");

        var held = await agent.DecideAsync();
        var (status, answer) = await agent.PostAsync(
            "/v1/complete", $$"""{"reservation":"{{held["reservation"]}}","tokens_in":1234,"tokens_out":5,"latency_ms":8}""");
        Assert.Equal((200, "acknowledged"), (status, answer["status"]!.GetValue<string>()));
        var used = await topics.FindAsync("llm.requests", value => value.Contains("\"tokens_in\":1234", StringComparison.Ordinal));
        Assert.Contains("\"model\":\"gpt-5-mini\",\"model_requested\":\"gpt-5\"", used, StringComparison.Ordinal);
        Assert.Contains("\"gateway_id\":\"agent-1\"", used, StringComparison.Ordinal);

        var kill = await topics.IssueAsync("tenant=acme", CommandAction.Kill, source: "manual/3");
        await agent.UntilAsync(refused => refused["code"]?.GetValue<string>() == "tokenstream_killed", "the kill is obeyed");
        await topics.FindAsync("llm.requests", value => value.Contains($"\"command_id\":\"{kill.Id}\"", StringComparison.Ordinal));
        await topics.FindAsync("tokenstream.acks", value => value.Contains("\"applied\"", StringComparison.Ordinal));
        Assert.Equal(
            3, JsonNode.Parse(await agent.Http.GetStringAsync(new Uri("/v1/commands", UriKind.Relative)))!["commands"]!.AsArray().Count);
    }

    [Fact]
    public async Task External_authorization_obeys_as_envoy_asks()
    {
        await using var topics = await CommandTopics.StartAsync();
        await using var agent = await AgentProcess.StartAsync(topics, "--header", "tenant=x-customer");
        await topics.IssueAsync("tenant=acme;model=gpt-5", CommandAction.RouteTo, new ActionParameters { Model = "gpt-5-mini" });
        await topics.IssueAsync("tenant=globex", CommandAction.Throttle, new ActionParameters { RequestsPerMinute = 6 }, "manual/2");
        await topics.IssueAsync("tenant=evil", CommandAction.Kill, source: "manual/3");
        await agent.UntilAsync(answer => answer["decision"]!.GetValue<string>() == "deny", "the kill is obeyed", "evil");
        await agent.UntilAsync(answer => answer["route_model"] is not null, "requests are routed");

        using (var routed = await AuthorizeAsync(agent, "acme"))
        {
            Assert.Equal((200, "gpt-5-mini"), ((int)routed.StatusCode, routed.Headers.GetValues("x-tokenstream-model").Single()));
        }

        using (var killed = await AuthorizeAsync(agent, "evil"))
        {
            Assert.Equal(403, (int)killed.StatusCode);
            Assert.Contains("tokenstream_killed", await killed.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }

        await Eventually.TrueAsync(
            async () =>
            {
                using var throttled = await AuthorizeAsync(agent, "globex");
                return (int)throttled.StatusCode == 429 && throttled.Headers.RetryAfter is { Delta.TotalSeconds: >= 1 };
            },
            "the throttle refuses",
            () => agent.Process.Output);
    }

    [Fact]
    public async Task A_killed_agent_starts_again_with_every_command_and_loses_nothing_that_it_acknowledged()
    {
        await using var topics = await CommandTopics.StartAsync();
        await using var agent = await AgentProcess.StartAsync(topics, ["--on-blind", "closed", .. Patient]);
        for (var i = 0; i < Kills; i++)
        {
            await topics.IssueAsync(
                FormattableString.Invariant($"tenant=t{i}"), CommandAction.Kill, source: FormattableString.Invariant($"manual/{i}"));
        }

        await agent.UntilAsync(answer => answer["decision"]!.GetValue<string>() == "deny", "the last kill is obeyed", "t49");
        var acknowledged = new List<string>();
        var completing = Task.WhenAll(Enumerable.Range(0, 4).Select(worker => CompleteUntilGoneAsync(agent, worker, acknowledged)));
        await Eventually.TrueAsync(
            () => Task.FromResult(Count(acknowledged) >= 40), "completions are acknowledged", () => agent.Process.Output);
        await agent.Process.KillAsync();
        await completing;

        await agent.StartAsync();
        for (var i = 0; i < Kills; i++)
        {
            Assert.Equal("deny", (await agent.DecideAsync(FormattableString.Invariant($"t{i}")))["decision"]!.GetValue<string>());
        }

        // The agent that was started anew takes what the former one may not have: told once more, it is one event.
        var again = $$"""{"reservation":"{{acknowledged[0]}}","tenant":"acme","model":"gpt-5","tokens_in":1,"tokens_out":1}""";
        Assert.Equal(200, (await agent.PostAsync("/v1/complete", again)).Status);
        var missing = acknowledged.Select(reservation => $"agent/{reservation}").ToHashSet(StringComparer.Ordinal);
        await topics.FindAsync("llm.requests", value =>
        {
            missing.Remove(JsonNode.Parse(value)!["event_id"]!.GetValue<string>());
            return missing.Count == 0;
        });
    }

    [Fact]
    public async Task Without_its_broker_it_goes_on_and_starts_blind_and_says_so()
    {
        await using var topics = await CommandTopics.StartAsync();
        await using var agent = await AgentProcess.StartAsync(topics);
        await topics.IssueAsync("tenant=acme", CommandAction.Kill);
        await agent.UntilAsync(answer => answer["decision"]!.GetValue<string>() == "deny", "the kill is obeyed");
        await topics.KillLogAsync();
        await agent.UntilAsync(answer => answer["state"]!.GetValue<string>() == "stale", "the silence is noticed");
        Assert.Equal("deny", (await agent.DecideAsync())["decision"]!.GetValue<string>());
        Assert.Equal("allow", (await agent.DecideAsync("other"))["decision"]!.GetValue<string>());

        await agent.Process.KillAsync();
        await agent.StartAsync(waitsUntilReady: false);
        Assert.False(await agent.IsReadyAsync());
        await agent.Process.LineAsync("it answers blind (Open)");
        Assert.Equal(("allow", "blind"), await DecisionAsync(agent));
        var (status, answer) = await agent.PostAsync("/v1/complete", """{"tenant":"acme","model":"gpt-5","tokens_in":77,"tokens_out":1}""");
        Assert.Equal((202, "accepted"), (status, answer["status"]!.GetValue<string>()));

        await topics.RestartLogAsync();
        await agent.UntilAsync(told => told["decision"]!.GetValue<string>() == "deny", "the kill is obeyed again");
        await topics.FindAsync("llm.requests", value => value.Contains("\"tokens_in\":77", StringComparison.Ordinal));
        agent.Process.Signal(PosixSignal.SIGTERM);
        Assert.Equal(0, await agent.Process.ExitAsync(Patience));
    }

    [Fact]
    public async Task A_socket_of_the_machine_is_listened_on_and_taken_over_from_a_killed_agent()
    {
        await using var topics = await CommandTopics.StartAsync();
        using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, "agent.sock");
        for (var run = 0; run < 2; run++)
        {
            await using var agent = ChildProcess.Start(
                "dotnet",
                [TestPaths.Service, "gateway-agent", "--kafka", topics.Address, "--keys", topics.KeyFile, "--listen", $"unix:{path}"]);
            await agent.LineAsync("is ready");
            using var handler = new SocketsHttpHandler
            {
                ConnectCallback = async (_, stop) =>
                {
                    var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                    await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), stop);
                    return new NetworkStream(socket, ownsSocket: true);
                },
            };
            using var client = new HttpClient(handler);
            Assert.Contains("\"ready\"", await client.GetStringAsync(new Uri("http://agent/health/ready")), StringComparison.Ordinal);
            await agent.KillAsync();
        }
    }

    private static async Task<(string Decision, string State)> DecisionAsync(AgentProcess agent)
    {
        var answer = await agent.DecideAsync();
        return (answer["decision"]!.GetValue<string>(), answer["state"]!.GetValue<string>());
    }

    private static async Task<HttpResponseMessage> AuthorizeAsync(AgentProcess agent, string tenant)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/ext_authz/v1/chat/completions");
        request.Headers.Host = "api.example.com";
        request.Headers.Add("x-customer", tenant);
        request.Content = new StringContent("""{"model":"gpt-5","max_tokens":10,"messages":[]}""");
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        return await agent.Http.SendAsync(request);
    }

    private static async Task<HttpResponseMessage> FollowAsync(AgentProcess agent)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/commands");
        request.Headers.Accept.ParseAdd("text/event-stream");
        return await agent.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }

    /// <summary>The data of the next event of a kind.</summary>
    private static async Task<string> EventAsync(StreamReader events, string kind)
    {
        using var deadline = new CancellationTokenSource(Patience);
        var isKind = false;
        while (await events.ReadLineAsync(deadline.Token) is { } line)
        {
            isKind = line.StartsWith("event: ", StringComparison.Ordinal) ? line == $"event: {kind}" : isKind;
            if (isKind && line.StartsWith("data: ", StringComparison.Ordinal))
            {
                return line[6..];
            }
        }

        throw new InvalidOperationException($"The stream ended without an event '{kind}'.");
    }

    private static async Task CompleteUntilGoneAsync(AgentProcess agent, int worker, List<string> acknowledged)
    {
        try
        {
            while (true)
            {
                var held = await agent.DecideAsync(string.Create(CultureInfo.InvariantCulture, $"acme{worker}"));
                var reservation = held["reservation"]!.GetValue<string>();
                var (status, _) = await agent.PostAsync(
                    "/v1/complete", $$"""{"reservation":"{{reservation}}","tokens_in":1,"tokens_out":1}""");
                if (status == 200)
                {
                    lock (acknowledged)
                    {
                        acknowledged.Add(reservation);
                    }
                }
            }
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException)
        {
            // It was killed.
        }
    }

    private static int Count(List<string> acknowledged)
    {
        lock (acknowledged)
        {
            return acknowledged.Count;
        }
    }
}
