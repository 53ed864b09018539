using TokenStream.Runtime;
using Xunit;
using Record = TokenStream.Runtime.Record;

namespace TokenStream.Tests.Runtime;

public sealed class DeadLetterTests
{
    [Theory]
    [InlineData(0, 4, 0)]
    [InlineData(7, 4, 3)]
    [InlineData(7, 1, 0)]
    public void Letters_of_one_partition_stay_in_one_partition(int source, int partitions, int expected)
    {
        var sink = new RecordingSink();
        DeadLetter.Publish(sink, "dead", partitions, new TopicPartition("in", source), new Record(5, 9, default, "x"u8), "not_json");
        Assert.Equal(new TopicPartition("dead", expected), sink.Partition);
        Assert.Equal($"in/{source}/5", sink.Key);
    }

    [Theory]
    [InlineData("reason")]
    [InlineData("source.topic")]
    [InlineData("source.partition")]
    [InlineData("source.offset")]
    public void Without_its_headers_a_record_is_no_letter(string missing)
    {
        RecordHeader[] headers = [new("reason", "r"), new("source.topic", "t"), new("source.partition", "1"), new("source.offset", "2")];
        Assert.True(DeadLetter.TryRead(headers, default, out var letter));
        Assert.Equal((new TopicPartition("t", 1), 2L, "r"), (letter.Source, letter.Offset, letter.Reason));
        Assert.False(DeadLetter.TryRead(headers.Where(header => header.Name != missing), default, out _));
    }

    [Theory]
    [InlineData("source.partition", "-1")]
    [InlineData("source.partition", "2147483648")]
    [InlineData("source.offset", "1e3")]
    [InlineData("source.offset", "")]
    [InlineData("original.length", "x")]
    public void Headers_of_another_shape_are_no_letter(string name, string value)
    {
        RecordHeader[] headers =
            [new("reason", "r"), new("source.topic", "t"), new("source.partition", "1"), new("source.offset", "2"), new(name, value)];
        Assert.False(DeadLetter.TryRead(headers, default, out _));
    }

    private sealed class RecordingSink : IRecordSink
    {
        public TopicPartition Partition { get; private set; }

        public string Key { get; private set; } = string.Empty;

        public void Publish(TopicPartition partition, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, IReadOnlyList<RecordHeader>? headers = null)
        {
            Partition = partition;
            Key = System.Text.Encoding.UTF8.GetString(key);
        }

        public ValueTask FlushAsync() => ValueTask.CompletedTask;

        public void Dispose()
        {
        }
    }
}
