using TokenStream.Detection.Causes;
using TokenStream.Detection.Episodes;
using TokenStream.Detection.Series;
using TokenStream.Detection.Silence;
using TokenStream.Windowing;

namespace TokenStream.Detection;

/// <summary>
/// The detect stage for one rollups partition, in which every tenant of an environment lies whole: final rollups and marks in, anomalies out.
/// A deterministic function of the records in their order: no clock, no I/O. A mark makes minutes due; they are scored, each once, before
/// anything else is read (<see cref="IsDue"/>, <see cref="ScoreNext"/>).
/// </summary>
public sealed class DetectProcessor
{
    private readonly InputBook _inputs;
    private readonly MinuteBook _minutes;
    private readonly SeriesTable _series;
    private readonly EpisodeBook _episodes;
    private readonly CauseBook _causes;
    private readonly SilenceBook _silence;
    private readonly HeldSilences _heldSilences;
    private DetectSnapshotWriter? _writing;
    private DetectCounts _counts = new();
    private long _points;
    private long _missing;
    private long _nextMs;

    /// <param name="detectors">The detector of each measure; for this processor's thread only.</param>
    public DetectProcessor(DetectOptions options, Func<SeriesMeasure, ISeriesDetector> detectors)
    {
        (_inputs, _minutes, _series, _nextMs) = (new InputBook(), new MinuteBook(), new SeriesTable(options.MaxSeries, detectors), AggregateCommit.Never);
        _episodes = new EpisodeBook(options.Episodes, _series.DetectorOf);
        (_causes, _silence, _heldSilences) = (new CauseBook(options.Causes), new SilenceBook(options.Silence), new HeldSilences());
    }

    private DetectProcessor(ref BlockReader head, IReadOnlyList<byte[]> chunks, DetectOptions options, Func<SeriesMeasure, ISeriesDetector> detectors)
    {
        _nextMs = head.Long();
        (_inputs, _minutes) = (InputBook.Read(ref head), MinuteBook.Read(ref head));
        _series = SeriesTable.ReadHead(ref head, options.MaxSeries, detectors);
        DetectSnapshotReader.ReadSeries(chunks, _series);
        _episodes = EpisodeBook.Read(ref head, options.Episodes, _series.DetectorOf);
        _causes = CauseBook.Read(ref head, options.Causes);
        _silence = SilenceBook.Read(ref head, options.Silence);
        _heldSilences = HeldSilences.Read(ref head);
    }

    /// <summary>Start of the minute that was scored last; null before the first.</summary>
    public long? ScoredMs => _nextMs == AggregateCommit.Never ? null : _nextMs - MinuteBook.MinuteMs;

    /// <summary>How far the foremost input has closed; null before the first mark.</summary>
    public long? ClosedThroughMs => _inputs.ForemostMs == AggregateCommit.Never ? null : _inputs.ForemostMs;

    /// <summary>What it has done so far, since it was built.</summary>
    public DetectCounts Counts => _counts with
    {
        Points = _points, Missing = _missing, Evicted = _series.Evicted, Refused = _series.Refused, Idle = _series.Idle, Overflows = _counts.Overflows + _series.Places.Overflows,
    };

    /// <summary>Series that it keeps.</summary>
    public int SeriesCount => _series.Count;

    /// <summary>What became of episodes.</summary>
    public EpisodeCounters Episodes => _episodes.Counters;

    /// <summary>Alerts that last.</summary>
    public int OpenAlerts => _episodes.OpenAlerts;

    /// <summary>The score from which on a measure's point is strange, as calibrated.</summary>
    public double Threshold(SeriesMeasure measure) => _episodes.Threshold(measure);

    /// <summary>Places that they are of.</summary>
    public int PlaceCount => _series.Places.Count;

    /// <summary>Bytes of the series' states.</summary>
    public long StateBytes => _series.StateBytes;

    /// <summary>Whether a minute is to be scored before anything else is read.</summary>
    public bool IsDue => Next() is { } minuteMs && _inputs.IsDue(minuteMs);

    /// <summary>Told of every point that is scored.</summary>
    internal PointTaker? Scored { get; set; }

    /// <summary>Told of every tenant's minute.</summary>
    internal Action<TenantMinute>? Measured { get; set; }

    /// <summary>Reads a value. It counts when its mark comes; provisional ones do not.</summary>
    public void Read(Rollup value)
    {
        if (value.Block.Final)
        {
            _inputs.Add(value);
        }
    }

    /// <summary>Reads a mark: the decision's values count from here on, and minutes may be due.</summary>
    /// <exception cref="InvalidOperationException">Two owners decided the same decision.</exception>
    public void Read(Mark mark) => _inputs.Apply(mark, Fold);

    /// <summary>
    /// Records before the next one are lost: whatever they could have said of minutes that are not scored is missing, and not zero.
    /// </summary>
    public void Lose() => _inputs.Lose();

