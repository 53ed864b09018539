using System.Text;
using Confluent.Kafka;
using Microsoft.Extensions.Logging.Abstractions;
using TokenStream.Kafka;
using TokenStream.Runtime;
using Xunit;
using Record = TokenStream.Runtime.Record;
using TopicPartition = TokenStream.Runtime.TopicPartition;

namespace TokenStream.IntegrationTests.Kafka;

[Collection(nameof(KafkaTests))]
public sealed class KafkaRecordSinkTests(KafkaLogs logs)
{
    /// <summary>A port of the loopback interface that nothing listens on: reserved by the system's own rules for tcpmux.</summary>
    private const string Nowhere = "127.0.0.1:1";

    [Theory]
    [MemberData(nameof(KafkaLogs.All), MemberType = typeof(KafkaLogs))]
    public async Task Headers_empty_values_and_empty_keys_arrive_as_published(string log)
    {
        var options = logs.Options(log);
        var topic = await KafkaLogs.TopicAsync(options, 1);
        using (var sink = Sink(options))
        {
            sink.Publish(new TopicPartition(topic, 0), "k"u8, "v"u8, [new("reason", "größer"), new("reason", ""), new("other", "1")]);
            sink.Publish(new TopicPartition(topic, 0), default, default);
            await sink.FlushAsync();
            Assert.Equal(2, sink.Acknowledged);
        }

        var read = Read(options, topic, 2);
        Assert.Equal("k", Encoding.UTF8.GetString(read[0].Message.Key));
        Assert.Equal(["reason=größer", "reason=", "other=1"], read[0].Message.Headers.Select(h => $"{h.Key}={Encoding.UTF8.GetString(h.GetValueBytes())}"));
        Assert.Null(read[1].Message.Key);
        Assert.Empty(read[1].Message.Value);
    }

    [Theory]
    [MemberData(nameof(KafkaLogs.All), MemberType = typeof(KafkaLogs))]
    public async Task A_dead_letter_tells_where_it_came_from_and_keeps_the_bytes(string log)
    {
        var options = logs.Options(log);
        var topic = await KafkaLogs.TopicAsync(options, 2, ("max.message.bytes", "4194304"));
        var garbage = new byte[DeadLetter.MaxValueBytes + 10];
        new Random(1).NextBytes(garbage);
        using (var sink = Sink(options))
        {
            var source = new TopicPartition("llm.requests", 3);
            DeadLetter.Publish(sink, topic, 2, source, new Record(41, 1_700_000_000_123, "acme"u8, "{\"broken"u8), "not_json");
            DeadLetter.Publish(sink, topic, 2, source, new Record(42, 1_700_000_000_124, [0xff, 0x00], garbage), "too_long");
            await sink.FlushAsync();
        }

        var read = Read(options, topic, 2, partition: 1);
        Assert.Equal("llm.requests/3/41", Encoding.UTF8.GetString(read[0].Message.Key));
        Assert.True(DeadLetter.TryRead(Headers(read[0]), read[0].Message.Value, out var first));
        Assert.Equal((new TopicPartition("llm.requests", 3), 41L, 1_700_000_000_123L, "not_json"), (first.Source, first.Offset, first.TimestampMs, first.Reason));
        Assert.Equal("acme", Encoding.UTF8.GetString(first.Key.Span));
        Assert.Equal("{\"broken", Encoding.UTF8.GetString(first.Value.Span));
        Assert.Equal(8, first.OriginalLength);

        // As long as the topic takes, cut where it is longer, and a key that is no text comes back too.
        Assert.True(DeadLetter.TryRead(Headers(read[1]), read[1].Message.Value, out var second));
        Assert.Equal([0xff, 0x00], second.Key.ToArray());
        Assert.True(second.Value.Span.SequenceEqual(garbage.AsSpan(0, DeadLetter.MaxValueBytes)));
        Assert.Equal(garbage.Length, second.OriginalLength);
    }

    [Theory]
    [MemberData(nameof(KafkaLogs.All), MemberType = typeof(KafkaLogs))]
    public async Task A_record_that_the_log_refuses_fails_the_flush_and_the_sink_goes_on(string log)
    {
        var options = logs.Options(log);
        var topic = await KafkaLogs.TopicAsync(options, 1, ("max.message.bytes", "20000"));
        var noise = new byte[50_000];
        new Random(1).NextBytes(noise);
        using var sink = Sink(options);
        sink.Publish(new TopicPartition(topic, 0), default, noise);

        var failure = await Assert.ThrowsAsync<PublishFailedException>(async () => await sink.FlushAsync());
        Assert.Contains("1 records were not acknowledged", failure.Message, StringComparison.Ordinal);

        sink.Publish(new TopicPartition(topic, 0), default, "small"u8);
        await sink.FlushAsync();
        Assert.Equal(1, sink.Acknowledged);
        Assert.Equal("small", Encoding.UTF8.GetString(Read(options, topic, 1)[0].Message.Value));
    }

