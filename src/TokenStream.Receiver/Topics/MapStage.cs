using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using TokenStream.Mapping;
using TokenStream.Mapping.Native;
using TokenStream.Mapping.Sources;
using TokenStream.Receiver.Intake;
using TokenStream.Runtime;

namespace TokenStream.Receiver.Topics;

/// <summary>
/// Maps the payloads on topics to events on the input topic. Offsets are committed only after the log has acknowledged every event, so a
/// payload is mapped at least once; mapped again it gives the same ids, and what was counted is dropped as a duplicate.
/// </summary>
public sealed class MapStage : IStage
{
    /// <summary>A record's headers name no format that is known, on a topic where they must.</summary>
    public const string SourceUnknown = "source_unknown";

    /// <summary>How long payloads gather before they are acknowledged and committed together.</summary>
    private const long CommitEveryMs = 100;

    private readonly IRecordSource _source;
    private readonly IRecordSink _sink;
    private readonly LogTopics _log;
    private readonly StreamMetrics _metrics;
    private readonly SourceCounters? _counters;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly Backoff _backoff;
    private readonly Dictionary<string, MapTopic> _topics;
    // Only the worker's thread changes it; health and metrics are read from others.
    private readonly ConcurrentDictionary<TopicPartition, MapPartition> _partitions = [];
    private readonly List<int> _faults = [];
    private readonly byte[] _key = new byte[TenantText.MostBytes];
    private volatile string? _failure;
    private long _waitMs;
    private long _ageMs;

    /// <param name="counters">Count what each source sends; null where nobody asks.</param>
    public MapStage(
        IRecordSource source,
        IRecordSink sink,
        IReadOnlyList<TopicSource> topics,
        LogTopics log,
        StreamMetrics metrics,
        SourceCounters? counters,
        TimeProvider clock,
        ILogger logger,
        Random random)
    {
        (_source, _sink, _log, _metrics, _counters, _clock, _logger) = (source, sink, log, metrics, counters, clock, logger);
        _backoff = new Backoff(random);
        _topics = topics.ToDictionary(topic => topic.Topic, topic => new MapTopic(topic), StringComparer.Ordinal);
        metrics.Receive.ObserveLag(() => _partitions.Values.Select(partition => (partition.Partition, partition.Lag)));
    }

    /// <summary>Why nothing is mapped at the moment; null where all is well.</summary>
    public string? Unavailable => _failure;

    /// <summary>Whether the group has given this worker any partition.</summary>
    public bool HasPartitions => !_partitions.IsEmpty;

    public (long Offset, IPartitionReader Reader) Assigned(TopicPartition partition)
    {
        var owned = new MapPartition(partition, _topics[partition.Topic], this);
        _partitions[partition] = owned;
        Start(owned);
        return (owned.Next, owned);
    }

    /// <summary>Finishes what was mapped of it: a successor that comes after the duplicates' horizon would count it again.</summary>
    public void Revoked(TopicPartition partition)
    {
        if (_partitions.TryRemove(partition, out var owned) && _failure is null && owned.Next > owned.Committed)
        {
            // Sink and source wait on this thread and have ended when they return.
            FinishAsync([owned]).AsTask().GetAwaiter().GetResult();
        }
    }

    public void Lost(TopicPartition partition) => _partitions.TryRemove(partition, out _);

    public async ValueTask StepAsync(long elapsedMs)
    {
        _ageMs += elapsedMs;
        foreach (var partition in _partitions.Values)
        {
            partition.Lag = Math.Max(0, _source.Watermarks(partition.Partition).End - partition.Next);
        }

        if (_failure is not null)
        {
            GoOnWhenItIsTime(elapsedMs);
        }
        else if (_ageMs >= CommitEveryMs)
        {
            _ageMs = 0;
            var due = _partitions.Values.Where(partition => partition.Next > partition.Committed).ToArray();
            if (due.Length > 0)
            {
                await FinishAsync(due);
            }
        }
    }

    /// <summary>Maps one record's payload and hands its events to the sink.</summary>
    internal void Read(MapPartition partition, in Record record)
    {
        if (_failure is not null)
        {
            // What is left of a poll in which the sink failed: it is read again.
            return;
        }

        try
        {
            var mappers = partition.Topic.Mappers;
            mappers.Headers.Clear();
            record.CopyHeaders(mappers.Headers);
            if ((partition.Topic.Source ?? HeaderRules.Find(mappers.Headers)) is { } source)
            {
                Map(partition, source, in record);
            }
            else
            {
                _metrics.Receive.RefuseUnknown(SourceUnknown);
                PutAside(partition, in record, record.Value, SourceUnknown, taken: 0);
            }

            partition.Next = record.Offset + 1;
        }
        catch (PublishFailedException failure)
        {
            Fail(failure.Message);
        }
    }

