using System.Buffers.Binary;
using TokenStream.Broker.Log;
using Xunit;

namespace TokenStream.Tests.Broker.Log;

public sealed class AppendAndReadTests
{
    [Fact]
    public async Task Records_come_back_with_the_offsets_they_were_given()
    {
        await using var fixture = LogFixture.Open();
        PartitionLog log = fixture.CreatePartition();

        AppendResult first = log.Append(Batches.Of(("a", "1"), ("b", "2")));
        AppendResult second = log.Append(Batches.Of((null, "3"), ("c", null), ("", "")));

        Assert.Equal(new AppendResult(LogError.None, 0, 2, -1), first);
        Assert.Equal(new AppendResult(LogError.None, 2, 5, -1), second);
        Assert.Equal(5, log.HighWatermark);
        StoredRecord[] expected =
            [new(0, 1_000, "a", "1"), new(1, 1_000, "b", "2"), new(2, 1_000, null, "3"), new(3, 1_000, "c", null), new(4, 1_000, "", "")];
        Assert.Equal(expected, Batches.ReadAll(log));
        await fixture.ReopenAsync();
        Assert.Equal(expected, Batches.ReadAll(fixture.Partition()));
    }

    [Fact]
    public async Task Several_batches_in_one_append_are_stored_one_after_the_other()
    {
        await using var fixture = LogFixture.Open();
        PartitionLog log = fixture.CreatePartition();
        log.Append(Batches.Of(("x", "0")));

        AppendResult result = log.Append([.. Batches.Of(("a", "1"), ("b", "2")), .. Batches.Of(("c", "3"))]);

        Assert.Equal((1L, 4L), (result.BaseOffset, result.EndOffset));
        Assert.Equal(["0", "1", "2", "3"], Batches.ReadAll(log).Select(r => r.Value));
    }

    [Fact]
    public async Task A_read_gives_whole_batches_within_its_limit_and_the_first_one_even_above()
    {
        await using var fixture = LogFixture.Open();
        PartitionLog log = fixture.CreatePartition();
        byte[] batch = Batches.Of(("key", "value"));
        for (int i = 0; i < 5; i++)
        {
            log.Append(Batches.Of(("key", "value")));
        }

        Assert.Equal(batch.Length, LengthAt(log, 0, 0));
        Assert.Equal(batch.Length, LengthAt(log, 0, batch.Length));
        Assert.Equal(batch.Length, LengthAt(log, 0, (2 * batch.Length) - 1));
        Assert.Equal(2 * batch.Length, LengthAt(log, 0, 2 * batch.Length));
        Assert.Equal(5 * batch.Length, LengthAt(log, 0, int.MaxValue));
        Assert.Equal(batch.Length, LengthAt(log, 4, int.MaxValue));
        Assert.Equal(0, LengthAt(log, 5, int.MaxValue));
    }

    [Fact]
    public async Task A_read_within_a_batch_begins_with_that_batch()
    {
        await using var fixture = LogFixture.Open();
        PartitionLog log = fixture.CreatePartition();
        log.Append(Batches.Of(("a", "0"), ("b", "1"), ("c", "2")));
        log.Append(Batches.Of(("d", "3")));

        Assert.Equal(LogError.None, log.TryLocate(2, 1, out LogSlice slice));
        using (slice)
        {
            byte[] bytes = new byte[slice.Length];
            slice.CopyTo(bytes);
            Assert.Equal(0, BinaryPrimitives.ReadInt64BigEndian(bytes));
        }
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(2)]
    [InlineData(long.MaxValue)]
    [InlineData(long.MinValue)]
    public async Task An_offset_outside_the_log_is_out_of_range(long offset)
    {
        await using var fixture = LogFixture.Open();
        PartitionLog log = fixture.CreatePartition();
        log.Append(Batches.Of(("a", "1")));

        Assert.Equal(LogError.OffsetOutOfRange, log.TryLocate(offset, 100, out LogSlice slice));
        Assert.Equal(0, slice.Length);
    }

