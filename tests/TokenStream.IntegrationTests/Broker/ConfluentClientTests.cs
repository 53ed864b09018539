using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Xunit;

namespace TokenStream.IntegrationTests.Broker;

/// <summary>librdkafka 2.15 by its .NET client, as any .NET service would use it.</summary>
public sealed class ConfluentClientTests(RunningLog log) : IClassFixture<RunningLog>
{
    private const int Records = 2_000;

    [Theory]
    [InlineData(CompressionType.None, false)]
    [InlineData(CompressionType.Gzip, false)]
    [InlineData(CompressionType.Snappy, true)]
    [InlineData(CompressionType.Lz4, true)]
    [InlineData(CompressionType.Zstd, true)]
    public async Task What_is_produced_is_consumed_unchanged(CompressionType compression, bool idempotent)
    {
        string topic = $"plain-{compression}";
        await ProduceAsync(topic, compression, idempotent);
        long bytes = log.Log.Store.Find(topic)!.Partitions.Sum(p => p.SizeBytes);
        Assert.True(compression == CompressionType.None == bytes > Records * 100, $"{bytes} bytes lie on disk.");

        using IConsumer<string, string> consumer = Consumer("reader-" + topic, PartitionAssignmentStrategy.Range);
        consumer.Subscribe(topic);
        List<ConsumeResult<string, string>> read = Read(consumer, Records);
        Assert.Equal(Enumerable.Range(0, Records).Select(Key).Order(), read.Select(r => r.Message.Key).Order());
        Assert.All(read, r => Assert.Equal(Value(r.Message.Key), r.Message.Value));
        Assert.All(read, r => Assert.Equal("header"u8, r.Message.Headers.GetLastBytes("h")));
        Assert.All(read.GroupBy(r => r.Partition.Value), p => Assert.Equal(Enumerable.Range(0, p.Count()).Select(i => (long)i), p.Select(r => r.Offset.Value)));
    }

    [Fact]
    public async Task A_topic_of_broker_time_gives_its_own_timestamps()
    {
        using IProducer<string, string> producer = Producer(CompressionType.Lz4, idempotent: false);
        var old = new Timestamp(new DateTime(2001, 2, 3, 4, 5, 6, DateTimeKind.Utc));
        DeliveryResult<string, string> stored = await producer.ProduceAsync("stamped", new Message<string, string> { Key = "k", Value = "v", Timestamp = old });
        Assert.Equal(TimestampType.LogAppendTime, stored.Timestamp.Type);
        using IConsumer<string, string> consumer = Consumer("stamped-reader", PartitionAssignmentStrategy.Range);
        consumer.Assign(new TopicPartitionOffset(stored.TopicPartition, 0));
        ConsumeResult<string, string> read = Read(consumer, 1)[0];
        Assert.Equal(TimestampType.LogAppendTime, read.Message.Timestamp.Type);
        Assert.True(read.Message.Timestamp.UnixTimestampMs > 1_700_000_000_000);
    }

    [Theory]
    [InlineData(PartitionAssignmentStrategy.Range)]
    [InlineData(PartitionAssignmentStrategy.CooperativeSticky)]
    public async Task Two_members_share_the_partitions_and_the_one_that_stays_takes_over(PartitionAssignmentStrategy strategy)
    {
        string topic = $"shared-{strategy}", group = $"group-{strategy}";
        await ProduceAsync(topic, CompressionType.Lz4, idempotent: true);
        using IConsumer<string, string> stays = Consumer(group, strategy);
        var seen = new HashSet<TopicPartitionOffset>();
        using (IConsumer<string, string> leaves = Consumer(group, strategy))
        {
            stays.Subscribe(topic);
            leaves.Subscribe(topic);
            PollUntil([stays, leaves], seen, () => stays.Assignment.Count > 0 && leaves.Assignment.Count > 0
                && stays.Assignment.Count + leaves.Assignment.Count == 4 && seen.Count == Records);
            Assert.Empty(stays.Assignment.Intersect(leaves.Assignment));
            leaves.Close();
        }

        PollUntil([stays], seen, () => stays.Assignment.Count == 4);
        stays.Commit(seen.GroupBy(s => s.TopicPartition).Select(p => new TopicPartitionOffset(p.Key, p.Max(s => s.Offset.Value) + 1)));
        List<TopicPartitionOffset> committed = stays.Committed(TimeSpan.FromSeconds(10));
        Assert.Equal(Records, committed.Sum(c => c.Offset.Value));
        Assert.Equal(Records, seen.Count);
    }