    private void Map(MapPartition partition, PayloadSource source, in Record record)
    {
        var mappers = partition.Topic.Mappers;
        var events = mappers.Events;
        mappers.Of(source).Map(new Payload(record.Value, record.TimestampMs, mappers.Headers), events);
        _counters?.Count(source, events, _clock.GetUtcNow().ToUnixTimeMilliseconds());
        _metrics.Receive.LeaveOut(source, events);
        _faults.Clear();
        var reason = MappingReason.None;
        for (var i = 0; i < events.Count; i++)
        {
            ref readonly var item = ref events[i];
            if (item.IsEvent)
            {
                _metrics.Receive.Count(source, in item);
                var length = TenantText.Undo(events.Event(i), events.Tenant(i), _key);
                _sink.Publish(new TopicPartition(_log.Requests, TopicPartition.OfKey), _key.AsSpan(0, length), events.Event(i));
            }
            else
            {
                _metrics.Receive.Refuse(source, item.Error.Reason.Name());
                reason = reason == MappingReason.None ? item.Error.Reason : reason;
                _faults.Add(item.Error.Offset);
            }
        }

        if (_faults.Count > 0)
        {
            _faults.Sort();
            var isLines = mappers.Headers.TryGet("content-type"u8, out var type) && NativeMapper.IsLines(type);
            var (bytes, taken) = RefusedPart.Of(record.Value, _faults, events.Count - _faults.Count, isLines);
            PutAside(partition, in record, bytes, reason.Name(), taken);
        }
    }

    private void PutAside(MapPartition partition, in Record record, ReadOnlySpan<byte> bytes, string reason, int taken)
    {
        var part = new Record(record.Offset, record.TimestampMs, record.Key, bytes);
        DeadLetter.Publish(_sink, _log.DeadLetter, _log.DeadLetterPartitions, partition.Partition, in part, reason, taken);
    }

    /// <summary>What a crash right after each step means stands beside it.</summary>
    private async ValueTask FinishAsync(IReadOnlyList<MapPartition> due)
    {
        try
        {
            // 1. Every event and dead letter is acknowledged. Crash: they are mapped and published again, and dropped as duplicates.
            await _sink.FlushAsync();
        }
        catch (PublishFailedException failure)
        {
            Fail(failure.Message);
            return;
        }

        // 2. The offsets. Crash before: as above.
        if (await _source.CommitAsync([.. due.Select(partition => new OffsetCommit(partition.Partition, partition.Next, ""))]))
        {
            _backoff.Succeeded();
            foreach (var partition in due)
            {
                partition.Committed = partition.Next;
            }

            return;
        }

        _metrics.CommitFailures.Add(1);
        foreach (var partition in due.Where(partition => _partitions.ContainsKey(partition.Partition)))
        {
            Start(partition);
            _source.Seek(partition.Partition, partition.Next);
        }
    }

    /// <summary>Stops reading for a while; then everything that is not committed is mapped again.</summary>
    private void Fail(string reason)
    {
        _metrics.PublishFailures.Add(1);
        _waitMs = _backoff.Failed();
        _failure = reason;
        ReceiverLog.MappingWaits(_logger, _waitMs, reason);
    }

    private void GoOnWhenItIsTime(long elapsedMs)
    {
        // Pausing inside a poll would be in its way, so it is done at the first step after the failure.
        foreach (var partition in _partitions.Values)
        {
            _source.SetPaused(partition.Partition, true);
        }

        _waitMs -= elapsedMs;
        if (_waitMs > 0)
        {
            return;
        }

        _failure = null;
        foreach (var partition in _partitions.Values)
        {
            partition.Start(partition.Committed);
            _source.Seek(partition.Partition, partition.Committed);
            _source.SetPaused(partition.Partition, false);
        }
    }

    /// <summary>Begins at what is committed, or where the log begins.</summary>
    private void Start(MapPartition partition)
    {
        var start = _source.QueryWatermarks(partition.Partition).Start;
        var committed = _source.Committed(partition.Partition)?.Offset;
        if (committed < start)
        {
            // They are gone whatever is done; standing still would lose those that come, too.
            ReceiverLog.PayloadsGone(_logger, partition.Partition, committed.Value, start);
        }

        partition.Start(Math.Max(committed ?? start, start));
    }
}
