using Microsoft.Extensions.Logging;
using TokenStream.Governing.Alerts;
using TokenStream.Runtime;
using TokenStream.Service.Options;

namespace TokenStream.Service.Alerting;

/// <summary>
/// Reads the alerts topic as a member of a consumer group, so that one node of many delivers, and keeps the book that receivers are told
/// from. A successor rebuilds the book from the committed offset; who was told what stands beside it.
/// </summary>
internal sealed class AlertStage : IStage, IPartitionReader
{
    private const long CommitIntervalMs = 500;
    private const long Unknown = -1;

    private readonly IRecordSource _source;
    private readonly IReadOnlyList<ReceiverOptions> _receivers;
    private readonly TimeProvider _clock;
    private readonly AlertMetrics _metrics;
    private readonly ILogger _logger;
    private readonly long[] _toldBefore;
    private readonly bool[] _told;
    private TopicPartition? _partition;
    private volatile AlertBook? _book;
    private long _position;
    private long _end;
    private long _sinceCommitMs;
    private OffsetCommit? _committed;

    public AlertStage(IRecordSource source, IReadOnlyList<ReceiverOptions> receivers, TimeProvider clock, AlertMetrics metrics, ILogger logger)
    {
        (_source, _receivers, _clock, _metrics, _logger) = (source, receivers, clock, metrics, logger);
        (_toldBefore, _told) = (new long[receivers.Count], new bool[receivers.Count]);
        metrics.ObserveOpen(() => _book?.Open ?? 0);
        metrics.ObserveWaiting(() => _book is { } book ? receivers.Select((receiver, i) => (receiver.Name, book.CountPending(i))) : []);
        metrics.ObserveDropped(() => (_book?.Dropped ?? 0, _book?.Unrouted ?? 0));
    }

    /// <summary>What receivers are told from; null while another node delivers.</summary>
    public AlertBook? Book => _book;

    public (long Offset, IPartitionReader Reader) Assigned(TopicPartition partition)
    {
        var (start, end) = _source.QueryWatermarks(partition);
        _committed = _source.Committed(partition);
        var told = AlertCommit.Read(_committed?.Metadata);
        for (var i = 0; i < _receivers.Count; i++)
        {
            _toldBefore[i] = told.GetValueOrDefault(_receivers[i].Name, Unknown);
        }

        _partition = partition;
        _position = Math.Max(start, _committed?.Offset ?? start);
        _end = end;
        _book = new AlertBook(_receivers);
        return (_position, this);
    }

    public void Revoked(TopicPartition partition) => (_partition, _book) = (null, null);

    public void Lost(TopicPartition partition) => (_partition, _book) = (null, null);

    public void Read(in Record record)
    {
        _position = record.Offset + 1;
        if (!AlertFormat.TryRead(record.Value, out Alert? alert))
        {
            AlertLog.Damaged(_logger, _partition.ToString()!, record.Offset);
            _metrics.CountDamaged();
            return;
        }

        for (var i = 0; i < _told.Length; i++)
        {
            _told[i] = record.Offset < _toldBefore[i];
        }

        _book!.Take(alert, record.Offset, _told);
    }

    public async ValueTask StepAsync(long elapsedMs)
    {
        if (_partition is not { } partition || _book is not { } book)
        {
            return;
        }

        if (!book.IsReady)
        {
            // Records may be missing before the end, if it is a transaction's or compacted away: the source knows better then.
            if (_position < _end && !_source.IsAtEnd(partition))
            {
                return;
            }

            book.BecomeReady(Enumerable.Range(0, _toldBefore.Length).Where(receiver => _toldBefore[receiver] == Unknown));
            AlertLog.Delivering(_logger, _position, book.Open);
        }

        _sinceCommitMs += elapsedMs;
        if (_sinceCommitMs < CommitIntervalMs)
        {
            return;
        }

        _sinceCommitMs = 0;
        book.Forget(_clock.GetUtcNow().ToUnixTimeMilliseconds());
        var commit = new OffsetCommit(
            partition,
            book.LowestNeeded(_position),
            AlertCommit.Write(_receivers.Select((receiver, i) => (receiver.Name, book.ToldThrough(i, _position)))));
        if (commit == _committed)
        {
            return;
        }

        if (await _source.CommitAsync([commit]))
        {
            _committed = commit;
        }
        else
        {
            AlertLog.CommitFailed(_logger);
        }
    }
}