    [Fact]
    public async Task Every_offset_is_found_over_many_segments_and_index_entries()
    {
        await using var fixture = LogFixture.Open();
        PartitionLog log = fixture.CreatePartition(config: TopicConfig.Default with { SegmentBytes = 150_000 });
        var random = new Random(7);
        for (int i = 0; i < 800; i++)
        {
            log.Append(Batches.Of([.. Enumerable.Range(0, random.Next(1, 5)).Select(_ => ((string?)"k", (string?)new string('v', random.Next(0, 900))))]));
        }

        Assert.True(log.Segments.Length > 4);
        for (long offset = 0; offset < log.HighWatermark; offset++)
        {
            Assert.Equal(LogError.None, log.TryLocate(offset, 1, out LogSlice slice));
            byte[] bytes = new byte[slice.Length];
            slice.CopyTo(bytes);
            slice.Dispose();
            long begin = BinaryPrimitives.ReadInt64BigEndian(bytes);
            Assert.InRange(offset, begin, begin + BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(23)));
        }

        foreach (int limit in new[] { 1, 5_000, 40_000, 1 << 20 })
        {
            Assert.Equal(log.HighWatermark, Batches.ReadAll(log, 0, limit).Count);
        }
    }

    [Fact]
    public async Task Append_time_is_written_into_the_batch_and_its_checksum_still_holds()
    {
        await using var fixture = LogFixture.Open();
        PartitionLog log = fixture.CreatePartition(config: TopicConfig.Default with { LogAppendTime = true });

        AppendResult result = log.Append(Batches.At(5, ("a", "1"), ("b", "2")));
        fixture.Time.Advance(TimeSpan.FromMilliseconds(-300));
        AppendResult smoothed = log.Append(Batches.At(5, ("c", "3")));
        fixture.Time.Advance(TimeSpan.FromMinutes(-1));
        AppendResult corrected = log.Append(Batches.At(5, ("d", "4")));

        Assert.Equal(1_700_000_000_000, result.LogAppendTimeMs);
        Assert.Equal(1_700_000_000_000, smoothed.LogAppendTimeMs);
        Assert.Equal(1_699_999_939_700, corrected.LogAppendTimeMs);
        Assert.Equal(
            [1_700_000_000_000, 1_700_000_000_000, 1_700_000_000_000, 1_699_999_939_700], Batches.ReadAll(log).Select(r => r.TimestampMs));
        fixture.Time.Advance(TimeSpan.FromMinutes(1));
        await fixture.ReopenAsync();
        Assert.Equal(1_700_000_000_000, fixture.Partition().Append(Batches.At(5, ("e", "5"))).LogAppendTimeMs);
    }

    [Fact]
    public async Task A_batch_is_refused_for_what_is_wrong_with_it_and_nothing_is_stored()
    {
        await using var fixture = LogFixture.Open();
        PartitionLog log = fixture.CreatePartition(config: TopicConfig.Default with { MaxMessageBytes = 200 });

        Assert.Equal(LogError.InvalidRecord, log.Append([]).Error);
        Assert.Equal(LogError.MessageTooLarge, log.Append(Batches.Of(("a", new string('x', 200)))).Error);
        Assert.Equal(LogError.CorruptMessage, AppendChanged(log, 16, 1));
        Assert.Equal(LogError.CorruptMessage, AppendChanged(log, 17, 0xff));
        Assert.Equal(LogError.CorruptMessage, AppendChanged(log, 70, 0xff));
        Assert.Equal(LogError.CorruptMessage, AppendChanged(log, 8, 0xff));
        Assert.Equal(LogError.InvalidRecord, AppendChanged(log, 22, 16, seal: true));
        Assert.Equal(LogError.InvalidRecord, AppendChanged(log, 22, 32, seal: true));
        Assert.Equal(LogError.InvalidRecord, AppendChanged(log, 22, 5, seal: true));
        Assert.Equal(LogError.InvalidRecord, AppendChanged(log, 22, 8, seal: true));
        Assert.Equal(LogError.InvalidRecord, AppendChanged(log, 26, 7, seal: true));
        Assert.Equal(LogError.InvalidRecord, AppendChanged(log, 60, 0, seal: true));
        Assert.Equal(LogError.CorruptMessage, log.Append([.. Batches.Of(("a", "1")), .. new byte[10]]).Error);
        Assert.Equal((0L, 0L), (log.HighWatermark, log.SizeBytes));
    }

    [Fact]
    public async Task Random_and_mutated_bytes_never_make_an_append_throw()
    {
        await using var fixture = LogFixture.Open();
        PartitionLog[] logs =
        [
            fixture.CreatePartition("plain"),
            fixture.CreatePartition("stamped", TopicConfig.Default with { LogAppendTime = true }),
            fixture.CreatePartition("compacted", TopicConfig.Default with { CleanupCompact = true }),
        ];
        var random = new Random(20_261_121);
        for (int round = 0; round < 20_000; round++)
        {
            byte[] bytes = round % 4 == 0 ? new byte[random.Next(0, 300)] : Batches.Of(("key", "value"), ("k", null));
            if (round % 4 == 0)
            {
                random.NextBytes(bytes);
            }
            else
            {
                for (int i = random.Next(1, 4); i > 0; i--)
                {
                    bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
                }

                if (round % 4 == 2)
                {
                    RecordBatchBuilder.Seal(bytes);
                }
            }

            logs[round % logs.Length].Append(bytes);
        }

        foreach (PartitionLog log in logs)
        {
            long next = log.LogStart;
            while (next < log.HighWatermark)
            {
                Assert.Equal(LogError.None, log.TryLocate(next, 1, out LogSlice slice));
                byte[] bytes = new byte[slice.Length];
                slice.CopyTo(bytes);
                slice.Dispose();
                Assert.True(new RecordBatch(bytes).IsIntact);
                next = new RecordBatch(bytes).NextOffset;
            }
        }
    }

    [Fact]
    public async Task A_compacted_topic_refuses_records_without_a_key()
    {
        await using var fixture = LogFixture.Open();
        PartitionLog log = fixture.CreatePartition(config: TopicConfig.Default with { CleanupCompact = true, CleanupDelete = false });

        Assert.Equal(LogError.InvalidRecord, log.Append(Batches.Of(("a", "1"), (null, "2"))).Error);
        Assert.Equal(LogError.None, log.Append(Batches.Of(("a", "1"), ("", "2"))).Error);
    }

    [Fact]
    public async Task A_waiter_is_woken_by_the_next_append_and_by_deletion()
    {
        await using var fixture = LogFixture.Open();
        PartitionLog log = fixture.CreatePartition();

        Task waiting = log.WaitForAppendAsync(0);
        Assert.False(waiting.IsCompleted);
        log.Append(Batches.Of(("a", "1")));
        await waiting.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.True(log.WaitForAppendAsync(0).IsCompleted);

        Task atEnd = log.WaitForAppendAsync(1);
        fixture.Store.Delete("t");
        await atEnd.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(LogError.UnknownTopicOrPartition, log.Append(Batches.Of(("a", "1"))).Error);

        using var cancel = new CancellationTokenSource();
        Task cancelled = fixture.CreatePartition("other").WaitForAppendAsync(0, cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
    }

    private static int LengthAt(PartitionLog log, long offset, int maxBytes)
    {
        Assert.Equal(LogError.None, log.TryLocate(offset, maxBytes, out LogSlice slice));
        using (slice)
        {
            return slice.Length;
        }
    }

    private static LogError AppendChanged(PartitionLog log, int at, byte value, bool seal = false)
    {
        byte[] bytes = Batches.Of(("key", "value"));
        bytes[at] = value;
        if (seal)
        {
            RecordBatchBuilder.Seal(bytes);
        }

        return log.Append(bytes).Error;
    }
}
