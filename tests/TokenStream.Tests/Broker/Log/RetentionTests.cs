using TokenStream.Broker.Log;
using Xunit;

namespace TokenStream.Tests.Broker.Log;

public sealed class RetentionTests
{
    private static readonly TopicConfig SmallSegments = TopicConfig.Default with { SegmentBytes = 1_024, LogAppendTime = true };

    [Fact]
    public async Task Segments_older_than_the_retention_go_and_the_log_start_moves()
    {
        await using var fixture = LogFixture.Open();
        PartitionLog log = fixture.CreatePartition(config: SmallSegments with { RetentionMs = 60_000 });
        Fill(log, 50);
        long kept = log.Segments[^1].BaseOffset;
        fixture.Time.Advance(TimeSpan.FromSeconds(60));
        log.Append(Batches.Of((null, "young")));
        fixture.Store.RunRetention();
        Assert.Equal(0, log.LogStart);

        fixture.Time.Advance(TimeSpan.FromMilliseconds(1));
        fixture.Store.RunRetention();

        Assert.Equal(kept, log.LogStart);
        Assert.Equal("young", Batches.ReadAll(log)[^1].Value);
        Assert.Equal(LogError.OffsetOutOfRange, log.TryLocate(kept - 1, 1, out _));
        await fixture.ReopenAsync();
        Assert.Equal(kept, fixture.Partition().LogStart);
    }

    [Fact]
    public async Task When_everything_is_too_old_the_offsets_go_on_where_they_were()
    {
        await using var fixture = LogFixture.Open();
        PartitionLog log = fixture.CreatePartition(config: SmallSegments with { RetentionMs = 60_000 });
        Fill(log, 50);
        fixture.Time.Advance(TimeSpan.FromSeconds(61));

        fixture.Store.RunRetention();

        Assert.Equal((50L, 50L, 0L), (log.LogStart, log.HighWatermark, log.SizeBytes));
        await using LogStore copy = fixture.OpenCopy();
        Assert.Equal(50, copy.Find("t")!.Partitions[0].Append(Batches.Of((null, "x"))).BaseOffset);
    }

    [Fact]
    public async Task The_oldest_segments_go_while_the_rest_still_has_the_wanted_size()
    {
        await using var fixture = LogFixture.Open();
        PartitionLog log = fixture.CreatePartition(config: SmallSegments with { RetentionBytes = 3_000 });
        Fill(log, 100);
        long[] lengths = [.. log.Segments.Select(s => s.Length)];

        fixture.Store.RunRetention();

        Assert.InRange(log.SizeBytes, 3_000, 3_000 + lengths[0]);
        Assert.Equal(100, log.HighWatermark);
        Assert.Equal(100 - log.LogStart, Batches.ReadAll(log).Count);
        Assert.Equal(log.Segments.Length, Directory.GetFiles(log.Directory, "*.log").Length);
    }

    [Fact]
    public async Task A_quiet_segment_is_sealed_by_age_so_that_it_can_go()
    {
        await using var fixture = LogFixture.Open();
        PartitionLog log = fixture.CreatePartition(config: SmallSegments with { SegmentMs = 1_000, RetentionMs = 5_000 });
        log.Append(Batches.Of((null, "old")));
        fixture.Time.Advance(TimeSpan.FromSeconds(1));
        log.Append(Batches.Of((null, "new")));
        Assert.Equal(2, log.Segments.Length);
        fixture.Time.Advance(TimeSpan.FromMilliseconds(4_500));

        fixture.Store.RunRetention();

        Assert.Equal(["new"], Batches.ReadAll(log).Select(r => r.Value));
        Assert.Equal(0, log.Segments[^1].Length);
    }

    [Fact]
    public async Task The_background_timer_does_it_too()
    {
        await using var fixture = LogFixture.Open();
        PartitionLog log = fixture.CreatePartition(config: SmallSegments with { RetentionMs = 60_000 });
        Fill(log, 50);

        fixture.Time.Advance(TimeSpan.FromMinutes(2));

        Assert.Equal(50, log.LogStart);
    }

    [Fact]
    public async Task Unlimited_retention_and_pure_compaction_delete_nothing()
    {
        await using var fixture = LogFixture.Open();
        PartitionLog unlimited = fixture.CreatePartition("a", SmallSegments with { RetentionMs = -1 });
        PartitionLog compacted = fixture.CreatePartition("b", SmallSegments with { RetentionMs = 1, RetentionBytes = 1, CleanupDelete = false, CleanupCompact = true });
        Fill(unlimited, 50);
        Fill(compacted, 50);
        fixture.Time.Advance(TimeSpan.FromDays(10_000));

        fixture.Store.RunRetention();

        Assert.Equal((0L, 0L), (unlimited.LogStart, compacted.LogStart));
    }

    [Fact]
    public async Task Deleting_records_moves_the_log_start_for_good_and_frees_whole_segments()
    {
        await using var fixture = LogFixture.Open();
        PartitionLog log = fixture.CreatePartition(config: SmallSegments);
        Fill(log, 50);
        long within = log.Segments[2].BaseOffset + 1;

        Assert.Equal(LogError.OffsetOutOfRange, log.DeleteRecords(51));
        Assert.Equal(LogError.OffsetOutOfRange, log.DeleteRecords(-2));
        Assert.Equal(LogError.None, log.DeleteRecords(within));
        Assert.Equal(LogError.None, log.DeleteRecords(1));

        Assert.Equal(within, log.LogStart);
        Assert.Equal(50 - within, Batches.ReadAll(log).Count);
        await using (LogStore copy = fixture.OpenCopy())
        {
            Assert.Equal(within, copy.Find("t")!.Partitions[0].LogStart);
        }

        Assert.Equal(LogError.None, log.DeleteRecords(-1));
        Assert.Equal((50L, 0L), (log.LogStart, log.SizeBytes));
        await fixture.ReopenAsync();
        Assert.Equal((50L, 50L), (fixture.Partition().LogStart, fixture.Partition().HighWatermark));
    }

    [Fact]
    public async Task A_reader_that_holds_a_slice_finishes_after_its_segment_was_deleted()
    {
        await using var fixture = LogFixture.Open();
        PartitionLog log = fixture.CreatePartition(config: SmallSegments);
        Fill(log, 50);
        Assert.Equal(LogError.None, log.TryLocate(0, int.MaxValue, out LogSlice slice));

        log.DeleteRecords(-1);

        byte[] bytes = new byte[slice.Length];
        slice.CopyTo(bytes);
        slice.Dispose();
        var records = new List<StoredRecord>();
        Batches.Read(bytes, records);
        Assert.Equal("value 0", records[0].Value);
    }

    private static void Fill(PartitionLog log, int count)
    {
        for (int i = 0; i < count; i++)
        {
            Assert.Equal(LogError.None, log.Append(Batches.Of(($"key {i}", $"value {i}"))).Error);
        }
    }
}
