using System.Buffers.Binary;
using System.IO.Compression;
using TokenStream.Broker.Log;
using Xunit;

namespace TokenStream.Tests.Broker.Log;

public sealed class CompactionTests
{
    private static readonly TopicConfig Compacted = TopicConfig.Default with { CleanupCompact = true, CleanupDelete = false, SegmentBytes = 1_024 };

    [Theory]
    [InlineData(1, 64L << 20)]
    [InlineData(2, 64L << 20)]
    [InlineData(3, 720)]
    [InlineData(4, 360)]
    public async Task The_last_record_of_each_key_stays_at_its_offset_whatever_was_written(int seed, long mapBytes)
    {
        await using var fixture = LogFixture.Open(data => new LogStoreOptions { DataDirectory = data, CompactionMapBytes = mapBytes });
        PartitionLog log = fixture.CreatePartition(config: Compacted);
        var random = new Random(seed);
        var all = new List<StoredRecord>();
        for (int round = 0; round < 12; round++)
        {
            for (int i = random.Next(5, 60); i > 0; i--)
            {
                AppendSome(log, random, all, fixture.Time.NowMs);
            }

            fixture.Time.Advance(TimeSpan.FromMinutes(1));
            fixture.Store.RunCompaction(force: true);
            AssertCompacted(all, Batches.ReadAll(log), log);
            if (random.Next(3) == 0)
            {
                await fixture.ReopenAsync();
                log = fixture.Partition();
            }
        }
    }

    [Fact]
    public async Task The_active_segment_is_left_alone()
    {
        await using var fixture = LogFixture.Open();
        PartitionLog log = fixture.CreatePartition(config: Compacted with { SegmentBytes = 1 << 20 });
        for (int i = 0; i < 10; i++)
        {
            log.Append(Batches.Of(("same", $"{i}")));
        }

        fixture.Store.RunCompaction(force: true);
        Assert.Equal(10, Batches.ReadAll(log).Count);
        log.Roll();
        fixture.Store.RunCompaction(force: true);
        Assert.Equal(10, Batches.ReadAll(log).Count);
        log.Append(Batches.Of(("other", "x")));
        fixture.Store.RunCompaction(force: true);
        Assert.Equal([new(9, 1_000, "same", "9"), new(10, 1_000, "other", "x")], Batches.ReadAll(log));
    }

    [Fact]
    public async Task A_tombstone_stays_for_its_time_after_the_first_compaction_and_then_goes()
    {
        await using var fixture = LogFixture.Open();
        PartitionLog log = fixture.CreatePartition(config: Compacted with { DeleteRetentionMs = 60_000 });
        log.Append(Batches.At(5, ("gone", "1"), ("stays", "1")));
        log.Append(Batches.At(6, ("gone", null), ("stays", "2")));
        Seal(log);

        fixture.Store.RunCompaction(force: true);
        StoredRecord tombstone = new(2, 6, "gone", null), value = new(3, 6, "stays", "2");
        Assert.Equal([tombstone, value], Batches.ReadAll(log).Take(2));
        fixture.Time.Advance(TimeSpan.FromMilliseconds(59_999));
        fixture.Store.RunCompaction();
        Assert.Equal([tombstone, value], Batches.ReadAll(log).Take(2));
        fixture.Time.Advance(TimeSpan.FromMilliseconds(1));
        fixture.Store.RunCompaction();
        Assert.Equal([value], Batches.ReadAll(log).Take(1));
    }

    [Fact]
    public async Task A_tombstone_stays_while_a_batch_that_cannot_be_read_may_hold_its_value()
    {
        await using var fixture = LogFixture.Open();
        PartitionLog log = fixture.CreatePartition(config: Compacted with { DeleteRetentionMs = 0 });
        byte[] opaque = Batches.Of(("key", "value"));
        opaque[22] = BatchCodec.Zstd;
        RecordBatchBuilder.Seal(opaque);
        Assert.Equal(LogError.None, log.Append(opaque).Error);
        log.Append(Batches.Of(("key", null)));
        Seal(log);

        for (int i = 0; i < 3; i++)
        {
            fixture.Time.Advance(TimeSpan.FromDays(3));
            fixture.Store.RunCompaction(force: true);
        }

        Assert.Equal(LogError.None, log.TryLocate(0, 1 << 20, out LogSlice slice));
        byte[] bytes = new byte[slice.Length];
        slice.CopyTo(bytes);
        slice.Dispose();
        Assert.Equal(opaque, bytes[..opaque.Length]);
        Assert.Equal(("key", null), Batches.ReadAll(log, 1).Select(r => (r.Key, r.Value)).First());
    }

