using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using TokenStream.Kafka;
using TokenStream.Runtime;
using Xunit;
using Record = TokenStream.Runtime.Record;

namespace TokenStream.IntegrationTests.Kafka;

[Collection(nameof(KafkaTests))]
public sealed class DeadLetterTopicTests(KafkaLogs logs)
{
    [Theory]
    [MemberData(nameof(KafkaLogs.All), MemberType = typeof(KafkaLogs))]
    public async Task Letters_are_listed_once_and_a_replayed_one_lies_at_its_source_again(string log)
    {
        var options = logs.Options(log);
        var topic = await KafkaLogs.TopicAsync(options, 2);
        var source = await KafkaLogs.TopicAsync(options, 3);
        using var sink = new KafkaRecordSink(options, "test-sink", TimeProvider.System, NullLogger.Instance);
        DeadLetter.Publish(sink, topic, 2, new TopicPartition(source, 2), new Record(0, 1, "acme"u8, "first"u8), "not_json");
        DeadLetter.Publish(sink, topic, 2, new TopicPartition(source, 1), new Record(9, 2, default, "second"u8), "time_unusable");
        sink.Publish(new TopicPartition(topic, 0), "k"u8, "somebody else's record"u8);
        await sink.FlushAsync();

        using var letters = new DeadLetterTopic(options, topic, 2, "test-letters", NullLogger.Instance);
        var found = letters.Read().OrderBy(filed => filed.Letter.TimestampMs).ToList();
        Assert.Equal(
            [$"0@0 {source}[2] 0 not_json first", $"1@0 {source}[1] 9 time_unusable second"],
            found.Select(f => $"{f.Partition}@{f.Offset} {f.Letter.Source} {f.Letter.Offset} {f.Letter.Reason} {Encoding.UTF8.GetString(f.Letter.Value.Span)}"));
        Assert.Empty(letters.Read());

        Assert.Equal(0, await letters.ReplayAsync(found[0].Letter));
        using var member = new GroupMember(options, $"g-{source}", source);
        var read = new List<(string Key, string Value)>();
        member.OnRaw = (key, value) => read.Add((key, value));
        member.PollUntil(() => read.Count == 1);
        Assert.Equal(("acme", "first"), read[0]);
    }

    [Fact]
    public async Task A_letter_that_was_cut_is_not_replayed()
    {
        using var letters = new DeadLetterTopic(new KafkaOptions { BootstrapServers = "127.0.0.1:1" }, "dead", 1, "test-letters", NullLogger.Instance);
        var cut = new DeadLetter(new TopicPartition("in", 0), 5, 0, "too_long", default, new byte[10], 11);

        var failure = await Assert.ThrowsAsync<InvalidOperationException>(() => letters.ReplayAsync(cut));

        Assert.Contains("in[0], offset 5, had 11 bytes, of which 10 were kept", failure.Message, StringComparison.Ordinal);
    }
}
