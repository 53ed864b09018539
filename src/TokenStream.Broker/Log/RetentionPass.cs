using Microsoft.Extensions.Logging;

namespace TokenStream.Broker.Log;

/// <summary>Deletes whole segments that age, size or <see cref="PartitionLog.DeleteRecords"/> gave up.</summary>
internal static class RetentionPass
{
    public static void Run(PartitionLog log, long nowMs, ILogger logger)
    {
        lock (log.MaintenanceGate)
        {
            TopicConfig config = log.Config;
            if (config.CleanupDelete)
            {
                SealOldActive(log, config, nowMs);
                Delete(log, CountExpired(log.Segments, config, nowMs), "retention.ms", logger);
                Delete(log, CountBeyondSize(log.Segments, config), "retention.bytes", logger);
            }

            DeleteBelowLogStart(log, logger);
        }
    }

    /// <summary>Deletes what lies wholly below the log start; the caller holds the maintenance gate.</summary>
    public static void DeleteBelowLogStart(PartitionLog log, ILogger logger)
    {
        long start = log.LogStart;
        if (start == log.HighWatermark)
        {
            log.Roll();
        }

        Segment[] segments = log.Segments;
        int count = 0;
        while (count + 1 < segments.Length && segments[count + 1].BaseOffset <= start)
        {
            count++;
        }

        Delete(log, count, "records were deleted by request", logger);
    }

    /// <summary>The newest timestamp in the segment; where producers gave none, when its file was last written.</summary>
    public static long NewestTime(Segment segment)
        => segment.MaxTimestamp >= 0
            ? segment.MaxTimestamp
            : new DateTimeOffset(File.GetLastWriteTimeUtc(segment.File.Path)).ToUnixTimeMilliseconds();

    private static void SealOldActive(PartitionLog log, TopicConfig config, long nowMs)
    {
        Segment active = log.Segments[^1];
        if (active.Length > 0 && (nowMs - active.FirstAppendMs >= config.SegmentMs || IsExpired(active, config, nowMs)))
        {
            log.Roll();
        }
    }

    private static bool IsExpired(Segment segment, TopicConfig config, long nowMs)
        => config.RetentionMs >= 0 && nowMs - NewestTime(segment) > config.RetentionMs;

    private static int CountExpired(Segment[] segments, TopicConfig config, long nowMs)
    {
        int count = 0;
        while (count + 1 < segments.Length && IsExpired(segments[count], config, nowMs))
        {
            count++;
        }

        return count;
    }

    /// <summary>A segment goes when what remains without it still has the wanted size.</summary>
    private static int CountBeyondSize(Segment[] segments, TopicConfig config)
    {
        if (config.RetentionBytes < 0)
        {
            return 0;
        }

        long total = 0;
        foreach (Segment segment in segments)
        {
            total += segment.Length;
        }

        int count = 0;
        while (count + 1 < segments.Length && total - segments[count].Length >= config.RetentionBytes)
        {
            total -= segments[count].Length;
            count++;
        }

        return count;
    }

    private static void Delete(PartitionLog log, int count, string reason, ILogger logger)
    {
        if (count == 0)
        {
            return;
        }

        // The segment that remains keeps the next offset; it must be there for good before the others go.
        DurableFile.FlushDirectory(log.Directory);
        Segment[] deleted = log.Segments[..count];
        log.ReplaceSegments(0, count, null, null);
        long bytes = 0;
        foreach (Segment segment in deleted)
        {
            bytes += segment.Length;
            File.Delete(segment.IndexPath);
            File.Delete(segment.File.Path);
        }

        logger.SegmentsDeleted(log.Directory, count, bytes, reason, log.LogStart);
    }
}
