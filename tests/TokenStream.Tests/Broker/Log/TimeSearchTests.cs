using TokenStream.Broker.Log;
using Xunit;

namespace TokenStream.Tests.Broker.Log;

public sealed class TimeSearchTests
{
    [Fact]
    public async Task The_first_record_that_reaches_a_time_is_found_within_a_batch()
    {
        await using var fixture = LogFixture.Open();
        PartitionLog log = fixture.CreatePartition();
        log.Append(Timed(100, 300, 200));
        log.Append(Timed(250, 400));

        Assert.Equal(new OffsetAndTimestamp(0, 100), log.OffsetForTime(0));
        Assert.Equal(new OffsetAndTimestamp(0, 100), log.OffsetForTime(100));
        Assert.Equal(new OffsetAndTimestamp(1, 300), log.OffsetForTime(101));
        Assert.Equal(new OffsetAndTimestamp(1, 300), log.OffsetForTime(300));
        Assert.Equal(new OffsetAndTimestamp(4, 400), log.OffsetForTime(301));
        Assert.Equal(OffsetAndTimestamp.None, log.OffsetForTime(401));
        Assert.Equal(new OffsetAndTimestamp(4, 400), log.OffsetOfMaxTimestamp());
        Assert.Equal(LogError.None, log.DeleteRecords(2));
        Assert.Equal(new OffsetAndTimestamp(2, 200), log.OffsetForTime(0));
    }

    [Fact]
    public async Task An_empty_log_has_no_record_of_any_time()
    {
        await using var fixture = LogFixture.Open();
        PartitionLog log = fixture.CreatePartition();

        Assert.Equal(OffsetAndTimestamp.None, log.OffsetForTime(0));
        Assert.Equal(OffsetAndTimestamp.None, log.OffsetOfMaxTimestamp());
    }

    [Fact]
    public async Task With_append_time_the_records_of_a_batch_share_its_time()
    {
        await using var fixture = LogFixture.Open();
        PartitionLog log = fixture.CreatePartition(config: TopicConfig.Default with { LogAppendTime = true });
        long first = fixture.Time.NowMs;
        log.Append(Timed(1, 2, 3));
        fixture.Time.Advance(TimeSpan.FromSeconds(1));
        log.Append(Timed(4));

        Assert.Equal(new OffsetAndTimestamp(0, first), log.OffsetForTime(first));
        Assert.Equal(new OffsetAndTimestamp(3, first + 1_000), log.OffsetForTime(first + 1));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Over_segments_and_index_entries_it_equals_a_plain_search(int seed)
    {
        await using var fixture = LogFixture.Open();
        PartitionLog log = fixture.CreatePartition(config: TopicConfig.Default with { SegmentBytes = 200_000 });
        var random = new Random(seed);
        var times = new List<long>();
        for (int i = 0; i < 700; i++)
        {
            long[] batch = [.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => (i * 10L) + random.Next(-50, 50) + 100)];
            times.AddRange(batch);
            log.Append(Timed(batch));
        }

        Assert.True(log.Segments.Length > 2);
        for (long time = 0; time < 7_300; time += 3)
        {
            int expected = times.FindIndex(t => t >= time);
            Assert.Equal(expected < 0 ? OffsetAndTimestamp.None : new OffsetAndTimestamp(expected, times[expected]), log.OffsetForTime(time));
        }
    }

    private static byte[] Timed(params long[] times)
    {
        var builder = new RecordBatchBuilder();
        foreach (long time in times)
        {
            builder.Add(time, null, new byte[500]);
        }

        return builder.Build();
    }
}
