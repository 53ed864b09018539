using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using TokenStream.Pricing;
using TokenStream.Storage;
using TokenStream.Windowing;

namespace TokenStream.Runtime;

/// <summary>
/// Drives the store stage of the rollups and spend partitions that one worker owns: collects blocks, writes them, seals coarser grains, and
/// only then commits. While the store does not take a block nothing further is read.
/// </summary>
public sealed class StoreStage : IStage
{
    private readonly IRecordSource _source;
    private readonly IRollupStore _store;
    private readonly StoreStageOptions _options;
    private readonly StreamMetrics _metrics;
    private readonly ILogger _logger;
    private readonly Backoff _backoff;
    private readonly CancellationToken _cancellation;
    // Only the worker's thread changes it; health is read from others.
    private readonly ConcurrentDictionary<TopicPartition, StorePartition> _partitions = [];
    private long _waitMs;
    private volatile string? _unavailable;

    /// <param name="cancellation">Ends calls to a store that does not answer when the worker is to stop.</param>
    public StoreStage(
        IRecordSource source,
        IRollupStore store,
        StoreStageOptions options,
        StreamMetrics metrics,
        ILogger logger,
        Random random,
        CancellationToken cancellation)
    {
        (_source, _store, _options, _metrics, _logger) = (source, store, options, metrics, logger);
        (_backoff, _cancellation) = (new Backoff(random), cancellation);
    }

    /// <summary>Why the store did not take the last block; null where it did.</summary>
    public string? Unavailable => _unavailable;

    /// <summary>Partitions that do not read, with the reason.</summary>
    public IEnumerable<(TopicPartition Partition, string Reason)> Stopped =>
        _partitions.Values.Where(p => p.Stopped is not null).Select(p => (p.Partition, p.Stopped!)).ToArray();

    /// <summary>Whether the group has given this worker any partition.</summary>
    public bool HasPartitions => !_partitions.IsEmpty;

    internal IEnumerable<StorePartition> Partitions => _partitions.Values;

    public (long Offset, IPartitionReader Reader) Assigned(TopicPartition partition)
    {
        var owned = new StorePartition(partition, partition.Topic == _options.SpendTopic, Damaged);
        _partitions[partition] = owned;
        Start(owned);
        return (owned.From, owned);
    }

    // A block that was written and not committed is written again by the successor, with the same identities.
    public void Revoked(TopicPartition partition) => _partitions.TryRemove(partition, out _);

    public void Lost(TopicPartition partition) => _partitions.TryRemove(partition, out _);

    public async ValueTask StepAsync(long elapsedMs)
    {
        _waitMs -= Math.Min(elapsedMs, _waitMs);
        foreach (var partition in _partitions.Values)
        {
            partition.AgeMs += partition.IsEmpty ? 0 : elapsedMs;
        }

        if (_waitMs > 0)
        {
            return;
        }

        foreach (var partition in _partitions.Values.Where(IsDue).ToArray())
        {
            await WriteAsync(partition);
        }
    }

    private bool IsDue(StorePartition partition) =>
        !partition.IsEmpty && (partition.AgeMs >= _options.MaxAgeMs || partition.Rows >= _options.MaxRows || _unavailable is not null);

    /// <summary>Stores a partition's block. What a crash right after each step means stands beside it.</summary>
    private async ValueTask WriteAsync(StorePartition partition)
    {
        var number = partition.Partition.Partition;
        try
        {
            if (partition.IsSpend)
            {
                // Spend, then its marks, then the offset. Crash before the last: all of it happens once more and changes nothing.
                await _store.InsertSpendAsync(number, partition.Spends, partition.Marks, _cancellation);
                await CommitAsync(partition);
                Recovered();
                return;
            }

            await ReadSealsAsync(partition);

            // 1. Rollups, corrections in every grain included. Crash: they are read and written again; a row replaces one of its identity.
            if (partition.Rollups.Count > 0)
            {
                await _store.InsertAsync(number, partition.Rollups, _cancellation);
            }

            // 2. Marks, so that conservation can be checked against the rows that are there.
            if (partition.Marks.Count > 0)
            {
                await _store.InsertMarksAsync(number, partition.Marks, _cancellation);
            }

            // 3. Seals, finest first: rows, then that they count. Crash in between: views still read the finer grain, and the seal is made
            // again.
            foreach (var range in partition.Seals.Due(partition.Marks))
            {
                await _store.SealAsync(range, _cancellation);
                await _store.PublishSealAsync(range, _cancellation);
                partition.Seals.Published(range);
            }

            // 4. The offset. Crash before: everything above happens once more and changes nothing.
            await CommitAsync(partition);
            Recovered();
        }
        catch (StoreUnavailableException failure)
        {
            Wait(failure);
        }
    }

