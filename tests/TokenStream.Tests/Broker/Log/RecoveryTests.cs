using Microsoft.Extensions.Logging;
using TokenStream.Broker.Log;
using Xunit;

namespace TokenStream.Tests.Broker.Log;

public sealed class RecoveryTests
{
    private static string[] LogFiles(string data) => [.. Directory.GetFiles(data, "*.log", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];

    [Fact]
    public async Task Every_acknowledged_record_is_there_after_a_kill()
    {
        await using var fixture = LogFixture.Open();
        PartitionLog log = fixture.CreatePartition(config: TopicConfig.Default with { SegmentBytes = 2_000 });
        var random = new Random(11);
        for (int i = 0; i < 200; i++)
        {
            log.Append(Batches.Of((null, $"value {i}"), (null, new string('x', random.Next(200)))));
            if (random.Next(20) == 0)
            {
                fixture.Store.RunFlush();
            }

            if (random.Next(20) == 0)
            {
                await using LogStore copy = fixture.OpenCopy();
                PartitionLog found = copy.Find("t")!.Partitions[0];
                Assert.Equal(log.HighWatermark, found.HighWatermark);
                Assert.Equal(Batches.ReadAll(log), Batches.ReadAll(found));
            }
        }
    }

    [Fact]
    public async Task Files_caught_in_the_middle_of_writing_give_a_beginning_of_the_log()
    {
        await using var fixture = LogFixture.Open();
        PartitionLog log = fixture.CreatePartition(config: TopicConfig.Default with { SegmentBytes = 30_000 });
        var enough = new TaskCompletionSource();
        Task writer = Task.Run(() =>
        {
            for (int i = 0; !enough.Task.IsCompleted && i < 50_000; i++)
            {
                log.Append(Batches.Of((null, $"{2 * i}"), (null, $"{(2 * i) + 1}")));
                if (i % 200 == 0)
                {
                    fixture.Store.RunFlush();
                }
            }
        });
        for (int i = 0; i < 8; i++)
        {
            await Task.WhenAny(log.WaitForAppendAsync(log.HighWatermark), writer);
            await using LogStore copy = fixture.OpenCopy();
            List<StoredRecord> found = Batches.ReadAll(copy.Find("t")!.Partitions[0]);
            Assert.Equal(Enumerable.Range(0, found.Count).Select(n => $"{n}"), found.Select(r => r.Value));
            Assert.Equal(found.Count, copy.Find("t")!.Partitions[0].HighWatermark);
        }

        enough.SetResult();
        await writer;
    }

    [Fact]
    public async Task A_tail_torn_at_any_byte_of_the_last_batch_is_cut_and_the_log_goes_on()
    {
        await using var fixture = LogFixture.Open();
        PartitionLog log = fixture.CreatePartition();
        log.Append(Batches.Of(("a", "1"), ("b", "2")));
        long whole = log.SizeBytes;
        log.Append(Batches.Of(("c", "3"), ("d", "4")));
        long end = log.SizeBytes;
        for (long length = whole; length < end; length++)
        {
            fixture.Logger.Lines.Clear();
            await using LogStore copy = fixture.OpenCopy(data => Truncate(LogFiles(data)[0], length));
            PartitionLog found = copy.Find("t")!.Partitions[0];

            Assert.Equal(2, found.HighWatermark);
            Assert.Equal(whole, found.SizeBytes);
            Assert.Equal(2, found.Append(Batches.Of(("e", "5"))).BaseOffset);
            Assert.Equal(["1", "2", "5"], Batches.ReadAll(found).Select(r => r.Value));
            Assert.Equal(length == whole ? 0 : 1, fixture.Logger.Lines.Count(l => l.Level == LogLevel.Warning
                && l.Text.Contains($"{length - whole} bytes", StringComparison.Ordinal) && l.Text.Contains("00000000000000000000.log", StringComparison.Ordinal)));
        }
    }

    [Fact]
    public async Task Any_single_changed_bit_of_the_last_batch_is_noticed()
    {
        await using var fixture = LogFixture.Open();
        PartitionLog log = fixture.CreatePartition();
        log.Append(Batches.Of(("a", "1")));
        int whole = (int)log.SizeBytes;
        log.Append(Batches.Of(("b", "2")));
        int end = (int)log.SizeBytes;

        // The leader epoch (bytes 12 to 15) is under no checksum and means nothing here; a base offset may be higher but not lower.
        foreach (int at in Enumerable.Range(whole, end - whole).Where(i => i - whole is >= 16 or (>= 8 and < 12)))
        {
            await using LogStore copy = fixture.OpenCopy(data => Flip(LogFiles(data)[0], at));
            Assert.Equal(1, copy.Find("t")!.Partitions[0].HighWatermark);
        }
    }

    [Fact]
    public async Task Sound_records_behind_an_unsound_one_are_kept_aside_and_reported()
    {
        await using var fixture = LogFixture.Open();
        PartitionLog log = fixture.CreatePartition();
        log.Append(Batches.Of(("a", "1")));
        int whole = (int)log.SizeBytes;
        log.Append(Batches.Of(("b", "2")));
        log.Append(Batches.Of(("c", "3")));

        string? kept = null;
        await using LogStore copy = fixture.OpenCopy(data =>
        {
            Flip(LogFiles(data)[0], whole + 65);
            kept = LogFiles(data)[0] + ".cut";
        });

        Assert.Equal(1, copy.Find("t")!.Partitions[0].HighWatermark);
        Assert.Equal(log.SizeBytes, new FileInfo(kept!).Length);
        Assert.Contains(fixture.Logger.Lines, l => l.Level == LogLevel.Error && l.Text.Contains(kept!, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Damage_in_a_flushed_older_segment_is_an_error_of_reading_and_nothing_is_cut()
    {
        await using var fixture = LogFixture.Open();
        PartitionLog log = fixture.CreatePartition(config: TopicConfig.Default with { SegmentBytes = 1_024 });
        for (int i = 0; i < 40; i++)
        {
            log.Append(Batches.Of((null, $"value {i}")));
        }

        fixture.Store.RunFlush();
        long secondBase = log.Segments[1].BaseOffset;
        long damagedOffset = log.Segments[1].BaseOffset + 2;
        int batch = (int)(log.Segments[1].Length / (log.Segments[1].NextOffset - secondBase));
        await using LogStore copy = fixture.OpenCopy(data =>
        {
            // Without its index file the segment is read again, and the damage comes to light at the start.
            string file = LogFiles(data)[1];
            Flip(file, (2 * batch) + 65);
            File.Delete(Path.ChangeExtension(file, ".index"));
        });
        PartitionLog found = copy.Find("t")!.Partitions[0];

        Assert.Equal(log.HighWatermark, found.HighWatermark);
        Assert.Equal(LogError.None, Locate(found, damagedOffset - 1));
        Assert.Equal(LogError.CorruptMessage, Locate(found, damagedOffset));
        Assert.Equal(LogError.None, Locate(found, log.Segments[2].BaseOffset));
        Assert.Contains(fixture.Logger.Lines, l => l.Id == 5003 && l.Text.Contains($"offsets {damagedOffset} to", StringComparison.Ordinal));
        Assert.Equal(LogError.None, found.DeleteRecords(log.Segments[2].BaseOffset));
        Assert.Equal(log.HighWatermark - log.Segments[2].BaseOffset, Batches.ReadAll(found).Count);
    }

    [Fact]
    public async Task Unflushed_segments_behind_a_torn_one_are_set_aside()
    {
        await using var fixture = LogFixture.Open();
        PartitionLog log = fixture.CreatePartition(config: TopicConfig.Default with { SegmentBytes = 1_024 });
        for (int i = 0; i < 40; i++)
        {
            log.Append(Batches.Of((null, $"value {i}")));
        }

        Segment torn = log.Segments[1];
        await using LogStore copy = fixture.OpenCopy(data => Truncate(LogFiles(data)[1], torn.Length - 1));
        PartitionLog found = copy.Find("t")!.Partitions[0];

        Assert.Equal(torn.NextOffset - 1, found.HighWatermark);
        Assert.Equal(found.HighWatermark, Batches.ReadAll(found).Count);
        Assert.Equal(log.Segments.Length - 2, Directory.GetFiles(found.Directory, "*.cut").Length);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Index_files_may_be_missing_or_torn(bool torn)
    {
        await using var fixture = LogFixture.Open();
        PartitionLog log = fixture.CreatePartition(config: TopicConfig.Default with { SegmentBytes = 100_000 });
        for (int i = 0; i < 600; i++)
        {
            log.Append(Batches.Of((null, new string('x', 700))));
        }

        await fixture.ReopenAsync();
        await using LogStore copy = fixture.OpenCopy(data =>
        {
            foreach (string file in Directory.GetFiles(data, "*.index", SearchOption.AllDirectories))
            {
                if (torn)
                {
                    Truncate(file, new FileInfo(file).Length / 2);
                }
                else
                {
                    File.Delete(file);
                }
            }
        });

        PartitionLog expected = fixture.Partition(), found = copy.Find("t")!.Partitions[0];
        Assert.Equal(Batches.ReadAll(expected), Batches.ReadAll(found));
        Assert.Equal(expected.Segments.Select(s => s.Index.Count), found.Segments.Select(s => s.Index.Count));
        Assert.Equal(expected.Segments.Select(s => s.MaxTimestamp), found.Segments.Select(s => s.MaxTimestamp));
    }

    [Fact]
    public async Task A_clean_stop_reads_nothing_back()
    {
        await using var fixture = LogFixture.Open();
        PartitionLog log = fixture.CreatePartition();
        log.Append(Batches.Of(("a", "1")));

        await fixture.ReopenAsync();

        Assert.DoesNotContain(fixture.Logger.Lines, l => l.Id == 5015);
        Assert.Equal(1, fixture.Partition().HighWatermark);
    }

    [Fact]
    public async Task A_missing_segment_is_reported()
    {
        await using var fixture = LogFixture.Open();
        PartitionLog log = fixture.CreatePartition(config: TopicConfig.Default with { SegmentBytes = 1_024 });
        for (int i = 0; i < 40; i++)
        {
            log.Append(Batches.Of((null, $"value {i}")));
        }

        fixture.Store.RunFlush();
        await using LogStore copy = fixture.OpenCopy(data => File.Delete(LogFiles(data)[1]));

        Assert.Contains(fixture.Logger.Lines, l => l.Id == 5004
            && l.Text.Contains($"offsets {log.Segments[1].BaseOffset} to {log.Segments[1].NextOffset} are missing", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Appends_with_a_flush_each_wait_for_the_disk_and_share_it()
    {
        await using var fixture = LogFixture.Open(data => new LogStoreOptions { DataDirectory = data, FlushOnAppend = true });
        PartitionLog log = fixture.CreatePartition();
        var waits = new List<Task>();
        for (int i = 0; i < 100; i++)
        {
            waits.Add(log.WhenDurableAsync(log.Append(Batches.Of((null, "x"))).EndOffset).AsTask());
        }

        await Task.WhenAll(waits).WaitAsync(TimeSpan.FromSeconds(60));
        Assert.Equal(log.SizeBytes, log.Segments[0].FlushedLength);
    }

    private static LogError Locate(PartitionLog log, long offset)
    {
        LogError error = log.TryLocate(offset, 1, out LogSlice slice);
        slice.Dispose();
        return error;
    }

    private static void Truncate(string path, long length)
    {
        using FileStream file = File.OpenWrite(path);
        file.SetLength(length);
    }

    private static void Flip(string path, int at)
    {
        byte[] bytes = File.ReadAllBytes(path);
        bytes[at] ^= 0x10;
        File.WriteAllBytes(path, bytes);
    }
}
