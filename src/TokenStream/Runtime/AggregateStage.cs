using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using TokenStream.Windowing;

namespace TokenStream.Runtime;

/// <summary>
/// Drives the aggregate stage of the input partitions that one worker owns: starts them from what is committed, feeds them records and
/// time, and performs the effects of their decisions in an order that makes every crash harmless.
/// </summary>
public sealed class AggregateStage : IStage
{
    private const long LookIntervalMs = 1_000;

    /// <summary>With nothing open there is nothing to read again: new rules are taken up as soon as this allows.</summary>
    private const long IdleRulesMs = 1_000;

    private readonly IRecordSource _source;
    private readonly IRecordSink _sink;
    private readonly IRecordSink _live;
    private readonly IRecordSink _liveSpend;
    private readonly RulesHistory _rules;
    private readonly AggregateStageOptions _options;
    private readonly StreamMetrics _metrics;
    private readonly ILogger _logger;
    private readonly DeadLetters _deadLetters;
    // Only the worker's thread changes it; health is read from others.
    private readonly ConcurrentDictionary<TopicPartition, AggregatePartition> _partitions = [];
    private readonly List<(AggregatePartition Partition, AggregateCommit Decision)> _due = [];
    private long _sinceLiveMs;
    private long _sinceSpendMs;
    private long _sinceRepeatMs;
    private long _dropped;
    private long _sinceLookMs;

    /// <param name="live">Takes provisional values; may drop them.</param>
    /// <param name="liveSpend">The same for what scopes spent; says how many it dropped.</param>
    public AggregateStage(
        IRecordSource source,
        IRecordSink sink,
        IRecordSink live,
        IRecordSink liveSpend,
        RulesHistory rules,
        AggregateStageOptions options,
        StreamMetrics metrics,
        ILogger logger)
    {
        (_source, _sink, _live, _liveSpend) = (source, sink, live, liveSpend);
        (_rules, _options, _metrics, _logger) = (rules, options, metrics, logger);
        _deadLetters = new DeadLetters(sink, options.DeadLetterTopic, options.DeadLetterPartitions, metrics);
        metrics.ObservePartitions(() => _partitions.Values.Select(p => p.Gauges));
    }

    /// <summary>Partitions that do not read, with the reason.</summary>
    public IEnumerable<(TopicPartition Partition, string Reason)> Stopped =>
        _partitions.Values.Where(p => p.Stopped is not null).Select(p => (p.Partition, p.Stopped!)).ToArray();

    /// <summary>Whether the group has given this worker any partition.</summary>
    public bool HasPartitions => !_partitions.IsEmpty;

    internal IEnumerable<AggregatePartition> Partitions => _partitions.Values;

    public (long Offset, IPartitionReader Reader) Assigned(TopicPartition partition)
    {
        var owned = new AggregatePartition(partition, _deadLetters);
        _partitions[partition] = owned;
        return (Start(owned), owned);
    }

    // Nothing of a partition is in flight here: decisions are performed to their end between two polls. What was read since the last
    // decision is read again by the successor.
    public void Revoked(TopicPartition partition) => Lost(partition);

    public void Lost(TopicPartition partition)
    {
        if (_partitions.TryRemove(partition, out var owned))
        {
            owned.Dispose();
        }
    }

    public async ValueTask StepAsync(long elapsedMs)
    {
        foreach (var partition in _partitions.Values)
        {
            Advance(partition, elapsedMs);
        }

        await FlushAsync();
        PublishProvisional(elapsedMs);
        await PublishProvisionalSpendAsync(elapsedMs);
        Look(elapsedMs);
    }

    /// <summary>Performs the effects of every decision that is due. What a crash right after each step means stands beside it.</summary>
    private async ValueTask FlushAsync()
    {
        await CommitFirstAsync();
        CollectDue();
        if (_due.Count == 0)
        {
            return;
        }

        try
        {
            // 0. Dead letters are acknowledged before the decision that passes them. Crash: they are published again, under the same key.
            await _sink.FlushAsync();

            // 1. The decision is committed before any effect of it is seen. Crash: the successor finds it pending, reads exactly up to its
            //    position and publishes the same values again. Refused or unknown: the partition starts again from what is committed.
            await CommitAsync(d => d.Partition.Processor!.Pending is null, d => d.Decision);

            // 2. Values first; when all are acknowledged, marks. Crash: some are there twice, with the same identity and content; later
            // stages
            //    believe values at their mark only.
            WriteValues();
            await _sink.FlushAsync();
            WriteMarks();
            await _sink.FlushAsync();

            // 3. That it is published is committed. Crash before: as after 1. Crash after: the successor begins behind this decision.
            var published = _due.ToDictionary(d => d.Partition, d => d.Partition.Processor!.Published(d.Decision));
            await CommitAsync(_ => true, d => published[d.Partition]);
            EndPendings();
        }
        catch (PublishFailedException failure)
        {
            Log.PublishFailed(_logger, failure.Message);
            _metrics.PublishFailures.Add(1);
            RestartAll();
        }
    }

