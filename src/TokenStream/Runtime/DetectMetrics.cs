using System.Diagnostics.Metrics;
using TokenStream.Detection;
using TokenStream.Detection.Episodes;

namespace TokenStream.Runtime;

/// <summary>The instruments of detect; <see cref="StreamMetrics"/> has them.</summary>
public sealed class DetectMetrics
{
    private readonly Counter<long> _anomalies;
    private readonly Counter<long> _points;
    private readonly Counter<long> _minutes;
    private readonly Counter<long> _corrections;
    private readonly Counter<long> _left;
    private readonly Counter<long> _refused;
    private volatile Func<IEnumerable<DetectGauges>> _partitions = () => [];

    internal DetectMetrics(Meter meter)
    {
        _anomalies = meter.CreateCounter<long>(
            "tokenstream.detect.anomalies", "{record}", "Anomalies told: opened, worse or ended; by severity, and whether they were held back.");
        _points = meter.CreateCounter<long>("tokenstream.detect.points", "{point}", "Points of series, by outcome: scored, or missing.");
        _minutes = meter.CreateCounter<long>("tokenstream.detect.minutes", "{minute}", "Minutes scored, each once for each partition.");
        _corrections = meter.CreateCounter<long>("tokenstream.detect.corrections", "{rollup}", "Rollups that came after their minute was scored.");
        _left = meter.CreateCounter<long>("tokenstream.detect.series.left", "{series}", "Series that were dropped, by reason: no_room, or idle.");
        _refused = meter.CreateCounter<long>(
            "tokenstream.detect.series.refused", "{series}", "Series that found no room, counted each minute: raise detect.max_series.");
        meter.CreateObservableGauge("tokenstream.detect.lag", () => Measure(p => p.LagRecords), "{record}", "Records of rollups between a partition's series and its end.");
        meter.CreateObservableCounter(
            "tokenstream.detect.episodes", Episodes, "{episode}", "Episodes of series and the alerts they became, by outcome.");
        meter.CreateObservableGauge("tokenstream.detect.open_alerts", () => Measure(p => p.OpenAlerts), "{alert}", "Alerts of a partition that last, sent or not.");
        meter.CreateObservableGauge("tokenstream.detect.series", () => Measure(p => p.Series), "{series}", "Series of a partition.");
        meter.CreateObservableGauge("tokenstream.detect.state.size", () => Measure(p => p.StateBytes), "By", "Memory of the series' states.");
        meter.CreateObservableGauge(
            "tokenstream.detect.scored_time", () => Measure(p => p.ScoredMs / 1000.0, p => p.ScoredMs is not null), "s", "Start of the minute scored last, seconds since the Unix epoch.");
        meter.CreateObservableGauge("tokenstream.detect.snapshot.size", () => Measure(p => p.SnapshotBytes), "By", "Size of a partition's last snapshot.");
        meter.CreateObservableGauge("tokenstream.detect.snapshot.age", () => Measure(p => p.SnapshotAgeMs / 1000.0), "s", "Since a partition's last snapshot was begun.");
    }

    /// <summary>Counts an anomaly that is published.</summary>
    public void Count(Anomaly anomaly) => _anomalies.Add(
        1,
        new KeyValuePair<string, object?>("severity", anomaly.Severity.ToString().ToLowerInvariant()),
        new KeyValuePair<string, object?>("held_back", anomaly.HeldBack is null ? "no" : "yes"));

    /// <summary>Counts what was done between two looks.</summary>
    public void Count(DetectCounts now, DetectCounts before)
    {
        Add(_points, now.Points - before.Points, "outcome", "scored");
        Add(_points, now.Missing - before.Missing, "outcome", "missing");
        _minutes.Add(now.Minutes - before.Minutes);
        _corrections.Add(now.Corrections - before.Corrections);
        Add(_left, now.Evicted - before.Evicted, "reason", "no_room");
        Add(_left, now.Idle - before.Idle, "reason", "idle");
        _refused.Add(now.Refused - before.Refused);
    }

    /// <summary>Where the gauges of rollups partitions are read from; called from any thread.</summary>
    public void Observe(Func<IEnumerable<DetectGauges>> partitions) => _partitions = partitions;

    private IEnumerable<Measurement<long>> Episodes()
    {
        foreach (var partition in _partitions())
        {
            var episodes = partition.Episodes;
            foreach (var (outcome, count) in new[]
            {
                ("opened", episodes.Opened), ("no_room", episodes.NoRoom), ("grouped", episodes.Grouped), ("immaterial", episodes.Immaterial),
                ("info", episodes.Info), ("digested", episodes.Digested), ("sent", episodes.Sent), ("late_data", episodes.LateData),
                ("confirmed", episodes.Confirmed),
            })
            {
                yield return new Measurement<long>(
                    count, new KeyValuePair<string, object?>("partition", partition.Partition), new KeyValuePair<string, object?>("outcome", outcome));
            }
        }
    }

    private static void Add(Counter<long> counter, long count, string tag, string value)
    {
        if (count != 0)
        {
            counter.Add(count, new KeyValuePair<string, object?>(tag, value));
        }
    }

    private IEnumerable<Measurement<double>> Measure(Func<DetectGauges, double?> value, Predicate<DetectGauges>? isKnown = null) => _partitions()
        .Where(p => isKnown?.Invoke(p) ?? true)
        .Select(p => new Measurement<double>(value(p) ?? 0, new KeyValuePair<string, object?>("partition", p.Partition)));
}

/// <summary>How the series of a rollups partition stood when their worker looked last.</summary>
/// <param name="Episodes">Counts since the partition's state began, and not only as of that look.</param>
public sealed record DetectGauges(
    int Partition, long LagRecords, int Series, long StateBytes, long? ScoredMs, EpisodeCounters Episodes, int OpenAlerts, long SnapshotBytes,
    long SnapshotAgeMs);
