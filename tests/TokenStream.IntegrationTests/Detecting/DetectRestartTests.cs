using System.Globalization;
using Confluent.Kafka;
using TokenStream.Detection;
using TokenStream.IntegrationTests.Node;
using TokenStream.Tests.Detection.Series;
using Xunit;
using static TokenStream.Tests.Detection.Series.DetectFeed;

namespace TokenStream.IntegrationTests.Detecting;

/// <summary>A node that detects, killed and started again on the same log.</summary>
public sealed class DetectRestartTests
{
    private const int QuietMinutes = 240;
    private const long RequestPico = 1_000_000_000;

    [Fact]
    public async Task Killed_before_and_after_an_anomaly_it_finds_the_same_one_with_the_same_id()
    {
        using var folder = new TemporaryFolder();
        await using var node = new NodeProcess(Path.Combine(folder.Path, "data"), "--roles", "detect");
        await node.StartAsync();

        // Usage as aggregators publish it, four hours at once: time comes from the log.
        var feed = new DetectFeed();
        for (var minute = 0; minute < QuietMinutes; minute++)
        {
            Publish(feed, minute, 100 + (minute * 7 % 11));
        }

        await ProduceAsync(node.Kafka, feed);
        await ScoredAsync(node, QuietMinutes - 1);
        await node.CrashAsync(storeToo: false);
        await ScoredAsync(node, QuietMinutes - 1);
        for (var minute = QuietMinutes; minute < QuietMinutes + 5; minute++)
        {
            Publish(feed, minute, 10_000);
        }

        await ProduceAsync(node.Kafka, feed);
        await ScoredAsync(node, QuietMinutes + 4);
        var before = await AnomaliesAsync(node, atLeast: 1);
        Assert.Contains(before, anomaly => anomaly is { HeldBack: null, Direction: AnomalyDirection.Up } && anomaly.Scope.Tenant == "acme");
        await node.CrashAsync(storeToo: false);
        var after = await AnomaliesAsync(node, 2 * before.Count);
        Assert.Equal(before.Select(TextOf).Order(StringComparer.Ordinal), after.Select(TextOf).Distinct().Order(StringComparer.Ordinal));
    }

    private static string TextOf(Anomaly anomaly) => Convert.ToBase64String(AnomalyFormat.Write(anomaly));

    private static void Publish(DetectFeed feed, int minute, long requests) => feed.Decide(
        0, Noon + ((minute + 1) * Minute), decision => Value(0, decision, Noon + (minute * Minute), "acme", requests, costs: requests * RequestPico));

    private static async Task ProduceAsync(string servers, DetectFeed feed)
    {
        using var producer = new ProducerBuilder<Null, byte[]>(new ProducerConfig { BootstrapServers = servers }).Build();

        // One tenant lies in one partition; which one does not matter here, and each partition gets every mark.
        var sent = feed.Records.SelectMany(record => Enumerable.Range(0, 2).Where(partition => partition == 0 || record is Windowing.Mark).Select(
            partition => producer.ProduceAsync(new TopicPartition("tokenstream.rollups", partition), new Message<Null, byte[]> { Value = RollupRecords.Of(record) })));
        await Task.WhenAll(sent.ToArray());
        feed.Records.Clear();
    }

    private static Task ScoredAsync(NodeProcess node, int minute)
    {
        var scored = ((Noon + (minute * Minute)) / 1000).ToString(CultureInfo.InvariantCulture);
        return Eventually.TrueAsync(
            async () => (await node.MetricsAsync()).Split('\n').Any(line =>
                line.StartsWith("tokenstream_detect_scored_time_seconds{", StringComparison.Ordinal) && line.Contains("partition=\"0\"", StringComparison.Ordinal) &&
                decimal.Parse(line.Split(' ')[1], NumberStyles.Float, CultureInfo.InvariantCulture) == decimal.Parse(scored, CultureInfo.InvariantCulture)),
            $"minute {minute} is scored",
            () => node.Process.Output);
    }

    private static async Task<List<Anomaly>> AnomaliesAsync(NodeProcess node, int atLeast)
    {
        List<Anomaly> anomalies = [];
        await Eventually.TrueAsync(
            async () =>
            {
                anomalies = await Task.Run(() => ReadAll(node.Kafka));
                return anomalies.Count >= atLeast;
            },
            $"{atLeast} anomalies are told",
            () => node.Process.Output);
        return anomalies;
    }

    private static List<Anomaly> ReadAll(string servers)
    {
        using var consumer = new ConsumerBuilder<Ignore, byte[]>(
            new ConsumerConfig { BootstrapServers = servers, GroupId = "test", EnablePartitionEof = true }).Build();
        consumer.Assign(new TopicPartitionOffset("tokenstream.anomalies", 0, Offset.Beginning));
        var anomalies = new List<Anomaly>();
        while (consumer.Consume(TimeSpan.FromSeconds(10)) is { IsPartitionEOF: false } record)
        {
            Assert.True(AnomalyFormat.TryRead(record.Message.Value, out var anomaly));
            anomalies.Add(anomaly);
        }

        return anomalies;
    }
}
