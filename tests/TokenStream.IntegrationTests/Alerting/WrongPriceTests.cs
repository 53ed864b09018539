using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using TokenStream.IntegrationTests.Node;
using Xunit;

namespace TokenStream.IntegrationTests.Alerting;

/// <summary>A price entered a million times too high, at a node as people run it: what it does, who is called, and the way back.</summary>
public sealed partial class WrongPriceTests
{
    private const int Tenants = 30;

    /// <summary>40,000 tokens of gpt-4o are ten cents; at the wrong price they are 100,000 USD.</summary>
    private const int Tokens = 40_000;

    // A rolling period needs nothing told of what was spent before the budget was known.
    private const string Budgets = """
        version: 1
        budgets:
          - name: tenants
            scope: {tenant: each}
            amount: 100 USD
            period: rolling
            hours: 24
            mode: enforce
            ladder: [{at: exhausted, action: kill}]
        """;

    private const string WrongPrices = """
        name: typo
        date: 2026-11-21
        currency: USD
        providers:
          openai:
            models:
              gpt-4o: {prices: {input: 2500000, output: 10000000}}
        """;

    [FactNeeding("engine")]
    public async Task Few_tenants_are_stopped_one_page_goes_out_and_one_command_undoes_it()
    {
        using var folder = new TemporaryFolder();
        await using var pager = new WebhookReceiver();
        await using var tickets = new WebhookReceiver();
        var config = Path.Combine(folder.Path, "node.yaml");
        await File.WriteAllTextAsync(config, $$"""
            alerts:
              receivers:
                - {name: pager, kind: webhook, url: "{{pager.Url}}", severities: [page]}
                - {name: tickets, kind: webhook, url: "{{tickets.Url}}", severities: [ticket]}
            """);
        await using var node = new NodeProcess(Path.Combine(folder.Path, "data"), "--config", config);
        await node.StartAsync();
        await ApplyAsync(node, "budgets", await WriteAsync(folder, "budgets.yaml", Budgets), []);
        // Version 1 is the node's own; the budget's scopes come with the next. The log must not stand still for a version to be taken up.
        await using var time = new UsageTraffic(node.Kafka, "clock", tokens: 0);
        await TakenUpAsync(node, 2);
        await AskAsync(node, "before");

        var applied = await ApplyAsync(node, "prices", await WriteAsync(folder, "prices.yaml", WrongPrices), ["--clickhouse", Store(node)]);
        var back = Rollback().Match(applied).Groups[1].Value;
        await TakenUpAsync(node, int.Parse(Version().Match(applied).Groups[1].Value, CultureInfo.InvariantCulture));
        await AskAsync(node, "wrong");

        // Once every tenant's budget is told of as a ticket, no page of any of them can follow.
        await Eventually.TrueAsync(
            () => Task.FromResult(tickets.Said.Count(said => said == "firing exhausted") == Tenants && !pager.Posted.IsEmpty),
            "every tenant's budget is a ticket",
            () => $"tickets: {string.Join(", ", tickets.Said)}\npages: {string.Join(", ", pager.Said)}\n{node.Process.Output}");
        Assert.Equal(["firing breaker"], pager.Said);
        Assert.Equal(3, (await StoppedAsync(node)).Count);
        Assert.Equal(Tenants - 3, tickets.Said.Count(said => said == "firing held_back"));

        // The page says what to type.
        var page = pager.Posted.Single()["summary"]!.GetValue<string>();
        Assert.Contains("tokenstream govern pause --reason", page, StringComparison.Ordinal);
        await NodeProcess.CommandAsync("govern", "pause", "--reason", "wrong price", "--kafka", node.Kafka);
        await Eventually.TrueAsync(
            async () => (await StoppedAsync(node)).Count == 0, "nobody is stopped any more", () => node.Process.Output);

        // The cause is taken back, and nothing is stopped by the sums that stand.
        await NodeProcess.CommandAsync(
            "prices", "rollback", back, "--reason", "typo", "--yes", "--kafka", node.Kafka, "--clickhouse", Store(node));
        await AskAsync(node, "after");
        await Eventually.TrueAsync(
            async () => await node.QueryAsync("SELECT groupArray(action) FROM (SELECT action FROM tokenstream.audit ORDER BY at)")
                == "['apply','apply','pause','rollback']\n",
            "the audit has every step",
            () => node.Process.Output);
        Assert.Empty(await StoppedAsync(node));
        Assert.Equal(["firing breaker"], pager.Said);

        // What was booked stands: who would let the budgets act again is told so, and raises their amount first.
        var (code, refused) = await ResumeAsync(node);
        Assert.True(code == 1 && refused.Contains($"{Tenants} budgets stand above their amount", StringComparison.Ordinal), refused);
        var raised = Budgets.Replace("100 USD", "1000000 USD", StringComparison.Ordinal);
        await ApplyAsync(node, "budgets", await WriteAsync(folder, "raised.yaml", raised), []);
        await Eventually.TrueAsync(async () => (await ResumeAsync(node)).ExitCode == 0, "governing is resumed", () => node.Process.Output);
        await AskAsync(node, "again");
        await Eventually.TrueAsync(
            () => Task.FromResult(pager.Said.SequenceEqual(["firing breaker", "resolved breaker"])),
            "the page is resolved",
            () => string.Join(", ", pager.Said) + node.Process.Output);
        Assert.Empty(await StoppedAsync(node));
    }