    [Theory]
    [MemberData(nameof(KafkaLogs.All), MemberType = typeof(KafkaLogs))]
    public async Task A_partition_that_does_not_exist_fails_the_flush(string log)
    {
        var options = logs.Options(log);
        var topic = await KafkaLogs.TopicAsync(options, 1);
        using var sink = Sink(options);

        await Assert.ThrowsAsync<PublishFailedException>(async () =>
        {
            sink.Publish(new TopicPartition(topic, 5), default, "v"u8);
            await sink.FlushAsync();
        });
    }

    [Theory]
    [MemberData(nameof(KafkaLogs.All), MemberType = typeof(KafkaLogs))]
    public async Task More_than_the_buffer_holds_waits_instead_of_failing(string log)
    {
        const int Count = 150_000;
        var options = logs.Options(log);
        var topic = await KafkaLogs.TopicAsync(options, 1);
        using var sink = Sink(options);
        for (var i = 0; i < Count; i++)
        {
            sink.Publish(new TopicPartition(topic, 0), "key"u8, "a value of some thirty bytes ..."u8);
        }

        await sink.FlushAsync();

        Assert.Equal(Count, sink.Acknowledged);
    }

    [Theory]
    [MemberData(nameof(KafkaLogs.All), MemberType = typeof(KafkaLogs))]
    public async Task Publishing_allocates_nothing_per_record(string log)
    {
        var options = logs.Options(log);
        var topic = await KafkaLogs.TopicAsync(options, 1);
        using var sink = Sink(options);
        Publish(1_000);
        await sink.FlushAsync();

        var before = GC.GetAllocatedBytesForCurrentThread();
        Publish(50_000);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        await sink.FlushAsync();

        Assert.Equal(0, allocated);
        Assert.Equal(51_000, sink.Acknowledged);

        void Publish(int count)
        {
            for (var i = 0; i < count; i++)
            {
                sink.Publish(new TopicPartition(topic, 0), "key"u8, "a value of some thirty bytes ..."u8);
            }
        }
    }

    [Fact]
    public async Task A_log_that_does_not_answer_fails_the_flush_with_its_address()
    {
        var options = new KafkaOptions { BootstrapServers = Nowhere, PublishTimeout = TimeSpan.FromSeconds(1) };
        using var sink = Sink(options);
        sink.Publish(new TopicPartition("topic", 0), default, "v"u8);

        var failure = await Assert.ThrowsAsync<PublishFailedException>(async () => await sink.FlushAsync());

        Assert.Contains(Nowhere, failure.Message, StringComparison.Ordinal);
        Assert.Contains("Connection refused", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_lossy_sink_neither_waits_nor_fails_and_counts_what_it_dropped()
    {
        using var sink = new LossyRecordSink(new KafkaOptions { BootstrapServers = Nowhere }, "live", NullLogger.Instance);
        var value = new byte[64 << 10];
        for (var i = 0; i < 1_000; i++)
        {
            sink.Publish(new TopicPartition("tokenstream.live", 0), default, value);
        }

        await sink.FlushAsync();

        // The buffer holds 16 MiB of these 62.5 MiB.
        Assert.InRange(sink.Dropped, 700, 800);
    }

    private static KafkaRecordSink Sink(KafkaOptions options) => new(options, "test-sink", TimeProvider.System, NullLogger.Instance);

    private static IEnumerable<RecordHeader> Headers(ConsumeResult<byte[], byte[]> record) =>
        record.Message.Headers.Select(header => new RecordHeader(header.Key, Encoding.UTF8.GetString(header.GetValueBytes())));

    private static List<ConsumeResult<byte[], byte[]>> Read(KafkaOptions options, string topic, int count, int partition = 0)
    {
        var config = new ConsumerConfig { BootstrapServers = options.BootstrapServers, GroupId = "reader", EnableAutoCommit = false };
        using var consumer = new ConsumerBuilder<byte[], byte[]>(config).Build();
        consumer.Assign(new TopicPartitionOffset(topic, partition, Offset.Beginning));
        var read = new List<ConsumeResult<byte[], byte[]>>();
        while (read.Count < count)
        {
            read.Add(consumer.Consume(TimeSpan.FromSeconds(30)) ?? throw new TimeoutException($"{read.Count} of {count} records arrived"));
        }

        return read;
    }
}