    /// <summary>Scores the minute that is due.</summary>
    /// <param name="isHistory">It was read again from long ago to learn from: nothing of it comes out.</param>
    /// <param name="anomalies">What comes out is appended.</param>
    public void ScoreNext(bool isHistory, List<Anomaly> anomalies)
    {
        var minuteMs = Next() ?? throw new InvalidOperationException("no minute is due");

        // What a snapshot still has to write is about to change.
        _writing?.Freeze();
        if (_series.Count > 0 && minuteMs - _nextMs > SeriesTable.IdleMs)
        {
            _series.Clear(Dropped);
        }

        _nextMs = minuteMs + MinuteBook.MinuteMs;
        _series.Fill(_minutes.Take(minuteMs), minuteMs, Dropped);
        foreach (var tenant in _series.Places.Tenants)
        {
            tenant.IsMissing = minuteMs < _inputs.GapUntilMs || tenant.IsBehind(_inputs, minuteMs);
            var minute = new TenantMinute(tenant.Environment, tenant.Name, minuteMs, tenant.IsMissing ? [] : tenant.Cells, tenant.IsMissing);
            _episodes.Add(minute);
            _causes.Add(minute);
            _silence.Add(minute);
            Measured?.Invoke(minute);
        }

        // 1. Every series has its score. 2. Episodes open, go on and end. 3. What changed is explained before anything of the minute is learnt.
        // 4. Those who say nothing.
        _series.Score(minuteMs, Take, Dropped);
        foreach (var anomaly in _episodes.EndMinute(minuteMs, isHistory))
        {
            anomalies.Add(anomaly.Kind == AnomalyKind.Spike && anomaly.Cause is null ? anomaly with { Cause = _causes.Explain(anomaly) } : anomaly);
        }

        _causes.EndMinute(minuteMs, _episodes.IsOpen);
        foreach (var anomaly in _silence.EndMinute(minuteMs, isHistory))
        {
            anomalies.Add(_heldSilences.Held(anomaly, _episodes));
        }

        _counts = _counts with { Minutes = _counts.Minutes + 1, HistoryMinutes = _counts.HistoryMinutes + (isHistory ? 1 : 0) };
    }

    /// <summary>Begins a snapshot of everything as it is now; only one at a time.</summary>
    internal DetectSnapshotWriter BeginSnapshot(int chunkBytes)
    {
        var head = new BlockBuffer();
        head.Signed(_nextMs);
        _inputs.Write(head);
        _minutes.Write(head);
        _series.WriteHead(head);
        _episodes.Write(head);
        _causes.Write(head);
        _silence.Write(head);
        _heldSilences.Write(head);
        return _writing = new DetectSnapshotWriter(head, _series, chunkBytes, () => _writing = null);
    }

    /// <summary>Goes on from a snapshot, as if it had never stopped.</summary>
    /// <exception cref="FormatException">The chunks are not a whole snapshot of this version.</exception>
    internal static DetectProcessor Restore(
        IReadOnlyList<byte[]> chunks, DetectOptions options, Func<SeriesMeasure, ISeriesDetector> detectors)
    {
        try
        {
            var head = new BlockReader(DetectSnapshotReader.Head(chunks));
            return new DetectProcessor(ref head, chunks, options, detectors);
        }
        catch (Exception damage) when (damage is OverflowException or ArgumentException)
        {
            throw new FormatException($"the snapshot contradicts itself: {damage.Message}", damage);
        }
    }

    /// <summary>
    /// The minute that comes next: the one after the last, since a minute without anything is a minute of zeros. Where there is no series there
    /// is nothing to be zero, and where nothing was there for so long that no series is left, neither.
    /// </summary>
    private long? Next()
    {
        var first = _minutes.FirstMs;
        if (_series.Count == 0 || _nextMs == AggregateCommit.Never)
        {
            return first;
        }

        var horizon = first ?? MinuteBook.MinuteOf(_inputs.ForemostMs);
        return horizon - _nextMs > SeriesTable.IdleMs ? horizon : _nextMs;
    }

    private void Fold(int input, Rollup value)
    {
        try
        {
            if (MinuteBook.MinuteOf(value.Block.WindowStartMs) < _nextMs)
            {
                Correct(value);
            }
            else
            {
                _minutes.Add(input, value);
            }
        }
        catch (OverflowException)
        {
            _counts = _counts with { Overflows = _counts.Overflows + 1 };
        }
    }

    /// <summary>A minute that was scored keeps its scores; what came late is told to those who judge it.</summary>
    private void Correct(Rollup value)
    {
        _counts = _counts with { Corrections = _counts.Corrections + 1 };
        if (_series.Places.Find(value.Key.Environment, value.Key.TenantId) is not { } tenant)
        {
            return;
        }

        var minuteMs = MinuteBook.MinuteOf(value.Block.WindowStartMs);
        var used = default(PlaceSums);
        used.Add(value.Measures);
        ReadOnlySpan<(string? Feature, string? Model)> places =
            [(null, null), (value.Key.Feature, null), (null, value.Key.Model), (value.Key.Feature, value.Key.Model)];
        foreach (var place in places)
        {
            if (!tenant.Numbers.TryGetValue(place, out var number))
            {
                continue;
            }

            for (var measure = SeriesMeasure.Cost; measure.IsCount(); measure++)
            {
                if (used.Value(measure) is > 0 and var added)
                {
                    _episodes.Correct(_series.Places[number].Path, measure, minuteMs, added);
                }
            }
        }

        _silence.Correct(tenant.Environment, tenant.Name, minuteMs, value.Measures.Events);
    }

    private void Take(in ScoredPoint point, IPointProbe probe)
    {
        var isMissing = double.IsNaN(point.Value);
        _points += isMissing ? 0 : 1;
        _missing += isMissing ? 1 : 0;
        _episodes.Add(point, probe);
        Scored?.Invoke(point, probe);
    }

    private void Dropped(int series) => _episodes.Drop(series);
}
