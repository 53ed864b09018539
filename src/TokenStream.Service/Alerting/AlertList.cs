using System.Text;
using Microsoft.Extensions.Logging;
using TokenStream.Governing.Alerts;
using TokenStream.Kafka;
using TokenStream.Service.Governing;
using TokenStream.Service.Options;

namespace TokenStream.Service.Alerting;

/// <summary>An alert that lasts, and the record by which a person has taken it on.</summary>
internal sealed record OpenAlert(Alert Alert, Alert? Acknowledged);

/// <summary>
/// The alerts that last, read from their topic, and how a person takes one on: with a trace in the audit before. For the command line and for
/// a node's API. Not for several threads at once.
/// </summary>
internal sealed class AlertList : IDisposable
{
    private readonly TopicReader _reader;
    private readonly ConfigurationTopic _writer;
    private readonly Audit _audit;
    private readonly TimeProvider _clock;
    private readonly Dictionary<string, OpenAlert> _open = new(StringComparer.Ordinal);

    /// <exception cref="KafkaUnavailableException">The log is out of reach, or has no such topic.</exception>
    public AlertList(NodeOptions options, KafkaOptions kafka, Audit audit, TimeProvider clock, ILogger logger)
    {
        (_audit, _clock) = (audit, clock);

        // Older alerts are not waited for by their delivery either.
        var since = clock.GetUtcNow() - TimeSpan.FromMilliseconds(AlertBook.LongestMs);
        _reader = new TopicReader(kafka, options.Topics.Alerts, partitions: 1, "tokenstream-alert-list", logger, since: since);
        _writer = new ConfigurationTopic(kafka, options.Topics.Alerts, "tokenstream-alert-list", logger);
    }

    /// <summary>Those that last, oldest first.</summary>
    public IReadOnlyList<OpenAlert> Read()
    {
        foreach (var result in _reader.ReadToEnd())
        {
            if (result.Message.Value is { } value && AlertFormat.TryRead(value, out Alert? alert))
            {
                Take(alert);
            }
        }

        return [.. _open.Values.OrderBy(open => open.Alert.StartedMs).ThenBy(open => open.Alert.Fingerprint, StringComparer.Ordinal)];
    }

    /// <summary>
    /// Takes an alert on. Returns it as it stands then; null where none of that fingerprint lasts. Who comes second changes nothing.
    /// </summary>
    public async Task<OpenAlert?> AcknowledgeAsync(string fingerprint, string reason, Actor actor)
    {
        Read();
        if (!_open.TryGetValue(fingerprint, out var open) || open.Acknowledged is not null)
        {
            return open;
        }

        var record = AlertFormat.Write(open.Alert.Acknowledge(actor.By, reason, _clock.GetUtcNow().ToUnixTimeMilliseconds()));
        await _audit.AppendAsync(
            AuditKind.Acknowledgement, "ack", $"{open.Alert.Name} {open.Alert.Scope} {fingerprint}", actor, reason,
            Encoding.UTF8.GetString(AlertFormat.Write(open.Alert)), Encoding.UTF8.GetString(record));
        await _writer.AppendAsync(fingerprint, record);
        Read();
        return _open.GetValueOrDefault(fingerprint, open);
    }

    public void Dispose()
    {
        _reader.Dispose();
        _writer.Dispose();
    }

    private void Take(Alert alert)
    {
        var known = _open.GetValueOrDefault(alert.Fingerprint);
        if (alert.Kind == TransitionKind.Acknowledged)
        {
            if (known is { Acknowledged: null } && alert.StartedMs >= known.Alert.StartedMs)
            {
                _open[alert.Fingerprint] = known with { Acknowledged = alert };
            }
        }
        else if (alert.Lasts && alert.EndedMs is not null)
        {
            _open.Remove(alert.Fingerprint);
        }
        else if (alert.Lasts && (known is null || alert.Kind == TransitionKind.Anomaly))
        {
            // An anomaly that was written down may be sent later, and becomes worse: the last record says how it stands.
            _open[alert.Fingerprint] = new OpenAlert(alert, known?.Acknowledged);
        }
    }
}