    [Fact]
    public async Task A_compressed_batch_that_loses_records_stays_compressed()
    {
        await using var fixture = LogFixture.Open();
        PartitionLog log = fixture.CreatePartition(config: Compacted with { LogAppendTime = true });
        Assert.Equal(LogError.None, log.Append(Gzip(Batches.Of([.. Enumerable.Range(0, 100).Select(i => ((string?)$"k{i}", (string?)new string('v', 50)))]))).Error);
        log.Append(Batches.Of([.. Enumerable.Range(0, 99).Select(i => ((string?)$"k{i}", (string?)"new"))]));
        Seal(log);

        fixture.Store.RunCompaction(force: true);

        StoredRecord first = Batches.ReadAll(log)[0];
        Assert.Equal(new StoredRecord(99, fixture.Time.NowMs, "k99", new string('v', 50)), first);
        Assert.Equal(LogError.None, log.TryLocate(0, 1, out LogSlice slice));
        byte[] bytes = new byte[slice.Length];
        slice.CopyTo(bytes);
        slice.Dispose();
        Assert.Equal((BatchCodec.Gzip, 1, 99), (new RecordBatch(bytes).Codec, new RecordBatch(bytes).Count, new RecordBatch(bytes).LastOffsetDelta));
    }

    [Fact]
    public async Task A_batch_sent_again_is_known_after_its_records_were_compacted_away()
    {
        await using var fixture = LogFixture.Open();
        PartitionLog log = fixture.CreatePartition(config: Compacted);
        var builder = new RecordBatchBuilder();
        builder.Add(1_000, "k"u8.ToArray(), "1"u8.ToArray());
        byte[] batch = builder.Build(producerId: 5, producerEpoch: 0, baseSequence: 0);
        log.Append([.. batch]);
        log.Append(Batches.Of(("k", "2")));
        Seal(log);
        fixture.Store.RunCompaction(force: true);
        Assert.Equal("2", Batches.ReadAll(log)[0].Value);

        await using LogStore copy = fixture.OpenCopy();

        Assert.Equal(0, log.Append([.. batch]).BaseOffset);
        Assert.True(copy.Find("t")!.Partitions[0].Append([.. batch]).IsDuplicate);
    }

    [Fact]
    public async Task Small_segments_are_put_together()
    {
        await using var fixture = LogFixture.Open();
        PartitionLog log = fixture.CreatePartition(config: Compacted);
        for (int i = 0; i < 400; i++)
        {
            log.Append(Batches.Of(($"k{i % 5}", $"{i}")));
        }

        int before = log.Segments.Length;
        fixture.Store.RunCompaction(force: true);
        fixture.Store.RunCompaction(force: true);
        Seal(log);
        fixture.Store.RunCompaction(force: true);

        Assert.True(before > 25);
        Assert.InRange(log.Segments.Length, 2, 4);
        Assert.Equal(log.Segments.Length, Directory.GetFiles(log.Directory, "*.log").Length);
        Assert.Equal(0, log.LogStart);
    }

    [Fact]
    public async Task Little_that_is_new_waits_for_more()
    {
        await using var fixture = LogFixture.Open();
        PartitionLog log = fixture.CreatePartition(config: Compacted with { MinCompactionLagMs = 60_000, LogAppendTime = true });
        for (int i = 0; i < 100; i++)
        {
            log.Append(Batches.Of(("k", $"{i}")));
        }

        fixture.Store.RunCompaction(force: true);
        Assert.Equal(100, Batches.ReadAll(log).Count);
        fixture.Time.Advance(TimeSpan.FromMinutes(1));
        fixture.Store.RunCompaction();
        int compacted = Batches.ReadAll(log).Count;
        Assert.InRange(compacted, 1, 30);
    }