    [Fact]
    public async Task Topics_are_made_described_changed_and_deleted()
    {
        using IAdminClient admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = log.Address }).Build();
        var wanted = new TopicSpecification { Name = "made", NumPartitions = 3, ReplicationFactor = 1, Configs = new() { ["retention.ms"] = "7000000" } };
        await admin.CreateTopicsAsync([wanted]);
        CreateTopicsException exists = await Assert.ThrowsAsync<CreateTopicsException>(() => admin.CreateTopicsAsync([wanted]));
        Assert.Equal(ErrorCode.TopicAlreadyExists, exists.Results[0].Error.Code);
        Assert.Equal(3, admin.GetMetadata("made", TimeSpan.FromSeconds(10)).Topics[0].Partitions.Count);

        var resource = new ConfigResource { Type = ResourceType.Topic, Name = "made" };
        DescribeConfigsResult described = (await admin.DescribeConfigsAsync([resource]))[0];
        Assert.Equal("7000000", described.Entries["retention.ms"].Value);
        await admin.IncrementalAlterConfigsAsync(new() { [resource] = [new ConfigEntry { Name = "cleanup.policy", Value = "compact", IncrementalOperation = AlterConfigOpType.Set }] });
        Assert.Equal("compact", (await admin.DescribeConfigsAsync([resource]))[0].Entries["cleanup.policy"].Value);
        await admin.CreatePartitionsAsync([new PartitionsSpecification { Topic = "made", IncreaseTo = 5 }]);
        Assert.Equal(5, log.Log.Store.Find("made")!.Partitions.Length);

        await admin.DeleteTopicsAsync(["made"]);
        Assert.Null(log.Log.Store.Find("made"));
        Assert.DoesNotContain(admin.GetMetadata(TimeSpan.FromSeconds(10)).Topics, t => t.Topic == "made");
    }

    [Fact]
    public async Task Offsets_are_found_by_time_and_end()
    {
        using IProducer<string, string> producer = Producer(CompressionType.None, idempotent: false);
        var start = new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc);
        for (int i = 0; i < 10; i++)
        {
            await producer.ProduceAsync(
                new TopicPartition("timed", 0), new Message<string, string> { Key = "k", Value = "v", Timestamp = new Timestamp(start.AddMinutes(i)) });
        }

        using IConsumer<string, string> consumer = Consumer("timed-reader", PartitionAssignmentStrategy.Range);
        TopicPartitionTimestamp At(double minutes) => new("timed", 0, new Timestamp(start.AddMinutes(minutes)));
        Assert.Equal(0, consumer.OffsetsForTimes([At(-1)], TimeSpan.FromSeconds(10))[0].Offset.Value);
        Assert.Equal(4, consumer.OffsetsForTimes([At(3.5)], TimeSpan.FromSeconds(10))[0].Offset.Value);
        Assert.Equal(Offset.End, consumer.OffsetsForTimes([At(10)], TimeSpan.FromSeconds(10))[0].Offset);
        WatermarkOffsets marks = consumer.QueryWatermarkOffsets(new TopicPartition("timed", 0), TimeSpan.FromSeconds(10));
        Assert.Equal((0L, 10L), (marks.Low.Value, marks.High.Value));
    }

    private static string Key(int i) => $"key-{i:D5}";

    private static string Value(string key) => $"value of {key} " + new string('x', 100);

    private static List<ConsumeResult<string, string>> Read(IConsumer<string, string> consumer, int count)
    {
        var read = new List<ConsumeResult<string, string>>();
        using var patience = new CancellationTokenSource(ChildProcess.Patience);
        while (read.Count < count)
        {
            read.Add(consumer.Consume(patience.Token));
        }

        return read;
    }

    private static void PollUntil(IConsumer<string, string>[] consumers, HashSet<TopicPartitionOffset> seen, Func<bool> done)
    {
        using var patience = new CancellationTokenSource(ChildProcess.Patience);
        while (!done())
        {
            patience.Token.ThrowIfCancellationRequested();
            foreach (IConsumer<string, string> consumer in consumers)
            {
                while (consumer.Consume(TimeSpan.FromMilliseconds(20)) is { } record)
                {
                    seen.Add(record.TopicPartitionOffset);
                }
            }
        }
    }

    private async Task ProduceAsync(string topic, CompressionType compression, bool idempotent)
    {
        using IProducer<string, string> producer = Producer(compression, idempotent);
        var headers = new Headers { { "h", "header"u8.ToArray() } };
        await Task.WhenAll(Enumerable.Range(0, Records).Select(Key)
            .Select(key => producer.ProduceAsync(topic, new Message<string, string> { Key = key, Value = Value(key), Headers = headers })));
    }

    private IProducer<string, string> Producer(CompressionType compression, bool idempotent) => new ProducerBuilder<string, string>(
        new ProducerConfig { BootstrapServers = log.Address, CompressionType = compression, EnableIdempotence = idempotent, LingerMs = 20 }).Build();

    private IConsumer<string, string> Consumer(string group, PartitionAssignmentStrategy strategy) => new ConsumerBuilder<string, string>(
        new ConsumerConfig
        {
            BootstrapServers = log.Address,
            GroupId = group,
            AutoOffsetReset = AutoOffsetReset.Earliest,
            EnableAutoCommit = false,
            PartitionAssignmentStrategy = strategy,
            SessionTimeoutMs = 6_000,
        }).Build();
}
