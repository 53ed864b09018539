using System.Globalization;
using Confluent.Kafka;
using Microsoft.Extensions.Logging.Abstractions;
using TokenStream.Kafka;
using TokenStream.Runtime;
using Xunit;
using GroupProtocol = TokenStream.Kafka.GroupProtocol;
using Record = TokenStream.Runtime.Record;
using TopicPartition = TokenStream.Runtime.TopicPartition;

namespace TokenStream.IntegrationTests.Kafka;

[Collection(nameof(KafkaTests))]
public sealed class NativeBatchSourceTests(KafkaLogs logs)
{
    [Theory]
    [MemberData(nameof(KafkaLogs.Groups), MemberType = typeof(KafkaLogs))]
    public async Task Records_arrive_once_and_in_order_with_key_value_and_timestamp(string log, GroupProtocol protocol)
    {
        const int Partitions = 4, Count = 20_000;
        var options = logs.Options(log, protocol);
        var topic = await KafkaLogs.TopicAsync(options, Partitions, ("message.timestamp.type", "LogAppendTime"));
        var before = DateTimeOffset.FromUnixTimeMilliseconds(TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds());
        await TopicFill.PublishAsync(options, topic, Partitions, Count);

        using var member = new GroupMember(options, $"g-{topic}", topic);
        member.PollUntil(() => member.Records.Count >= Count);

        for (var partition = 0; partition < Partitions; partition++)
        {
            var records = member.Records.Where(record => record.Partition == partition).ToList();
            Assert.Equal(Enumerable.Range(0, Count / Partitions).Select(i => (long)i), records.Select(record => record.Offset));
            Assert.Equal(Enumerable.Range(0, Count / Partitions).Select(i => $"{partition}/{i}"), records.Select(record => record.Value));
            Assert.All(records, record => Assert.Equal($"key {record.Value}", record.Key));
            Assert.All(records, record => Assert.InRange(record.TimestampMs, before.AddSeconds(-1).ToUnixTimeMilliseconds(), before.AddMinutes(1).ToUnixTimeMilliseconds()));
        }
    }

    [Theory]
    [MemberData(nameof(KafkaLogs.All), MemberType = typeof(KafkaLogs))]
    public async Task Reading_allocates_nothing_per_record(string log)
    {
        const int Count = 300_000;
        var options = logs.Options(log);
        var topic = await KafkaLogs.TopicAsync(options, 1);
        await TopicFill.PublishAsync(options, topic, 1, Count);
        using var source = new NativeBatchSource(options, $"g-{topic}", [topic], "counter", TimeProvider.System, NullLogger.Instance);
        var counter = new CountingHandler();

        var allocating = 0;
        var polls = 0;
        var began = TimeProvider.System.GetTimestamp();
        while (counter.Count < Count && TimeProvider.System.GetElapsedTime(began) < TimeSpan.FromMinutes(1))
        {
            var countBefore = counter.Count;
            var bytesBefore = GC.GetAllocatedBytesForCurrentThread();
            source.Poll(TimeSpan.FromMilliseconds(100), counter);
            var allocated = GC.GetAllocatedBytesForCurrentThread() - bytesBefore;
            if (counter.Count > countBefore && countBefore > 0)
            {
                polls++;
                allocating += allocated > 0 ? 1 : 0;
            }
        }

        Assert.Equal(Count, counter.Count);
        Assert.True(polls > 20, $"only {polls} polls");
        // Statistics arrive once a second and are a text; no other call allocates.
        Assert.InRange(allocating, 0, (int)TimeProvider.System.GetElapsedTime(began).TotalSeconds + 1);
    }

    [Theory]
    [MemberData(nameof(KafkaLogs.Groups), MemberType = typeof(KafkaLogs))]
    public async Task A_seek_while_records_are_handed_over_goes_on_exactly_there(string log, GroupProtocol protocol)
    {
        var options = logs.Options(log, protocol);
        var topic = await KafkaLogs.TopicAsync(options, 2);
        await TopicFill.PublishAsync(options, topic, 2, 20_000);
        using var member = new GroupMember(options, $"g-{topic}", topic);
        var seeks = new Queue<(long At, long To)>([(5_000, 100), (7_000, 6_900), (7_500, 9_000)]);
        member.OnRecord = (partition, offset) =>
        {
            if (partition == 0 && seeks.TryPeek(out var seek) && offset == seek.At)
            {
                seeks.Dequeue();
                member.Source.Seek(member.Partition(0), seek.To);
            }
        };

        member.PollUntil(() => member.Records.Count(record => record is { Partition: 0, Offset: 9_999 }) == 1
            && member.Records.Count(record => record is { Partition: 1, Offset: 9_999 }) == 1);

        var expected = Range(0, 5_000).Concat(Range(100, 7_000)).Concat(Range(6_900, 7_500)).Concat(Range(9_000, 9_999));
        Assert.Equal(expected, member.Records.Where(record => record.Partition == 0).Select(record => record.Offset));
        Assert.Equal(Range(0, 9_999), member.Records.Where(record => record.Partition == 1).Select(record => record.Offset));
    }

