using System.Diagnostics.Metrics;

namespace TokenStream.Runtime;

/// <summary>The instruments of alerts on their way to people.</summary>
public sealed class AlertMetrics
{
    private readonly Counter<long> _notifications;
    private readonly Counter<long> _damaged;
    private readonly Counter<long> _damagedAnomalies;
    private volatile Func<int> _open = () => 0;
    private volatile Func<(int Open, long Dropped)> _anomalies = () => (0, 0);
    private volatile Func<IEnumerable<(string Receiver, int Count)>> _waiting = () => [];
    private volatile Func<(long Limit, long Unrouted)> _dropped = () => (0, 0);

    internal AlertMetrics(Meter meter)
    {
        meter.CreateObservableGauge(
            "tokenstream.alerts.open", () => _open(), "{alert}", "Alerts that last, on the node that delivers them.");
        meter.CreateObservableGauge(
            "tokenstream.alerts.waiting",
            () =>
                _waiting()
                    .Select(
                        waiting => new Measurement<int>(waiting.Count, new KeyValuePair<string, object?>("receiver", waiting.Receiver))),
            "{alert}",
            "Alerts that a receiver still has to be told of.");
        meter.CreateObservableCounter(
            "tokenstream.alerts.dropped",
            () => new[]
            {
                new Measurement<long>(_dropped().Limit, new KeyValuePair<string, object?>("reason", "limit")),
                new Measurement<long>(_dropped().Unrouted, new KeyValuePair<string, object?>("reason", "no_receiver")),
            },
            "{alert}",
            "Alerts that nobody is told of: too many at a time, or for no receiver.");
        meter.CreateObservableGauge(
            "tokenstream.anomalies.open", () => _anomalies().Open, "{anomaly}", "Anomalies that last, on the node that makes alerts of them.");
        meter.CreateObservableCounter(
            "tokenstream.anomalies.dropped", () => _anomalies().Dropped, "{anomaly}", "Anomalies that no alert was made of: too many at a time.");
        _damagedAnomalies = meter.CreateCounter<long>(
            "tokenstream.anomalies.damaged", "{record}", "Records of the anomalies topic that are no anomalies.");
        _notifications = meter.CreateCounter<long>(
            "tokenstream.alerts.notifications", "{notification}", "Notifications by receiver and outcome.");
        _damaged = meter.CreateCounter<long>("tokenstream.alerts.damaged", "{record}", "Records of the alerts topic that are no alerts.");
    }

    public void Count(string receiver, string outcome, int notifications) => _notifications.Add(
        notifications, new KeyValuePair<string, object?>("receiver", receiver), new KeyValuePair<string, object?>("outcome", outcome));

    public void CountDamaged() => _damaged.Add(1);

    public void CountDamagedAnomaly() => _damagedAnomalies.Add(1);

    public void ObserveAnomalies(Func<(int Open, long Dropped)> anomalies) => _anomalies = anomalies;

    public void ObserveOpen(Func<int> open) => _open = open;

    public void ObserveWaiting(Func<IEnumerable<(string Receiver, int Count)>> waiting) => _waiting = waiting;

    public void ObserveDropped(Func<(long Limit, long Unrouted)> dropped) => _dropped = dropped;
}
