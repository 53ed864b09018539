using Microsoft.Extensions.Logging;
using TokenStream.Detection;
using TokenStream.Governing.Anomalies;
using TokenStream.Kafka;
using TokenStream.Service.Node;

namespace TokenStream.Service.Anomalies;

/// <summary>
/// Keeps a node that governs informed of the anomalies that last, for the steps of budgets that ask for one. What was read last counts while
/// the log cannot be read. One thread follows; any may ask.
/// </summary>
internal sealed class AnomalyFollower : IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly TopicReader _reader;
    private readonly Func<AnomalyRequests> _people;
    private readonly Dictionary<string, HeardAnomaly> _open = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _following;
    private volatile OpenAnomalies _current = OpenAnomalies.None;
    private AnomalyRequests? _known;

    /// <exception cref="KafkaUnavailableException">The log is out of reach.</exception>
    public AnomalyFollower(KafkaOptions kafka, string topic, Func<AnomalyRequests> people, TimeProvider clock, ILogger logger)
    {
        _people = people;
        var since = clock.GetUtcNow() - TimeSpan.FromMilliseconds(OpenAnomalies.HeardWithinMs);
        _reader = new TopicReader(kafka, topic, partitions: 1, "tokenstream-govern-anomalies", logger, since: since);
        _following = Task.Run(() => Repeat.EveryAsync(
            Interval, clock, Take, failure => NodeLog.AnomaliesUnreadable(logger, failure.Message), _stop.Token, atOnce: true));
    }

    /// <summary>The same object until something changes.</summary>
    public OpenAnomalies Current => _current;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _following;
        _reader.Dispose();
        _stop.Dispose();
    }

    private Task Take()
    {
        var hasChanged = false;
        foreach (var result in _reader.ReadToEnd())
        {
            if (_stop.IsCancellationRequested)
            {
                return Task.CompletedTask;
            }

            if (result.Message.Value is { } value && AnomalyFormat.TryRead(value, out var anomaly))
            {
                hasChanged |= Take(anomaly, result.Message.Timestamp.UnixTimestampMs);
            }
        }

        var people = _people();
        if (hasChanged || !ReferenceEquals(people, _known))
        {
            (_known, _current) = (people, new OpenAnomalies(_open.Values, people));
        }

        return Task.CompletedTask;
    }

    private bool Take(Anomaly anomaly, long heardMs)
    {
        if (anomaly.EndedMs is not null)
        {
            return _open.Remove(anomaly.Id);
        }

        if (_open.Count < AnomalyAlerts.DefaultLimit || _open.ContainsKey(anomaly.Id))
        {
            _open[anomaly.Id] = new HeardAnomaly(anomaly, heardMs);
            return true;
        }

        foreach (var old in _open.Values.Where(old => old.HeardMs < heardMs - OpenAnomalies.HeardWithinMs).ToList())
        {
            _open.Remove(old.Anomaly.Id);
        }

        return false;
    }
}
