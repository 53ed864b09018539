using System.Text.RegularExpressions;
using TokenStream.IntegrationTests.Node;
using TokenStream.Tests.Proxy;
using Xunit;

namespace TokenStream.IntegrationTests.Proxy;

/// <summary>The ten minutes of <c>docs/connect/proxy.md</c>, each command as it stands there, with this test's addresses.</summary>
public sealed partial class ProxyPageTests
{
    [FactNeeding("engine", "program:curl")]
    public async Task The_ten_minutes_of_the_page_hold()
    {
        var commands = Block().Matches(await File.ReadAllTextAsync(Path.Combine(TestPaths.Root, "docs", "connect", "proxy.md")))
            .Select(block => block.Groups[1].Value.Trim()).ToList();
        Assert.Equal(4, commands.Count);
        Assert.Equal("./tokenstream up", commands[0].Split('\n')[0]);
        using var folder = new TemporaryFolder();
        await using var upstream = await FakeUpstream.StartAsync();
        upstream.AnswerJson("""
            {"object":"chat.completion","model":"gpt-4o-mini","choices":[{"index":0,"finish_reason":"stop"}],
             "usage":{"prompt_tokens":1000,"completion_tokens":200,"total_tokens":1200}}
            """);
        var config = Path.Combine(folder.Path, "node.yaml");
        await File.WriteAllTextAsync(config, "topics: { requests_partitions: 1 }\n");
        await using var node = new NodeProcess(Path.Combine(folder.Path, "data"), "--config", config);
        await node.StartAsync();
        var options = Option().Matches(commands[0].Split('\n')[1]).Select(option => option.Value.Contains("anthropic", StringComparison.Ordinal)
            ? "https://api.anthropic.com"
            : upstream.Address.ToString()).SelectMany(url => new[] { "--upstream", url });
        await using var proxy = await ProxyProcess.StartAsync(
            [.. options, "--kafka", node.Kafka, "--keys", Path.Combine(node.Data, "keys", "commands.pub.pem")]);

        string Here(string command) => command.Replace("http://127.0.0.1:8090", proxy.Address, StringComparison.Ordinal)
            .Replace("http://127.0.0.1:8123", $"http://127.0.0.1:{node.ClickHousePort}", StringComparison.Ordinal)
            .Replace("./tokenstream", $"dotnet {TestPaths.Service}", StringComparison.Ordinal);
        Assert.Contains("1200", await ShellAsync(Here(commands[1])), StringComparison.Ordinal);

        await KafkaClient.ConsumeAsync(node.Kafka, "llm.requests", 0, 1);

        // Time goes on, and a window closes when it has; the test says so in place of waiting.
        var soon = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds() + 100_000;
        await KafkaClient.ProduceAsync(node.Kafka, "llm.requests", 0, [$$"""{"kind":"tick","time":{{soon}}}"""]);
        await node.RequestsAsync(1);
        // gpt-4o-mini: 0.15 and 0.60 dollars a million tokens.
        Assert.Matches("acme.*chat.*gpt-4o-mini.*1 .*1000 .*200 .*0[.]00027", await ShellAsync(Here(commands[2])));

        await ShellAsync($"{Here(commands[3])} --kafka {node.Kafka}");
        await Eventually.TrueAsync(
            async () => (await ShellAsync(Here(commands[1]))).Contains("tokenstream_killed", StringComparison.Ordinal), "the kill is obeyed", () => proxy.Output);
        Assert.Equal(0, await proxy.StopAsync());
    }

    private static async Task<string> ShellAsync(string command)
    {
        var (exitCode, output) = await ChildProcess.RunAsync("bash", ["-c", command], ("OPENAI_API_KEY", "sk-none"));
        Assert.True(exitCode == 0, $"{command}\n{output}");
        return output;
    }

    [GeneratedRegex("```sh\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Block();

    [GeneratedRegex("--upstream \\S+")]
    private static partial Regex Option();
}
