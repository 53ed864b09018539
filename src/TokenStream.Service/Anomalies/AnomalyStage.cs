using System.Text;
using Microsoft.Extensions.Logging;
using TokenStream.Commands;
using TokenStream.Detection;
using TokenStream.Governing.Alerts;
using TokenStream.Governing.Anomalies;
using TokenStream.Kafka;
using TokenStream.Runtime;
using TokenStream.Scopes;
using TokenStream.Service.Alerting;

namespace TokenStream.Service.Anomalies;

/// <summary>What people have said that alerts of anomalies go by.</summary>
internal sealed record AnomalyWords(AnomalyRequests Requests, TenantDirectory Directory);

/// <summary>
/// Reads the anomalies topic as a member of a consumer group, so that one node of many makes alerts of it. What was said before is read back
/// from the alerts topic: a successor, or a stage that begins again, says what is missing there and nothing twice.
/// </summary>
internal sealed class AnomalyStage : IStage, IPartitionReader
{
    private const long IntervalMs = 1000;
    private const string Metadata = "1";

    private readonly IRecordSource _source;
    private readonly IRecordSink _sink;
    private readonly TopicPartition _alertsTopic;
    private readonly Func<IEnumerable<Alert>> _said;
    private readonly Func<AnomalyWords?> _words;
    private readonly Func<IReadOnlyCollection<Command>> _commands;
    private readonly TimeProvider _clock;
    private readonly AlertMetrics _metrics;
    private readonly ILogger _logger;
    private TopicPartition? _partition;
    private volatile AnomalyAlerts? _alerts;
    private long _position;
    private long _end;
    private long _waitMs;
    private bool _isReady;
    private OffsetCommit? _committed;

    /// <param name="source">A member of the group on the anomalies topic.</param>
    /// <param name="sink">What alerts are published through; the stage's own.</param>
    /// <param name="alertsTopic">The alerts topic's name.</param>
    /// <param name="said">Reads the alerts that are on the topic, oldest first.</param>
    /// <param name="words">What people have said; null until it is known: nothing is said before.</param>
    /// <param name="commands">Reads the last command of each key.</param>
    /// <param name="clock">The time.</param>
    /// <param name="metrics">Of alerts.</param>
    /// <param name="logger">The node's.</param>
    public AnomalyStage(
        IRecordSource source,
        IRecordSink sink,
        string alertsTopic,
        Func<IEnumerable<Alert>> said,
        Func<AnomalyWords?> words,
        Func<IReadOnlyCollection<Command>> commands,
        TimeProvider clock,
        AlertMetrics metrics,
        ILogger logger)
    {
        (_source, _sink, _said, _words, _commands) = (source, sink, said, words, commands);
        (_alertsTopic, _clock, _metrics, _logger) = (new TopicPartition(alertsTopic, 0), clock, metrics, logger);
        metrics.ObserveAnomalies(() => (_alerts?.Open ?? 0, _alerts?.Dropped ?? 0));
    }

    public (long Offset, IPartitionReader Reader) Assigned(TopicPartition partition)
    {
        (_partition, _committed) = (partition, _source.Committed(partition));
        Forget();
        return (Start(partition), this);
    }

    public void Revoked(TopicPartition partition) => Lost(partition);

    public void Lost(TopicPartition partition)
    {
        _partition = null;
        Forget();
    }

    public void Read(in Record record)
    {
        if (_alerts is not { } alerts)
        {
            // Not begun: the record is read again.
            return;
        }

        _position = record.Offset + 1;
        if (AnomalyFormat.TryRead(record.Value, out var anomaly))
        {
            alerts.Take(anomaly, record.Offset);
        }
        else
        {
            AlertLog.AnomalyDamaged(_logger, record.Offset);
            _metrics.CountDamagedAnomaly();
        }
    }

    public async ValueTask StepAsync(long elapsedMs)
    {
        _waitMs -= elapsedMs;
        if (_partition is not { } partition || _waitMs > 0 || _words() is not { } words)
        {
            return;
        }

        _waitMs = IntervalMs;
        try
        {
            await StepAsync(partition, words);
        }
        catch (Exception failure) when (failure is PublishFailedException or KafkaUnavailableException or SourceFailedException)
        {
            // What of it is on the topic is not known: it is read back.
            AlertLog.AnomaliesWait(_logger, failure.Message);
            Forget();
        }
    }

    private async ValueTask StepAsync(TopicPartition partition, AnomalyWords words)
    {
        if (_alerts is not { } alerts)
        {
            Begin(partition);
            return;
        }

        // Records may be missing before the end, if it is a transaction's: the source knows better then.
        if (!_isReady && _position < _end && !_source.IsAtEnd(partition))
        {
            return;
        }

        _isReady = true;
        var commands = alerts.Open > 0 ? _commands() : [];
        var now = _clock.GetUtcNow().ToUnixTimeMilliseconds();
        var due = alerts.Due(new AnomalyCircumstances(words.Requests, commands, words.Directory, now));

        // 1. Alerts are acknowledged before the offset that their anomalies lie below is committed. Crash: the successor reads both again.
        foreach (var alert in due)
        {
            _sink.Publish(_alertsTopic, Encoding.UTF8.GetBytes(alert.Fingerprint), AlertFormat.Write(alert));
        }

        if (due.Count > 0)
        {
            await _sink.FlushAsync();
        }

        // 2. The offset. Refused, or no answer: the next step commits again.
        var commit = new OffsetCommit(partition, alerts.LowestNeeded(_position), Metadata);
        if (commit != _committed && await _source.CommitAsync([commit]))
        {
            _committed = commit;
        }
    }

    private void Begin(TopicPartition partition)
    {
        var alerts = new AnomalyAlerts();
        foreach (var alert in _said())
        {
            alerts.Restore(alert);
        }

        _position = Start(partition);
        _source.Seek(partition, _position);
        _alerts = alerts;
    }

    private long Start(TopicPartition partition)
    {
        (var start, _end) = _source.QueryWatermarks(partition);
        return Math.Max(start, _committed?.Offset ?? start);
    }

    private void Forget() => (_alerts, _isReady, _waitMs) = (null, false, 0);
}
