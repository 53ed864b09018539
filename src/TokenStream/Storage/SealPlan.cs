using TokenStream.Windowing;

namespace TokenStream.Storage;

/// <summary>
/// What of one rollups partition is sealed in which grain, and what a block's marks let be sealed next. An input partition's range is
/// complete when its own mark says so on this rollups partition: its values came before the mark here, so no partition waits for another.
/// </summary>
public sealed class SealPlan(int rollupsPartition, GrainSizes sizes)
{
    private readonly Dictionary<(int Epoch, string Topic, int Partition, Grain Grain), long> _sealed = [];

    /// <summary>Takes note of a seal that was published.</summary>
    public void Published(SealRange range)
    {
        var key = (range.Epoch, range.Topic, range.Partition, range.Grain);
        _sealed[key] = Math.Max(range.UptoMs, _sealed.GetValueOrDefault(key, long.MinValue));
    }

    /// <summary>The ranges to be sealed for some marks, finer grains before the coarser ones that are summed from them.</summary>
    public IReadOnlyList<SealRange> Due(IEnumerable<Mark> marks)
    {
        var due = new List<SealRange>();
        foreach (var mark in marks.GroupBy(m => (m.Epoch, m.Topic, m.Partition)).Select(g => g.MaxBy(m => m.Decision)!))
        {
            // Before the first event there is no stream time, and nothing to seal.
            if (mark.ClosedThroughMs <= AggregateCommit.Never)
            {
                continue;
            }

            foreach (var grain in new[] { Grain.Minute, Grain.Hour, Grain.Day })
            {
                var upto = mark.ClosedThroughMs / sizes[grain] * sizes[grain];
                var since = _sealed.GetValueOrDefault((mark.Epoch, mark.Topic, mark.Partition, grain), 0);
                if (upto > since)
                {
                    due.Add(new SealRange(mark.Epoch, mark.Topic, mark.Partition, rollupsPartition, grain, since, upto));
                }
            }
        }

        return due;
    }
}

/// <summary>How long each grain is; every one a multiple of the one before.</summary>
public sealed record GrainSizes(long TenSecondsMs, long MinuteMs, long HourMs, long DayMs)
{
    public static GrainSizes Standard { get; } = new(10_000, 60_000, 3_600_000, 86_400_000);

    /// <summary>Size in milliseconds.</summary>
    public long this[Grain grain] => grain switch
    {
        Grain.TenSeconds => TenSecondsMs,
        Grain.Minute => MinuteMs,
        Grain.Hour => HourMs,
        Grain.Day => DayMs,
        _ => throw new ArgumentOutOfRangeException(nameof(grain)),
    };
}