    [Theory]
    [MemberData(nameof(KafkaLogs.Groups), MemberType = typeof(KafkaLogs))]
    public async Task A_paused_partition_hands_over_nothing_and_misses_nothing(string log, GroupProtocol protocol)
    {
        var options = logs.Options(log, protocol);
        var topic = await KafkaLogs.TopicAsync(options, 2);
        await TopicFill.PublishAsync(options, topic, 2, 20_000);
        using var member = new GroupMember(options, $"g-{topic}", topic);
        member.OnRecord = (partition, offset) =>
        {
            if (partition == 0 && offset is 1_234 or 5_678)
            {
                member.Source.SetPaused(member.Partition(partition), true);
            }
        };

        // The pause is set in the middle of a batch, then again; the second partition flows on beside it.
        member.PollUntil(() => member.Records.Count(record => record.Partition == 1) == 10_000 && member.Records.Any(record => record.Partition == 0));
        Assert.Equal(1_234, member.Records.Last(record => record.Partition == 0).Offset);
        Assert.Equal((-1, -1), member.Source.Watermarks(member.Partition(0)));
        Assert.False(member.Source.IsAtEnd(member.Partition(0)));
        member.Source.SetPaused(member.Partition(0), false);
        member.PollUntil(() => member.Records.Any(record => record is { Partition: 0, Offset: 5_678 }));
        member.Source.SetPaused(member.Partition(0), false);
        member.PollUntil(() => member.Records.Any(record => record is { Partition: 0, Offset: 9_999 }));

        Assert.Equal(Range(0, 9_999), member.Records.Where(record => record.Partition == 0).Select(record => record.Offset));
        Assert.Equal(Range(0, 9_999), member.Records.Where(record => record.Partition == 1).Select(record => record.Offset));
    }

    [Theory]
    [MemberData(nameof(KafkaLogs.Groups), MemberType = typeof(KafkaLogs))]
    public async Task A_seek_while_paused_takes_effect_on_resuming(string log, GroupProtocol protocol)
    {
        var options = logs.Options(log, protocol);
        var topic = await KafkaLogs.TopicAsync(options, 1);
        await TopicFill.PublishAsync(options, topic, 1, 1_000);
        using var member = new GroupMember(options, $"g-{topic}", topic);
        member.PollUntil(() => member.Records.Count == 1_000);

        member.Source.SetPaused(member.Partition(0), true);
        member.Source.Seek(member.Partition(0), 990);
        member.Source.Poll(TimeSpan.FromMilliseconds(200), member);
        Assert.Equal(1_000, member.Records.Count);
        member.Source.SetPaused(member.Partition(0), false);
        member.PollUntil(() => member.Records.Count == 1_010);

        Assert.Equal(Range(990, 999), member.Records.Skip(1_000).Select(record => record.Offset));
    }

    [Theory]
    [MemberData(nameof(KafkaLogs.Groups), MemberType = typeof(KafkaLogs))]
    public async Task The_end_is_known_when_everything_was_handed_over(string log, GroupProtocol protocol)
    {
        var options = logs.Options(log, protocol);
        var topic = await KafkaLogs.TopicAsync(options, 2);
        await TopicFill.PublishAsync(options, topic, 1, 100);
        using var member = new GroupMember(options, $"g-{topic}", topic);
        Assert.False(member.Source.IsAtEnd(member.Partition(0)));

        // Partition 1 never had a record.
        member.PollUntil(() => member.Source.IsAtEnd(member.Partition(0)) && member.Source.IsAtEnd(member.Partition(1)));
        Assert.Equal(100, member.Records.Count);
        Assert.Equal((0, 100), member.Source.Watermarks(member.Partition(0)));
        Assert.Equal((0, 0), member.Source.Watermarks(member.Partition(1)));
        Assert.Equal((0, 100), member.Source.QueryWatermarks(member.Partition(0)));

        member.Source.Seek(member.Partition(0), 50);
        Assert.False(member.Source.IsAtEnd(member.Partition(0)));
        member.PollUntil(() => member.Source.IsAtEnd(member.Partition(0)));
        Assert.Equal(150, member.Records.Count);
    }

