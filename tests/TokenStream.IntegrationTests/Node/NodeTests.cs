using System.Globalization;
using System.Net;
using System.Text.Json;
using Xunit;

namespace TokenStream.IntegrationTests.Node;

public sealed class NodeTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    public async Task Azure_trace_equals_the_windows_that_another_program_computed(int partitions)
    {
        using var folder = new TemporaryFolder();
        await using var node = await StartAsync(folder, partitions);
        await NodeProcess.CommandAsync(AzureTrace.Replay(node.Kafka));
        await node.RequestsAsync(AzureTrace.Requests);
        await AzureTrace.CheckAsync(node);

        // A repeated run adds nothing: its ids are remembered, or its events duplicate.
        await NodeProcess.CommandAsync(AzureTrace.Replay(node.Kafka));
        await Eventually.TrueAsync(async () => await CountAsync(node, "duplicate") == AzureTrace.Requests, "the repeated run is counted", () => node.Process.Output);
        await AzureTrace.CheckAsync(node);
        await CheckConservationAsync(node, read: 2 * (AzureTrace.Requests + partitions), ticks: 2 * partitions, refused: 0);
        Assert.Equal(0, await node.StopAsync());
    }

    [Fact]
    public async Task What_is_refused_is_a_dead_letter_and_counted_and_the_rest_is_not_held_up()
    {
        using var folder = new TemporaryFolder();
        await using var node = await StartAsync(folder, 1);
        var now = DateTimeOffset.FromUnixTimeMilliseconds(1_750_000_000_000).ToUnixTimeMilliseconds();
        var lines = new[]
        {
            "not json",
            $$"""{"event_id":"a","time":{{now}},"tenant_id":"t","provider":"openai","model":"gpt-4o","tokens_in":"7","tokens_out":1}""",
            $$"""{"event_id":"b","time":{{now}},"tenant_id":"t","provider":"openai","model":"gpt-4o","tokens_in":7,"tokens_out":1}""",
            $$"""{"event_id":"c","time":{{now}},"tenant_id":"t","provider":"nobody","model":"unheard-of","tokens_in":5,"tokens_out":2}""",
            $$"""{"kind":"tick","time":{{now + 3_600_000}}}""",
        };
        await KafkaClient.ProduceAsync(node.Kafka, "llm.requests", 0, lines);
        await node.RequestsAsync(2);
        Assert.Equal("7\t1\t0.0000275\t5\t2\n", await node.QueryAsync(
            "SELECT sumIf(tokens_in, model = 'gpt-4o'), sumIf(tokens_out, model = 'gpt-4o'), toString(sum(cost_usd)), " +
            "sumIf(tokens_in, unpriced_tokens > 0), sumIf(tokens_out, unpriced_tokens > 0) FROM tokenstream.usage_10s"));
        await CheckConservationAsync(node, read: 5, ticks: 1, refused: 2);
        Assert.Equal(["not json", lines[1]], await KafkaClient.ConsumeAsync(node.Kafka, "tokenstream.deadletter", 0, 2));
        Assert.Contains("tokenstream_records_refused_total{reason=\"wrong_type\"} 1", await node.MetricsAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Killed_at_any_moment_it_comes_to_the_same_sums()
    {
        using var folder = new TemporaryFolder();
        await using var undisturbed = await StartAsync(folder, 4);
        await NodeProcess.CommandAsync(AzureTrace.Replay(undisturbed.Kafka));
        await undisturbed.RequestsAsync(AzureTrace.Requests);
        var expected = await AzureTrace.ContentsAsync(undisturbed);
        await undisturbed.StopAsync();

        using var other = new TemporaryFolder();
        await using var node = await StartAsync(other, 4);
        await using var replay = ChildProcess.Start("dotnet", [TestPaths.Service, .. AzureTrace.Replay(node.Kafka, speed: "60x")]);
        var random = new Random(CrashPlan.Seed);
        for (var crash = 0; crash < CrashPlan.Crashes; crash++)
        {
            using var pause = new PeriodicTimer(TimeSpan.FromMilliseconds(random.Next(50, 4000)));
            await pause.WaitForNextTickAsync();
            await node.CrashAsync(storeToo: random.Next(2) == 0);
        }

        Assert.True(await replay.ExitAsync(TimeSpan.FromMinutes(4)) == 0, replay.Output);
        await node.RequestsAsync(AzureTrace.Requests);
        Assert.Equal(expected, await AzureTrace.ContentsAsync(node));
        await AzureTrace.CheckAsync(node);
    }

    [Fact]
    public async Task A_store_that_dies_comes_back_and_nothing_is_lost()
    {
        using var folder = new TemporaryFolder();
        await using var node = await StartAsync(folder, 2);
        await NodeProcess.CommandAsync(AzureTrace.Replay(node.Kafka));
        await ChildProcess.RunAsync("pkill", ["-9", "-f", $"clickhouse --data {Path.Combine(node.Data, "clickhouse")}"]);
        await node.RequestsAsync(AzureTrace.Requests);
        await AzureTrace.CheckAsync(node);
        await Eventually.TrueAsync(async () => await node.ReadyAsync() == HttpStatusCode.OK, "the node is ready again", () => node.Process.Output);
    }

    [Fact]
    public async Task The_store_may_be_another_nodes()
    {
        using var folder = new TemporaryFolder();
        await using var first = await StartAsync(folder, 2);
        using var other = new TemporaryFolder();
        var secret = Path.Combine(first.Data, "clickhouse", "owner.secret");
        var config = Path.Combine(other.Path, "node.yaml");
        await File.WriteAllTextAsync(config, $"clickhouse:\n  url: http://127.0.0.1:{first.ClickHousePort}\n  user: tokenstream\n  password: ${{file:{secret}}}\n");
        await using var second = new NodeProcess(other.Path, "--config", config);
        await second.StartAsync();
        await NodeProcess.CommandAsync(AzureTrace.Replay(second.Kafka));
        await first.RequestsAsync(AzureTrace.Requests);
        await AzureTrace.CheckAsync(first);
    }

    [FactNeeding("variable:TOKENSTREAM_KAFKA_HOME")]
    public async Task On_a_real_Kafka_it_comes_to_the_same_sums_crashes_included()
    {
        using var folder = new TemporaryFolder();
        await using var kafka = await RealKafka.StartAsync();
        await using var node = new NodeProcess(folder.Path, "--kafka", kafka.Address);
        await node.StartAsync();
        await using var replay = ChildProcess.Start("dotnet", [TestPaths.Service, .. AzureTrace.Replay(kafka.Address, speed: "120x")]);
        var random = new Random(CrashPlan.Seed);
        for (var crash = 0; crash < 3; crash++)
        {
            using var pause = new PeriodicTimer(TimeSpan.FromMilliseconds(random.Next(50, 4000)));
            await pause.WaitForNextTickAsync();
            await node.CrashAsync(storeToo: random.Next(2) == 0);
        }

        Assert.True(await replay.ExitAsync(TimeSpan.FromMinutes(4)) == 0, replay.Output);
        await node.RequestsAsync(AzureTrace.Requests);
        await AzureTrace.CheckAsync(node);
    }

    [FactNeeding("variable:TOKENSTREAM_TRACES")]
    public async Task Every_trace_comes_to_the_totals_that_another_program_computed()
    {
        var traces = Environment.GetEnvironmentVariable("TOKENSTREAM_TRACES")!;
        using var expected = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(traces, "..", "expected", "totals.json")));
        using var folder = new TemporaryFolder();
        await using var node = await StartAsync(folder, 3);
        var (requests, tokensIn, tokensOut, records, runs) = (0L, 0L, 0L, 0L, 0);
        foreach (var trace in expected.RootElement.EnumerateObject().Where(t => t.Name.StartsWith("llm/", StringComparison.Ordinal)))
        {
            // Older traces come late beside newer ones: their events are corrections, in every grain.
            await NodeProcess.CommandAsync("replay", Path.Combine(traces, "..", trace.Name), "--to", node.Kafka);
            requests += trace.Value.GetProperty("rows").GetInt64();
            tokensIn += trace.Value.GetProperty("input_tokens").GetInt64();
            tokensOut += trace.Value.GetProperty("output_tokens").GetInt64();
            records = requests + (3 * ++runs);
        }

        Assert.True(runs >= 6);
        await node.RequestsAsync(requests);
        foreach (var view in AzureTrace.Views)
        {
            Assert.Equal(
                $"{requests}\t{tokensIn}\t{tokensOut}\n",
                await node.QueryAsync($"SELECT sum(requests), sum(tokens_in), sum(tokens_out) FROM tokenstream.{view}"));
        }

        // All grains agree on the money, sealed rows, corrections and open ranges together.
        Assert.Equal("1\n", await node.QueryAsync(
            "SELECT count(DISTINCT cost) FROM (" + string.Join(" UNION ALL ", AzureTrace.Views.Select(v => $"SELECT sum(cost_usd) AS cost FROM tokenstream.{v}")) + ")"));
        await CheckConservationAsync(node, read: records, ticks: 3 * runs, refused: 0);
    }

    private static async Task<NodeProcess> StartAsync(TemporaryFolder folder, int partitions)
    {
        var config = Path.Combine(folder.Path, "node.yaml");
        await File.WriteAllTextAsync(config, $"topics:\n  requests_partitions: {partitions}\n");
        var node = new NodeProcess(Path.Combine(folder.Path, "data"), "--config", config);
        await node.StartAsync();
        return node;
    }

    /// <summary>Events in = rolled up + duplicates + dead letters + ticks, from the counts that the marks carry and from the rows themselves.</summary>
    private static async Task CheckConservationAsync(NodeProcess node, long read, long ticks, long refused)
    {
        await Eventually.TrueAsync(async () => await CountAsync(node, "read") == read, $"{read} records are counted", () => node.Process.Output);
        var counted = await CountAsync(node, "counted");
        Assert.Equal(read, counted + await CountAsync(node, "duplicate") + ticks + refused);
        Assert.Equal(counted, long.Parse(await node.QueryAsync("SELECT sum(attempts) FROM tokenstream.usage_10s"), CultureInfo.InvariantCulture));
    }

    private static async Task<long> CountAsync(NodeProcess node, string column) =>
        long.Parse(await node.QueryAsync($"SELECT sum({column}) FROM tokenstream.marks FINAL"), CultureInfo.InvariantCulture);
}