    private async ValueTask ReadSealsAsync(StorePartition partition)
    {
        if (partition.SealsAreKnown)
        {
            return;
        }

        foreach (var range in await _store.ReadSealsAsync(partition.Partition.Partition, _cancellation))
        {
            partition.Seals.Published(range);
        }

        partition.SealsAreKnown = true;
    }

    private async ValueTask CommitAsync(StorePartition partition)
    {
        if (await _source.CommitAsync([new OffsetCommit(partition.Partition, partition.Upto, "")]))
        {
            _metrics.StoreBlocks.Add(1);
            _metrics.StoreRows.Add(partition.Rows);
            _metrics.UnpricedTokens.Add(Unpriced(partition.Rollups));
            partition.Stored();
            return;
        }

        Log.CommitFailed(_logger, partition.Partition);
        _metrics.CommitFailures.Add(1);
        Start(partition);
        _source.Seek(partition.Partition, partition.From);
    }

    /// <summary>Tokens without a price; corrections may take some back, which a counter cannot.</summary>
    private static long Unpriced(IEnumerable<Rollup> rollups)
    {
        var tokens = 0L;
        foreach (var rollup in rollups)
        {
            for (var i = 0; i < PerTokenClass.Count; i++)
            {
                tokens += i == (int)TokenClass.Units ? 0 : rollup.Measures.Unpriced[i];
            }
        }

        return Math.Max(0, tokens);
    }

    private void Wait(StoreUnavailableException failure)
    {
        _waitMs = _backoff.Failed();
        _metrics.StoreRetries.Add(1);
        if (_unavailable is null)
        {
            SetPaused(true);
        }

        _unavailable = failure.Message;
        Log.StoreUnavailable(_logger, _waitMs, failure.Message);
    }

    private void Recovered()
    {
        _backoff.Succeeded();
        if (_unavailable is not null)
        {
            _unavailable = null;
            SetPaused(false);
            Log.StoreAnswers(_logger);
        }
    }

    private void SetPaused(bool paused)
    {
        foreach (var partition in _partitions.Keys)
        {
            _source.SetPaused(partition, paused);
        }
    }

    /// <summary>Begins again at what is committed.</summary>
    private void Start(StorePartition partition)
    {
        var start = _source.QueryWatermarks(partition.Partition).Start;
        var offset = _source.Committed(partition.Partition)?.Offset ?? start;
        partition.Start(offset, new SealPlan(partition.Partition.Partition, _options.Grains));
        if (offset < start)
        {
            partition.Stop($"the log begins at offset {start}, but what it held is stored only up to {offset}: retention took some that " +
                "were not stored; raise the topic's retention (the partition stays stopped: the store's sums would be wrong)");
            Log.PartitionStopped(_logger, partition.Partition, partition.Stopped!);
        }
    }

    private void Damaged(TopicPartition partition, long offset, FormatException failure)
    {
        Log.RollupDamaged(_logger, partition, offset, failure.Message);
        _metrics.CountRefused("rollup_damaged");
    }
}

/// <summary>How the store stage forms its blocks.</summary>
public sealed record StoreStageOptions
{
    /// <summary>A block is written when it has so many rollups ..</summary>
    public int MaxRows { get; init; } = 50_000;

    /// <summary>.. or is so old.</summary>
    public long MaxAgeMs { get; init; } = 1_000;

    /// <summary>The topic whose partitions hold what scopes spent.</summary>
    public string SpendTopic { get; init; } = "tokenstream.spend";

    public GrainSizes Grains { get; init; } = GrainSizes.Standard;
}
