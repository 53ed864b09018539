using Confluent.Kafka;
using TokenStream.Detection;
using TokenStream.Kafka;
using TokenStream.Windowing;

namespace TokenStream.Service.Demo.Spike;

/// <summary>A minute of the feature's cost.</summary>
/// <param name="MinuteMs">Its start.</param>
/// <param name="Value">Picodollars.</param>
/// <param name="Expected">What was expected of it; NaN where nothing was.</param>
/// <param name="Score">How strange it is.</param>
internal readonly record struct SpikePoint(long MinuteMs, double Value, Expectation Expected, double Score);

/// <summary>
/// What the node makes of the traffic. Anomalies are those that its detect stage publishes; value and expectation of each minute come from
/// a processor of the watch's own that reads the same rollups and so computes the same.
/// </summary>
internal sealed class SpikeWatch(string bootstrapServers, TopicLayout topics, Func<SeriesMeasure, ISeriesDetector> detectors)
{
    private const int MostPoints = 180;

    private readonly Lock _lock = new();
    private readonly Dictionary<int, DetectProcessor> _partitions = [];
    private readonly Queue<SpikePoint> _points = [];
    private readonly List<Anomaly> _told = [];
    private readonly List<Rollup> _values = [];
    private readonly List<Anomaly> _own = [];

    /// <summary>Anomalies that opened before are of the history and not of the story.</summary>
    public required long StoryFromMs { get; init; }

    /// <summary>The newest minutes in the order of time.</summary>
    public IReadOnlyList<SpikePoint> Points
    {
        get
        {
            lock (_lock)
            {
                return [.. _points];
            }
        }
    }

    /// <summary>Start of the minute that was scored last; 0 before the first.</summary>
    public long ScoredMs
    {
        get
        {
            lock (_lock)
            {
                return _points.Count == 0 ? 0 : _points.Last().MinuteMs;
            }
        }
    }

    /// <summary>Everything that was told of the story's anomalies, in order; each as it stood then.</summary>
    public IReadOnlyList<Anomaly> Told
    {
        get
        {
            lock (_lock)
            {
                return [.. _told];
            }
        }
    }

    /// <summary>
    /// The anomaly that people are told of, as it stands, with the cause that was told while it lasted: at its end calm minutes are mixed in.
    /// Null before it opens.
    /// </summary>
    public Anomaly? Main
    {
        get
        {
            lock (_lock)
            {
                if (_told.Find(anomaly => anomaly.IsToldToPeople()) is not { } first)
                {
                    return null;
                }

                var lasting = _told.FindLast(anomaly => anomaly.Id == first.Id && anomaly.EndedMs is null) ?? first;
                return _told.FindLast(anomaly => anomaly.Id == first.Id)! with { Cause = lasting.Cause };
            }
        }
    }

    /// <summary>Reads until cancelled.</summary>
    public void Run(CancellationToken cancellation)
    {
        using var tail = new TopicTail(bootstrapServers, Offset.Beginning, topics.Rollups, topics.Anomalies);
        while (!cancellation.IsCancellationRequested)
        {
            if (tail.Next(TimeSpan.FromMilliseconds(200)) is { Message.Value: { } value } record)
            {
                Take(record.Topic == topics.Anomalies, record.Partition.Value, value);
            }
        }
    }

    internal void Take(bool isAnomaly, int partition, ReadOnlySpan<byte> value)
    {
        lock (_lock)
        {
            if (!isAnomaly)
            {
                Score(partition, value);
            }
            else if (AnomalyFormat.TryRead(value, out var anomaly) && anomaly.OpenedMs >= StoryFromMs)
            {
                _told.Add(anomaly);
            }
        }
    }

    private void Score(int partition, ReadOnlySpan<byte> value)
    {
        if (!_partitions.TryGetValue(partition, out var processor))
        {
            _partitions[partition] = processor = new DetectProcessor(new DetectOptions(), detectors) { Scored = Take };
        }

        _values.Clear();
        if (RollupDecoder.Read(value, _values) is { } mark)
        {
            processor.Read(mark);
            while (processor.IsDue)
            {
                processor.ScoreNext(isHistory: true, _own);
                _own.Clear();
            }
        }

        foreach (var rollup in _values)
        {
            processor.Read(rollup);
        }
    }

    private void Take(in ScoredPoint point, IPointProbe probe)
    {
        if (point.Measure == SeriesMeasure.Cost && point.Path is { Feature: SpikeTraffic.Feature, Model: null })
        {
            _points.Enqueue(new SpikePoint(point.MinuteMs, point.Value, point.Expected, point.Score.Value));
            if (_points.Count > MostPoints)
            {
                _points.Dequeue();
            }
        }
    }
}

/// <summary>Who hears of anomalies.</summary>
internal static class SpikeAnomalies
{
    /// <summary>Whether it is sent to people, and not only written down.</summary>
    public static bool IsToldToPeople(this Anomaly anomaly) => anomaly.HeldBack is null && anomaly.Severity != AnomalySeverity.Info;
}
