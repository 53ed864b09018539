using TokenStream.Commands;
using TokenStream.IntegrationTests.Gateway;
using Xunit;

namespace TokenStream.IntegrationTests.Agent;

/// <summary>The hooks for other gateways, driven as those drive them, against a real agent and signed commands.</summary>
public sealed class HookTests
{
    private static string Driver(string file) =>
        Path.Combine(TestPaths.Root, "tests", "TokenStream.IntegrationTests", "Agent", "Drivers", file);

    [FactNeeding("program:python3")]
    public async Task LiteLLMs_hook_refuses_reroutes_caps_reports_and_survives_the_agents_absence()
    {
        await using var topics = await CommandTopics.StartAsync();
        await using var agent = await StartAsync(topics);
        await using var python = ChildProcess.Start(
            "python3", [Driver("litellm_hook.py"), Path.Combine(IntegrationFiles.Folder, "litellm"), agent.Http.BaseAddress!.ToString()]);
        await python.LineAsync("streaming");
        await topics.IssueAsync("tenant=t-stream", CommandAction.Kill, new ActionParameters { AbortStreams = true }, "manual/9");
        await python.LineAsync("passed");
        Assert.Equal(0, await python.ExitAsync(ChildProcess.Patience));

        var used = await topics.FindAsync("llm.requests", value => value.Contains("\"event_id\":\"call-used\"", StringComparison.Ordinal));
        Assert.Contains("\"tokens_in\":1234,\"tokens_out\":56,\"tokens_cached\":5", used, StringComparison.Ordinal);
        Assert.Contains("\"tenant_id\":\"t-free\"", used, StringComparison.Ordinal);
        Assert.Contains("\"feature\":\"search\"", used, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", used, StringComparison.Ordinal);

        // The stream that was ended comes last. Before it came the try that failed, and nothing of the request that was refused but its
        // demand.
        var seen = new List<string>();
        await topics.FindAsync("llm.requests", value =>
        {
            seen.Add(value);
            return value.Contains("\"result_type\":\"cancelled\"", StringComparison.Ordinal);
        });
        Assert.Contains("\"error_type\":\"tokenstream_killed\"", seen[^1], StringComparison.Ordinal);
        Assert.Single(seen, value => value.Contains("\"event_id\":\"call-used~", StringComparison.Ordinal));
        Assert.Single(seen, value => value.Contains("\"event_id\":\"blocked/call-refused\"", StringComparison.Ordinal));
        Assert.DoesNotContain(seen, value => value.Contains("777", StringComparison.Ordinal));
    }

    [FactNeeding("program:lua5.1", "program:curl")]
    public async Task Kongs_functions_refuse_reroute_cap_and_report_the_answer_as_it_came()
    {
        await using var topics = await CommandTopics.StartAsync();
        await using var agent = await StartAsync(topics);
        using var folder = new TemporaryFolder();
        var functions = IntegrationFiles.KongFunctions();
        string[] phases = ["access", "body_filter", "log"];
        foreach (var phase in phases)
        {
            await File.WriteAllTextAsync(Path.Combine(folder.Path, phase), IntegrationFiles.Text(functions, $"{phase}/0"));
        }

        var address = agent.Http.BaseAddress!.ToString().TrimEnd('/');
        var (exitCode, output) = await ChildProcess.RunAsync(
            "lua5.1", [Driver("kong.lua"), .. phases.Select(phase => Path.Combine(folder.Path, phase)), address]);
        Assert.Equal(0, exitCode);
        Assert.Equal(
            """
            told	403	tokenstream_killed	false
            sent	gpt-5	7
            sent	gpt-5-mini	900
            sent	-	-
            warn	tokenstream: the agent does not answer; the request passes undecided
            sent	-	-
            """,
            output,
            ignoreLineEndingDifferences: true);
        var whole = await topics.FindAsync("llm.requests", value => value.Contains("\"tokens_in\":4321", StringComparison.Ordinal));
        Assert.Contains("\"tenant_id\":\"t-trim\"", whole, StringComparison.Ordinal);
        Assert.Contains("\"tokens_out\":7", whole, StringComparison.Ordinal);
        var stream = await topics.FindAsync("llm.requests", value => value.Contains("\"tokens_in\":8765", StringComparison.Ordinal));
        Assert.Contains("\"model\":\"gpt-5-mini\",\"model_requested\":\"gpt-5\"", stream, StringComparison.Ordinal);
        await topics.FindAsync("llm.requests", value => value.Contains("\"error_type\":\"http_500\"", StringComparison.Ordinal));
    }

    /// <summary>An agent that obeys a command for each of some tenants.</summary>
    private static async Task<AgentProcess> StartAsync(CommandTopics topics)
    {
        var agent = await AgentProcess.StartAsync(topics);
        await topics.IssueAsync("tenant=t-trim", CommandAction.TrimOutput, new ActionParameters { MaxOutputTokens = 7 }, "manual/1");
        await topics.IssueAsync("tenant=t-route", CommandAction.RouteTo, new ActionParameters { Model = "gpt-5-mini" }, "manual/2");
        await topics.IssueAsync("tenant=t-throttle", CommandAction.Throttle, new ActionParameters { RequestsPerMinute = 6 }, "manual/3");
        await topics.IssueAsync("tenant=t-kill", CommandAction.Kill, source: "manual/4");
        await agent.UntilAsync(answer => answer["max_output_tokens"]!.GetValue<long>() == 7, "output is limited", "t-trim");
        await agent.UntilAsync(answer => answer["route_model"] is not null, "requests are routed", "t-route");
        await agent.UntilAsync(answer => answer["decision"]!.GetValue<string>() == "deny", "the kill is obeyed", "t-kill");
        await Eventually.TrueAsync(
            async () =>
                (await agent.Http.GetStringAsync(new Uri("/v1/commands", UriKind.Relative)))
                    .Contains("t-throttle", StringComparison.Ordinal),
            "the throttle is known", () => agent.Process.Output);
        return agent;
    }
}
