using TokenStream.Broker.Log;
using Xunit;

namespace TokenStream.Tests.Broker.Log;

public sealed class ConcurrencyTests
{
    [Fact]
    public async Task Readers_see_every_record_once_in_order_while_writers_append_and_segments_roll()
    {
        await using var fixture = LogFixture.Open(data => new LogStoreOptions { DataDirectory = data, MaxOpenSealedSegments = 2 });
        PartitionLog log = fixture.CreatePartition(config: TopicConfig.Default with { SegmentBytes = 20_000 });
        const int Writers = 3, Each = 1_500;
        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(120));

        Task[] writers = [.. Enumerable.Range(0, Writers).Select(w => Task.Run(() =>
        {
            for (int i = 0; i < Each; i++)
            {
                Assert.Equal(LogError.None, log.Append(Batches.Of(($"{w}", $"{i}"))).Error);
            }
        }))];
        Task<List<StoredRecord>>[] readers = [.. Enumerable.Range(0, 2).Select(_ => Task.Run(() => FollowAsync(log, Writers * Each, stop.Token)))];
        Task flusher = Task.Run(() =>
        {
            while (log.HighWatermark < Writers * Each && !stop.IsCancellationRequested)
            {
                fixture.Store.RunFlush();
            }
        });

        await Task.WhenAll([.. writers, flusher]);
        foreach (List<StoredRecord> records in await Task.WhenAll(readers))
        {
            Assert.Equal(Enumerable.Range(0, Writers * Each).Select(i => (long)i), records.Select(r => r.Offset));
            Assert.All(records.GroupBy(r => r.Key), g => Assert.Equal(Enumerable.Range(0, Each).Select(i => $"{i}"), g.Select(r => r.Value)));
        }
    }

    [Fact]
    public async Task Readers_are_not_disturbed_by_compaction_and_retention_beside_them()
    {
        await using var fixture = LogFixture.Open(data => new LogStoreOptions { DataDirectory = data, MaxOpenSealedSegments = 0 });
        PartitionLog log = fixture.CreatePartition(config: TopicConfig.Default with { CleanupCompact = true, SegmentBytes = 4_096, RetentionBytes = 100_000, RetentionMs = -1 });
        const int Total = 1_500;
        var done = new TaskCompletionSource();

        Task writer = Task.Run(() =>
        {
            for (int i = 0; i < Total; i++)
            {
                Assert.Equal(LogError.None, log.Append(Batches.Of(($"k{i % 300}", $"{i}"))).Error);
            }

            done.SetResult();
        });
        Task passes = Task.Run(() =>
        {
            while (!done.Task.IsCompleted)
            {
                fixture.Store.RunCompaction(force: true);
                fixture.Store.RunRetention();
            }
        });
        Task reader = Task.Run(() =>
        {
            while (!done.Task.IsCompleted)
            {
                var records = new List<StoredRecord>();
                long offset = log.LogStart;
                while (offset < log.HighWatermark)
                {
                    LogError error = log.TryLocate(offset, 3_000, out LogSlice slice);
                    using (slice)
                    {
                        if (error == LogError.OffsetOutOfRange)
                        {
                            offset = log.LogStart;
                            continue;
                        }

                        Assert.Equal(LogError.None, error);
                        if (slice.Length == 0)
                        {
                            break;
                        }

                        byte[] bytes = new byte[slice.Length];
                        slice.CopyTo(bytes);
                        offset = Batches.Read(bytes, records, offset);
                    }
                }

                Assert.All(records, r => Assert.Equal((r.Key, r.Value), ($"k{r.Offset % 300}", $"{r.Offset}")));
            }
        });

        await Task.WhenAll(writer, passes, reader).WaitAsync(TimeSpan.FromSeconds(120));
        Assert.Equal(Total, log.HighWatermark);
        Assert.DoesNotContain(fixture.Logger.Lines, l => l.Level >= Microsoft.Extensions.Logging.LogLevel.Error);
    }

    private static async Task<List<StoredRecord>> FollowAsync(PartitionLog log, int count, CancellationToken cancel)
    {
        var records = new List<StoredRecord>();
        long offset = 0;
        while (records.Count < count)
        {
            await log.WaitForAppendAsync(offset, cancel);
            Assert.Equal(LogError.None, log.TryLocate(offset, 5_000, out LogSlice slice));
            byte[] bytes = new byte[slice.Length];
            slice.CopyTo(bytes);
            slice.Dispose();
            offset = Batches.Read(bytes, records, offset);
        }

        return records;
    }
}