    /// <summary>Nothing of a partition is published before it has a commit, provisional values included.</summary>
    private async ValueTask CommitFirstAsync()
    {
        foreach (var partition in _partitions.Values.Where(p => p.FirstCommit is not null).ToArray())
        {
            if (await _source.CommitAsync([Offset(partition, partition.FirstCommit!)]))
            {
                partition.FirstCommit = null;
            }
            else
            {
                Restart(partition);
            }
        }
    }

    private void CollectDue()
    {
        _due.Clear();
        foreach (var partition in _partitions.Values)
        {
            if (partition.FirstCommit is null && partition.Processor?.Decide() is { } decision)
            {
                _due.Add((partition, decision));
            }
        }
    }

    private async ValueTask CommitAsync(
        Predicate<(AggregatePartition Partition, AggregateCommit Decision)> which,
        Func<(AggregatePartition Partition, AggregateCommit Decision), AggregateCommit> commit)
    {
        var committed = _due.FindAll(which);
        if (committed.Count == 0 || await _source.CommitAsync(committed.ConvertAll(d => Offset(d.Partition, commit(d)))))
        {
            return;
        }

        _metrics.CommitFailures.Add(1);
        foreach (var decision in committed)
        {
            _due.Remove(decision);
            Log.CommitFailed(_logger, decision.Partition.Partition);
            Restart(decision.Partition);
        }
    }

    private void WriteValues()
    {
        foreach (var (partition, decision) in _due)
        {
            partition.Processor!.WriteValues(decision, To(_options.RollupsTopic));
            partition.Processor!.WriteSpend(decision, To(_options.SpendTopic));
        }
    }

    private void WriteMarks()
    {
        foreach (var (partition, decision) in _due)
        {
            partition.Processor!.WriteMarks(decision, To(_options.RollupsTopic), To(_options.SpendTopic));
        }
    }

    private RecordWriter To(string topic) => (partition, key, value) => _sink.Publish(new TopicPartition(topic, partition), key, value);

    /// <summary>What was pending is published: its partitions start again, with today's rules.</summary>
    private void EndPendings()
    {
        foreach (var (partition, decision) in _due)
        {
            _metrics.Decisions.Add(1);
            if (partition.Processor?.Pending is not null)
            {
                Log.PendingPublished(_logger, partition.Partition, decision.Decision);
                Restart(partition);
            }
        }
    }

    private void Advance(AggregatePartition partition, long elapsedMs)
    {
        _metrics.CountRecords(partition.Outcomes);
        if (partition.AwaitedRules != 0 && _rules.Find(partition.AwaitedRules) is not null)
        {
            Restart(partition);
        }

        if (partition.Processor is not { } processor)
        {
            return;
        }

        processor.Tick(elapsedMs, _source.IsAtEnd(partition.Partition));
        partition.RulesAgeMs += elapsedMs;
        var intervalMs = processor.OpenKeys == 0 ? Math.Min(IdleRulesMs, _options.RulesIntervalMs) : _options.RulesIntervalMs;
        if (partition.FirstCommit is null && processor.Pending is null && processor.HasCaughtUp && partition.RulesAgeMs >= intervalMs &&
            _rules.Latest!.Version != processor.RulesVersion)
        {
            Log.RulesTakenUp(_logger, partition.Partition, _rules.Latest.Version);
            Restart(partition);
        }
    }

    private void PublishProvisional(long elapsedMs)
    {
        _sinceLiveMs += elapsedMs;
        if (_sinceLiveMs < _options.LiveIntervalMs)
        {
            return;
        }

        _sinceLiveMs = 0;
        foreach (var partition in _partitions.Values.Where(p => p.FirstCommit is null))
        {
            partition.Processor?.WriteProvisional(
                _options.LiveKeys,
                (to, key, value) => _live.Publish(new TopicPartition(_options.LiveTopic, to % _options.LivePartitions), key, value));
        }
    }

    /// <summary>
    /// Budgets act on these, so they are not to be a second old: at most every so often, but at once after a pause. What the sink dropped
    /// is sent again, and a final value comes in any case.
    /// </summary>
    private ValueTask PublishProvisionalSpendAsync(long elapsedMs)
    {
        _sinceSpendMs += elapsedMs;
        _sinceRepeatMs += elapsedMs;
        if (_sinceSpendMs < _options.SpendIntervalMs)
        {
            return ValueTask.CompletedTask;
        }

        _sinceSpendMs = 0;
        var repeat = _liveSpend.Dropped != _dropped && _sinceRepeatMs >= LookIntervalMs;
        if (repeat)
        {
            (_dropped, _sinceRepeatMs) = (_liveSpend.Dropped, 0);
        }

        foreach (var partition in _partitions.Values)
        {
            if (partition is { FirstCommit: null, Processor: { } processor })
            {
                if (repeat)
                {
                    processor.RepeatProvisionalSpend();
                }

                processor.WriteProvisionalSpend(
                    _options.SpendScopes, (to, key, value) => _liveSpend.Publish(new TopicPartition(_options.SpendTopic, to), key, value));
            }
        }

        return _liveSpend.FlushAsync();
    }