    private static Task<(int ExitCode, string Output)> ResumeAsync(NodeProcess node) =>
        ChildProcess.RunAsync("dotnet", [TestPaths.Service, "govern", "resume", "--reason", "mended", "--kafka", node.Kafka]);

    private static Task AskAsync(NodeProcess node, string round) => KafkaClient.ProduceAsync(
        node.Kafka, "llm.requests", 0, Enumerable.Range(0, Tenants).Select(i => UsageTraffic.Event($"{round}-{i}", $"tenant-{i}", Tokens)));

    /// <summary>The scopes that an automatic command stops, as gateways are told.</summary>
    private static async Task<List<string>> StoppedAsync(NodeProcess node)
    {
        using var http = new HttpClient();
        var answer = JsonNode.Parse(await http.GetStringAsync(new Uri($"http://127.0.0.1:{node.HttpPort}/v1/commands")))!;
        return
        [
            .. answer["commands"]!.AsArray().Where(command => command!["action"]!.GetValue<string>() == "kill")
                .Select(command => command!["scope"]!.GetValue<string>()),
        ];
    }

    private static Task<string> ApplyAsync(NodeProcess node, string what, string file, string[] more) =>
        NodeProcess.CommandAsync([what, "apply", file, "--reason", "test", "--yes", "--kafka", node.Kafka, .. more]);

    private static string Store(NodeProcess node) => $"http://127.0.0.1:{node.ClickHousePort}";

    /// <summary>The partition that is asked works by a version of the rules, or by a later one.</summary>
    private static Task TakenUpAsync(NodeProcess node, int version) => Eventually.TrueAsync(
        () => Task.FromResult(TakesUp().Matches(node.Process.Output)
            .Any(match => int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture) >= version)),
        $"version {version} of the rules is taken up",
        () => node.Process.Output);

    private static async Task<string> WriteAsync(TemporaryFolder folder, string name, string text)
    {
        var path = Path.Combine(folder.Path, name);
        await File.WriteAllTextAsync(path, text);
        return path;
    }

    [GeneratedRegex(@"prices rollback (\d+)")]
    private static partial Regex Rollback();

    [GeneratedRegex(@"Version (\d+) is in force")]
    private static partial Regex Version();

    [GeneratedRegex(@"llm\.requests\[0\] takes up version (\d+)")]
    private static partial Regex TakesUp();
}