    [Fact]
    public async Task A_crash_at_any_step_of_the_replacement_leaves_the_old_or_the_new_segments()
    {
        await using var fixture = LogFixture.Open();
        PartitionLog log = fixture.CreatePartition(config: Compacted);
        for (int i = 0; i < 60; i++)
        {
            log.Append(Batches.Of(($"k{i % 3}", $"{i}")));
        }

        fixture.Store.RunFlush();
        List<StoredRecord> before = Batches.ReadAll(log);
        long end = log.Segments[^1].BaseOffset;
        await using LogStore compacted = fixture.OpenCopy();
        compacted.AlterConfig("t", Compacted with { SegmentBytes = 1 << 20 });
        compacted.RunCompaction(force: true);
        PartitionLog changed = compacted.Find("t")!.Partitions[0];
        List<StoredRecord> after = Batches.ReadAll(changed);
        Assert.Equal(2, changed.Segments.Length);
        string newLog = changed.Segments[0].File.Path, newIndex = changed.Segments[0].IndexPath;
        string swap = $"{Segment.Stem(0)}-{Segment.Stem(end)}";
        string[] old = [.. log.Segments.SkipLast(1).SelectMany(s => new[] { s.File.Path, s.IndexPath }).Select(Path.GetFileName).Skip(2)!];

        await AssertStep(before, d => File.Copy(newLog, Path.Combine(d, Segment.Stem(0) + ".log.writing")));
        await AssertStep(before, d => File.Copy(newIndex, Path.Combine(d, swap + ".index.swap")));
        for (int deleted = 0; deleted <= old.Length; deleted++)
        {
            await AssertStep(after, d => Decided(d, deleted));
        }

        await AssertStep(after, d =>
        {
            Decided(d, old.Length);
            File.Move(Path.Combine(d, swap + ".index.swap"), Path.Combine(d, Segment.Stem(0) + ".index"), overwrite: true);
        });

        void Decided(string directory, int deleted)
        {
            File.Copy(newIndex, Path.Combine(directory, swap + ".index.swap"));
            File.Copy(newLog, Path.Combine(directory, swap + ".log.swap"));
            foreach (string name in old.Take(deleted))
            {
                File.Delete(Path.Combine(directory, name));
            }
        }

        async Task AssertStep(List<StoredRecord> expected, Action<string> stop)
        {
            await using LogStore copy = fixture.OpenCopy(data => stop(Directory.GetDirectories(Path.Combine(data, "topics"), "0", SearchOption.AllDirectories)[0]));
            PartitionLog found = copy.Find("t")!.Partitions[0];
            Assert.Equal(expected, Batches.ReadAll(found));
            Assert.All(Directory.GetFiles(found.Directory), f => Assert.Matches(@"\d{20}\.(log|index)$", f));
        }
    }

    [Fact]
    public async Task A_damaged_segment_stops_the_compaction_and_loses_nothing()
    {
        await using var fixture = LogFixture.Open();
        PartitionLog log = fixture.CreatePartition(config: Compacted);
        for (int i = 0; i < 60; i++)
        {
            log.Append(Batches.Of(("k", $"{i}")));
        }

        fixture.Store.RunFlush();
        string path = log.Segments[1].File.Path;
        byte[] bytes = await File.ReadAllBytesAsync(path);
        bytes[70] ^= 1;
        await File.WriteAllBytesAsync(path, bytes);

        fixture.Store.RunCompaction(force: true);

        Assert.Equal(bytes, await File.ReadAllBytesAsync(path));
        Assert.Contains(fixture.Logger.Lines, l => l.Id == 5010 && l.Text.Contains(path, StringComparison.Ordinal));
        Assert.Equal(60, log.HighWatermark);
    }

    private static void AppendSome(PartitionLog log, Random random, List<StoredRecord> all, long nowMs)
    {
        long offset = log.HighWatermark;
        var records = new (string? Key, string? Value)[random.Next(1, 6)];
        for (int i = 0; i < records.Length; i++)
        {
            records[i] = ($"key {random.Next(40)}", random.Next(5) == 0 ? null : $"value {offset + i}");
            all.Add(new StoredRecord(offset + i, nowMs, records[i].Key, records[i].Value));
        }

        byte[] batch = Batches.At(nowMs, records);
        Assert.Equal(LogError.None, log.Append(random.Next(3) == 0 ? Gzip(batch) : batch).Error);
    }

    /// <summary>Brute force: below the last segment each key's last record is there and no other one; in it, all are.</summary>
    private static void AssertCompacted(List<StoredRecord> all, List<StoredRecord> found, PartitionLog log)
    {
        long activeBase = log.Segments[^1].BaseOffset;
        var lastSealed = all.Where(r => r.Offset < activeBase).GroupBy(r => r.Key).ToDictionary(g => g.Key!, g => g.Max(r => r.Offset));
        var must = all.Where(r => r.Offset >= activeBase || r.Offset == lastSealed[r.Key!]).ToList();
        Assert.Equal(must, found);
    }

    /// <summary>Makes everything before lie in sealed segments with content behind them.</summary>
    private static void Seal(PartitionLog log)
    {
        log.Roll();
        log.Append(Batches.Of(("~end", "x")));
    }

    private static byte[] Gzip(byte[] batch)
    {
        using var output = new MemoryStream();
        output.Write(batch.AsSpan(0, RecordBatch.HeaderSize));
        using (var gzip = new GZipStream(output, CompressionLevel.Fastest, leaveOpen: true))
        {
            gzip.Write(batch.AsSpan(RecordBatch.HeaderSize));
        }

        byte[] compressed = output.ToArray();
        BinaryPrimitives.WriteInt16BigEndian(compressed.AsSpan(RecordBatch.AttributesAt), BatchCodec.Gzip);
        RecordBatchBuilder.Seal(compressed);
        return compressed;
    }
}