    private void Look(long elapsedMs)
    {
        _sinceLookMs += elapsedMs;
        if (_sinceLookMs < LookIntervalMs)
        {
            return;
        }

        _sinceLookMs = 0;
        foreach (var partition in _partitions.Values)
        {
            if (partition.Processor is { } processor)
            {
                var lag = Math.Max(0, _source.Watermarks(partition.Partition).End - processor.Position);
                partition.Gauges = new PartitionGauges(
                    partition.Partition, lag, Math.Max(0, processor.StreamTimeMs), processor.OpenKeys, processor.FoldedScopes);
            }
        }
    }

    private void RestartAll()
    {
        foreach (var partition in _partitions.Values)
        {
            Restart(partition);
        }
    }

    /// <summary>Forgets what was read since the last commit and reads it again.</summary>
    private void Restart(AggregatePartition partition) => _source.Seek(partition.Partition, Start(partition));

    /// <summary>Builds the partition's processor from what is committed. Returns where to read from.</summary>
    private long Start(AggregatePartition partition)
    {
        var (start, end) = _source.QueryWatermarks(partition.Partition);
        var latest = _rules.Latest ?? throw new InvalidOperationException(
            "a stage is started when the first version of the rules is known");
        if (_source.Committed(partition.Partition) is not { } offset)
        {
            var first = AggregateCommit.First(start, _options.Epoch, latest.Version);
            partition.FirstCommit = first;
            partition.Start(new AggregateProcessor(partition.Partition.Topic, partition.Partition.Partition, latest, first));
            Log.FirstCommit(_logger, partition.Partition, start);
            return start;
        }

        partition.FirstCommit = null;
        var commit = AggregateCommit.Parse(offset.Offset, offset.Metadata);
        if (Gap(commit, start, end) is { } gap)
        {
            return Stop(partition, gap, Math.Max(start, Math.Min(commit.IdsFrom, end)));
        }

        if ((commit.IsPending ? _rules.Find(commit.RulesVersion) : latest) is { } rules)
        {
            partition.Start(new AggregateProcessor(partition.Partition.Topic, partition.Partition.Partition, rules, commit));
        }
        else
        {
            partition.Await(commit.RulesVersion);
        }

        return commit.IdsFrom;
    }

    private long Stop(AggregatePartition partition, string reason, long offset)
    {
        partition.Stop(reason);
        Log.PartitionStopped(_logger, partition.Partition, reason);
        return offset;
    }

    /// <summary>What of the log is gone that the commit needs; null where nothing is.</summary>
    private static string? Gap(AggregateCommit commit, long start, long end)
    {
        if (start > commit.IdsFrom)
        {
            return $"the log begins at offset {start}, but what was not published yet needs it from {commit.IdsFrom}: retention took " +
                "records that were not counted; raise the topic's retention (the partition stays stopped: its sums would be wrong)";
        }

        return end < commit.Position
            ? $"the log ends at offset {end}, before the committed position {commit.Position}: records were lost, or the topic was " +
              "created again; the partition stays stopped: its sums would be wrong"
            : null;
    }

    private static OffsetCommit Offset(AggregatePartition partition, AggregateCommit commit) =>
        new(partition.Partition, commit.Offset, commit.ToMetadata());
}

/// <summary>Where an aggregate stage publishes, and how often.</summary>
public sealed record AggregateStageOptions
{
    public string RollupsTopic { get; init; } = "tokenstream.rollups";

    public string SpendTopic { get; init; } = "tokenstream.spend";

    public string LiveTopic { get; init; } = "tokenstream.live";

    public int LivePartitions { get; init; } = int.MaxValue;

    public string DeadLetterTopic { get; init; } = "tokenstream.deadletter";

    public int DeadLetterPartitions { get; init; } = 1;

    /// <summary>Epoch of the identities of a partition that never had a commit.</summary>
    public int Epoch { get; init; } = 1;

    /// <summary>How often provisional sums are published at most.</summary>
    public long LiveIntervalMs { get; init; } = 250;

    /// <summary>How many provisional sums a partition publishes at a time at most.</summary>
    public int LiveKeys { get; init; } = 5_000;

    /// <summary>How often the provisional spend of scopes is published at most.</summary>
    public long SpendIntervalMs { get; init; } = 100;

    /// <summary>Of how many scopes a partition publishes the provisional spend at a time at most; the rest follows with the next.</summary>
    public int SpendScopes { get; init; } = 20_000;

    /// <summary>How often a new version of the rules is taken up at most.</summary>
    public long RulesIntervalMs { get; init; } = 60_000;
}
