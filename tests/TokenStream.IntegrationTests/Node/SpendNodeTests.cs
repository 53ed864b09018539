using Confluent.Kafka;
using TokenStream.Windowing;
using Xunit;
using Xunit.Abstractions;

namespace TokenStream.IntegrationTests.Node;

/// <summary>The spend of scopes through a whole node: rules, aggregate, topic, store.</summary>
public sealed class SpendNodeTests(ITestOutputHelper output)
{
    private const string Budgets = """
        version: 1
        budgets:
          - {name: whole, scope: all, amount: 1000000 USD, period: month}
          - {name: tenants, scope: {tenant: each}, amount: 1000000 USD, period: month}
          - {name: features, scope: {environment: prod, feature: each}, amount: 1000000 USD, period: month}
          - {name: models, scope: {provider: each, model: "gpt-4*"}, amount: 1000000 USD, period: month}
          - {name: users, scope: {user: each}, amount: 1000000 USD, period: month}

        """;

    [Fact]
    public async Task Spend_by_scope_equals_the_rollups_window_by_window_crashes_included()
    {
        using var folder = new TemporaryFolder();
        await using var node = new NodeProcess(folder.Path);
        await node.StartAsync();
        await ApplyBudgetsAsync(node.Kafka, folder.Path);
        await node.CrashAsync(storeToo: false);
        await using var replay = ChildProcess.Start("dotnet", [TestPaths.Service, .. AzureTrace.Replay(node.Kafka, speed: "120x")]);
        for (var crash = 0; crash < 2; crash++)
        {
            using var pause = new PeriodicTimer(TimeSpan.FromSeconds(4));
            await pause.WaitForNextTickAsync();
            await node.CrashAsync(storeToo: crash == 1);
        }

        Assert.True(await replay.ExitAsync(TimeSpan.FromMinutes(4)) == 0, replay.Output);
        await node.RequestsAsync(AzureTrace.Requests);
        await Eventually.TrueAsync(
            async () => await node.QueryAsync("SELECT sum(requests) FROM tokenstream.spend_by_scope WHERE scope = 'all'") == $"{AzureTrace.Requests}\n",
            "the spend of all requests is stored",
            () => node.Process.Output);

        await CompareAsync(node, "scope = 'all'", "''", "1");
        await CompareAsync(node, "match(scope, '^tenant=[^;]*$')", "tenant_id", "1");
        await CompareAsync(node, "match(scope, '^environment=prod;feature=[^;]*$')", "feature", "environment = 'prod' AND feature != ''");
        await CompareAsync(node, "match(scope, '^provider=[^;]*;model=gpt-4[*]$')", "provider", "model LIKE 'gpt-4%'");

        // The trace names no users: its requests are in no scope that binds one.
        Assert.Equal("0\n", await node.QueryAsync("SELECT countIf(scope LIKE 'user=%') FROM tokenstream.spend_by_scope"));
        await Eventually.TrueAsync(
            async () => await node.QueryAsync("SELECT (SELECT count() FROM tokenstream.spend_marks FINAL) = 2 * (SELECT count() FROM tokenstream.marks FINAL)") == "1\n",
            "every decision's mark came on every spend partition",
            () => node.Process.Output);
        await ReportLatencyAsync(node.Kafka);
    }

    /// <summary>Money, tokens and requests by window and value, from both tables: equal line by line.</summary>
    private static async Task CompareAsync(NodeProcess node, string scopes, string value, string events)
    {
        var expected = await node.QueryAsync(
            $"SELECT window_start AS w, {value} AS v, toString(sum(cost_usd)), sum(tokens_in + tokens_out), sum(requests) FROM tokenstream.usage_10s " +
            $"WHERE {events} GROUP BY w, v ORDER BY w, v");
        var actual = await node.QueryAsync(
            $"SELECT window_start AS w, {value} AS v, toString(cost_usd), tokens, requests FROM tokenstream.spend_by_scope WHERE {scopes} ORDER BY w, v");
        Assert.NotEmpty(expected);
        Assert.Equal(expected, actual);
    }

    private static async Task ApplyBudgetsAsync(string servers, string folder)
    {
        var file = Path.Combine(folder, "budgets.yaml");
        await File.WriteAllTextAsync(file, Budgets);
        await NodeProcess.CommandAsync("budgets", "apply", file, "--kafka", servers, "--reason", "test", "--yes");
    }

    /// <summary>How old provisional spend was when it reached the log. Reported, not asserted: the machine may be busy.</summary>
    private Task ReportLatencyAsync(string servers) => Task.Run(() =>
    {
        using var consumer = new ConsumerBuilder<Ignore, byte[]>(
            new ConsumerConfig { BootstrapServers = servers, GroupId = "test", EnablePartitionEof = true }).Build();
        consumer.Assign(Enumerable.Range(0, 2).Select(partition => new TopicPartitionOffset("tokenstream.spend", partition, Offset.Beginning)));
        var (ages, ends, decoder) = (new List<long>(), 0, new SpendDecoder());
        while (ends < 2 && consumer.Consume(TimeSpan.FromSeconds(30)) is { } record)
        {
            ends += record.IsPartitionEOF ? 1 : 0;
            var spends = new List<ScopeSpend>();
            if (!record.IsPartitionEOF && decoder.Read(record.Message.Value, spends) is null)
            {
                ages.AddRange(spends.Where(spend => !spend.Block.Final).Select(spend => record.Message.Timestamp.UnixTimestampMs - spend.EventMs));
            }
        }

        ages.Sort();
        Assert.NotEmpty(ages);
        output.WriteLine($"{ages.Count} provisional sums: p50 {ages[ages.Count / 2]} ms, p99 {ages[ages.Count * 99 / 100]} ms old");
    });
}
