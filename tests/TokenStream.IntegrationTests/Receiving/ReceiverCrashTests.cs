using System.Collections.Concurrent;
using System.Net;
using System.Text;
using System.Text.Json;
using Confluent.Kafka;
using TokenStream.IntegrationTests.Broker;
using TokenStream.IntegrationTests.Node;
using Xunit;

namespace TokenStream.IntegrationTests.Receiving;

/// <summary>A node that only receives, before a log in another process: either may die at any moment.</summary>
public sealed class ReceiverCrashTests : IDisposable
{
    private const int Partitions = 4;

    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromMinutes(1) };

    public void Dispose() => _http.Dispose();

    [Fact]
    public async Task Killed_under_load_it_loses_nothing_that_it_acknowledged_and_repeats_meet_their_originals()
    {
        using var folder = new TemporaryFolder();
        await using var log = await BrokerProcess.StartAsync(Path.Combine(folder.Path, "log"));
        await using var node = await StartAsync(folder, log);
        var acknowledged = new ConcurrentBag<string>();
        using var stop = new CancellationTokenSource();
        var senders = Enumerable.Range(0, 4).Select(sender => Task.Run(() => SendAsync(node, sender, acknowledged, stop.Token))).ToArray();
        for (var crash = 0; crash < 2; crash++)
        {
            var target = acknowledged.Count + 200;
            await Eventually.TrueAsync(
                () => Task.FromResult(acknowledged.Count >= target), $"{target} events are acknowledged", () => node.Process.Output);
            await node.CrashAsync(storeToo: true);
        }

        var last = acknowledged.Count + 50;
        await Eventually.TrueAsync(
            () => Task.FromResult(acknowledged.Count >= last), "senders go on after the last crash", () => node.Process.Output);
        await stop.CancelAsync();
        await Task.WhenAll(senders);

        var written = Written(log.Address);
        Assert.Empty(acknowledged.Except(written.Select(record => record.Id)));
        // Duplicates are told within a partition: an event that was sent again lies where its original does.
        Assert.All(written.GroupBy(record => record.Id), copies => Assert.Single(copies.Select(copy => copy.Partition).Distinct()));
    }

    [Fact]
    public async Task While_the_log_is_away_senders_are_told_to_come_again_and_then_all_is_well()
    {
        using var folder = new TemporaryFolder();
        var data = Path.Combine(folder.Path, "log");
        await using var log = await BrokerProcess.StartAsync(data);
        await using var node = await StartAsync(folder, log);
        Assert.Equal(HttpStatusCode.OK, (await PostAsync(node, "first")).Status);

        await log.KillAsync();
        var (status, retryAfter) = await PostAsync(node, "second");
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "5"), (status, retryAfter));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await node.ReadyAsync());

        await using var back = await BrokerProcess.StartAsync(data, log.Address);
        await Eventually.TrueAsync(
            async () => (await PostAsync(node, "second")).Status == HttpStatusCode.OK, "the event is taken", () => node.Process.Output);
        await Eventually.TrueAsync(
            async () => await node.ReadyAsync() == HttpStatusCode.OK, "the node is ready again", () => node.Process.Output);
        Assert.Equal(["first", "second"], Written(back.Address).Select(record => record.Id).Distinct().Order(StringComparer.Ordinal));
    }

    private static async Task<NodeProcess> StartAsync(TemporaryFolder folder, BrokerProcess log)
    {
        var config = Path.Combine(folder.Path, "node.yaml");
        await File.WriteAllTextAsync(config, $"topics: {{requests_partitions: {Partitions}}}\n");
        var node = new NodeProcess(
            Path.Combine(folder.Path, "data"), "--kafka", log.Address, "--roles", "receive", "--config", config);
        await node.StartAsync();
        return node;
    }

    /// <summary>Sends events one after the other, each again until it is taken.</summary>
    private async Task SendAsync(NodeProcess node, int sender, ConcurrentBag<string> acknowledged, CancellationToken stop)
    {
        for (var number = 0; !stop.IsCancellationRequested; number++)
        {
            var id = $"{sender}-{number}";
            while (!stop.IsCancellationRequested && !await IsTakenAsync(node, id))
            {
                await Task.Yield();
            }

            if (!stop.IsCancellationRequested)
            {
                acknowledged.Add(id);
            }
        }
    }

    private async Task<bool> IsTakenAsync(NodeProcess node, string id)
    {
        try
        {
            return (await PostAsync(node, id)).Status == HttpStatusCode.OK;
        }
        catch (Exception failure) when (failure is HttpRequestException or TaskCanceledException)
        {
            // The node is dead or not up yet.
            return false;
        }
    }

    private async Task<(HttpStatusCode Status, string RetryAfter)> PostAsync(NodeProcess node, string id)
    {
        using var body = new StringContent(
            $$"""{"event_id":"{{id}}","time":1750000000000,"tenant_id":"t{{id}}","provider":"openai","model":"gpt-4o","tokens_in":7,"tokens_out":1}""",
            Encoding.UTF8, "application/json");
        using var answer = await _http.PostAsync(new Uri($"http://127.0.0.1:{node.HttpPort}/v1/events"), body);
        return (answer.StatusCode, answer.Headers.RetryAfter?.ToString() ?? "");
    }

    private static List<(string Id, int Partition)> Written(string servers)
    {
        using var consumer = new ConsumerBuilder<Ignore, byte[]>(
            new ConsumerConfig { BootstrapServers = servers, GroupId = "test", EnablePartitionEof = true }).Build();
        consumer.Assign(Enumerable.Range(0, Partitions).Select(p => new TopicPartitionOffset("llm.requests", p, Offset.Beginning)));
        var (written, ends) = (new List<(string, int)>(), 0);
        while (ends < Partitions)
        {
            var record = consumer.Consume(TimeSpan.FromMinutes(1)) ?? throw new TimeoutException("The log was not read to its end.");
            ends += record.IsPartitionEOF ? 1 : 0;
            if (!record.IsPartitionEOF)
            {
                using var parsed = JsonDocument.Parse(record.Message.Value);
                written.Add((parsed.RootElement.GetProperty("event_id").GetString()!, record.Partition.Value));
            }
        }

        return written;
    }
}