    [FactNeeding("variable:TOKENSTREAM_KAFKA_HOME")]
    public async Task The_marker_of_a_transaction_does_not_hide_the_end()
    {
        var options = logs.Options(KafkaLogs.Apache);
        var topic = await KafkaLogs.TopicAsync(options, 1);
        var config = new ProducerConfig { BootstrapServers = options.BootstrapServers, TransactionalId = topic };
        using (var producer = new ProducerBuilder<Null, string>(config).Build())
        {
            producer.InitTransactions(TimeSpan.FromSeconds(30));
            producer.BeginTransaction();
            await producer.ProduceAsync(topic, new Message<Null, string> { Value = "0/0" });
            producer.CommitTransaction();
        }

        using var member = new GroupMember(options, $"g-{topic}", topic);
        member.PollUntil(() => member.Source.IsAtEnd(member.Partition(0)));

        // The record lies at 0, its transaction's marker at 1, and the next record will lie at 2.
        Assert.Equal([0L], member.Records.Select(record => record.Offset));
        Assert.Equal((0, 2), member.Source.Watermarks(member.Partition(0)));
    }

    [Fact]
    public async Task A_log_that_went_away_has_no_end_and_is_read_on_when_it_is_back()
    {
        var folder = Directory.CreateTempSubdirectory("tokenstream-log-");
        var embedded = await KafkaLogs.StartEmbeddedAsync(folder, "127.0.0.1:0");
        var options = new KafkaOptions { BootstrapServers = embedded.BootstrapServers };
        var topic = await KafkaLogs.TopicAsync(options, 1);
        await TopicFill.PublishAsync(options, topic, 1, 10);
        using var member = new GroupMember(options, $"g-{topic}", topic);
        member.PollUntil(() => member.Source.IsAtEnd(member.Partition(0)));
        Assert.True(await member.Source.CommitAsync([new(member.Partition(0), 10, "read")]));

        await embedded.DisposeAsync();
        member.PollUntil(() => !member.Source.IsAtEnd(member.Partition(0)));
        Assert.Equal((-1, -1), member.Source.Watermarks(member.Partition(0)));

        embedded = await KafkaLogs.StartEmbeddedAsync(folder, options.BootstrapServers);
        await TopicFill.PublishAsync(options, topic, 1, 5);
        member.PollUntil(() => member.Records.Any(record => record.Offset == 14) && member.Source.IsAtEnd(member.Partition(0)));
        // The group was forgotten with the log's process, so the partition may have been assigned anew: from what is committed.
        Assert.Equal(Range(0, 14), member.Records.Select(record => record.Offset).Distinct());
        Assert.Equal(Range(0, 9), member.Records.Select(record => record.Offset).Where(offset => offset < 10));
        member.Dispose();
        await embedded.DisposeAsync();
        folder.Delete(recursive: true);
    }

    [Theory]
    [MemberData(nameof(KafkaLogs.All), MemberType = typeof(KafkaLogs))]
    public async Task Records_that_were_deleted_stop_the_reading_with_a_report(string log)
    {
        var options = logs.Options(log);
        var topic = await KafkaLogs.TopicAsync(options, 1);
        await TopicFill.PublishAsync(options, topic, 1, 1_000);
        using var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = options.BootstrapServers }).Build();
        await admin.DeleteRecordsAsync([new TopicPartitionOffset(topic, 0, 500)]);
        using var member = new GroupMember(options, $"g-{topic}", topic) { Start = 200 };

        var failure = Assert.Throws<SourceFailedException>(() => member.PollUntil(() => member.Records.Count > 0));

        Assert.Contains($"{topic}[0]", failure.Message, StringComparison.Ordinal);
        Assert.Contains("200", failure.Message, StringComparison.Ordinal);
        Assert.Contains("retention", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(KafkaLogs.All), MemberType = typeof(KafkaLogs))]
    public async Task A_failure_in_a_handler_comes_out_of_the_poll(string log)
    {
        var options = logs.Options(log);
        var topic = await KafkaLogs.TopicAsync(options, 1);
        await TopicFill.PublishAsync(options, topic, 1, 10);
        using var member = new GroupMember(options, $"g-{topic}", topic);
        member.OnRecord = (_, offset) => throw new InvalidOperationException($"at {offset.ToString(CultureInfo.InvariantCulture)}");

        var failure = Assert.Throws<InvalidOperationException>(() => member.PollUntil(() => member.Records.Count == 10));

        Assert.Equal("at 0", failure.Message);
    }

    private static IEnumerable<long> Range(long first, long last) => Enumerable.Range((int)first, (int)(last - first + 1)).Select(i => (long)i);

    private sealed class CountingHandler : IAssignmentHandler, IPartitionReader
    {
        public int Count { get; private set; }

        public (long Offset, IPartitionReader Reader) Assigned(TopicPartition partition) => (0, this);

        public void Revoked(TopicPartition partition)
        {
        }

        public void Lost(TopicPartition partition)
        {
        }

        public void Read(in Record record) => Count++;
    }
}
