using TokenStream.Detection;
using TokenStream.Windowing;

namespace TokenStream.Tests.Detection.Series;

/// <summary>A value that a series had when its minute was scored.</summary>
internal readonly record struct NaivePoint(string Place, SeriesMeasure Measure, long MinuteMs, double Value);

/// <summary>
/// What must be scored, the slow way: everything that counts is kept in a list, and every question is answered by looking through all of it.
/// Bounds and idle series are left out.
/// </summary>
internal sealed class NaiveDetect
{
    private const long Hour = 3_600_000;

    private readonly List<(int Input, Rollup Value, bool BeforeScoring)> _counted = [];
    private readonly Dictionary<int, List<Rollup>> _pending = [];
    private readonly Dictionary<int, (long Decision, long ClosedThroughMs)> _marks = [];
    private readonly HashSet<(string Place, SeriesMeasure Measure)> _known = [];
    private long? _nextMs;

    public List<NaivePoint> Points { get; } = [];

    public static string PlaceOf(string tenant, string? feature, string? model) => $"{tenant}/{feature ?? "*"}/{model ?? "*"}";

    public void Read(object record)
    {
        if (record is Rollup value)
        {
            var input = value.Block.Partition;
            if (value.Block.Final && value.Block.Decision > (_marks.TryGetValue(input, out var last) ? last.Decision : 0))
            {
                var pending = _pending.TryGetValue(input, out var known) ? known : _pending[input] = [];
                if (!pending.Exists(other => other.Block.WindowStartMs == value.Block.WindowStartMs && other.Block.Part == value.Block.Part && other.Key == value.Key))
                {
                    pending.Add(value);
                }
            }

            return;
        }

        var mark = (Mark)record;
        if (_marks.TryGetValue(mark.Partition, out var before) && mark.Decision <= before.Decision)
        {
            return;
        }

        _marks[mark.Partition] = (mark.Decision, Math.Max(mark.ClosedThroughMs, before.ClosedThroughMs));
        foreach (var counted in _pending.GetValueOrDefault(mark.Partition) ?? [])
        {
            _counted.Add((mark.Partition, counted, _nextMs is null || counted.Block.WindowStartMs >= _nextMs));
        }

        _pending.Remove(mark.Partition);
        ScoreDue();
    }

    private void ScoreDue()
    {
        var foremost = _marks.Values.Max(mark => mark.ClosedThroughMs);
        while (_counted.Count > 0)
        {
            var waiting = _counted.Where(counted => _nextMs is null || counted.Value.Block.WindowStartMs >= _nextMs).ToList();
            if (_known.Count == 0 && waiting.Count == 0)
            {
                return;
            }

            var minuteMs = _known.Count == 0 ? waiting.Min(counted => counted.Value.Block.WindowStartMs / 60_000 * 60_000) : _nextMs!.Value;
            var end = minuteMs + 60_000;
            var waits = _marks.Any(mark => mark.Value.ClosedThroughMs < end && foremost - mark.Value.ClosedThroughMs <= 120_000 &&
                _counted.Any(counted => counted.Input == mark.Key && counted.Value.Block.WindowStartMs >= end - Hour));
            if (foremost < end || waits)
            {
                return;
            }

            Score(minuteMs);
            _nextMs = end;
        }
    }

    private void Score(long minuteMs)
    {
        var inMinute = _counted.Where(c => c.BeforeScoring && c.Value.Block.WindowStartMs / 60_000 * 60_000 == minuteMs).Select(c => c.Value).ToList();
        foreach (var (feature, model) in new[] { (false, false), (true, false), (false, true), (true, true) })
        {
            foreach (var place in inMinute.GroupBy(v => PlaceOf(v.Key.TenantId, feature ? v.Key.Feature : null, model ? v.Key.Model : null)))
            {
                foreach (var measure in Enum.GetValues<SeriesMeasure>().Where(measure => measure.IsCount() || (feature && !model)))
                {
                    if (ValueOf([.. place], measure) is var value && (measure.IsCount() ? value > 0 : !double.IsNaN(value)))
                    {
                        _known.Add((place.Key, measure));
                    }
                }
            }
        }

        foreach (var (place, measure) in _known)
        {
            var values = inMinute.Where(v => place == PlaceOf(v.Key.TenantId, place.Split('/')[1] == "*" ? null : v.Key.Feature, place.Split('/')[2] == "*" ? null : v.Key.Model)).ToList();
            var value = IsMissing(place.Split('/')[0], minuteMs) ? double.NaN
                : values.Count > 0 ? ValueOf(values, measure)
                : measure.IsCount() ? 0 : double.NaN;
            Points.Add(new NaivePoint(place, measure, minuteMs, value));
        }
    }

    /// <summary>An input that brought something of the tenant within the hour, in minutes scored since or in this, has not closed the minute.</summary>
    private bool IsMissing(string tenant, long minuteMs) => _marks.Any(mark => mark.Value.ClosedThroughMs < minuteMs + 60_000 && _counted.Any(counted =>
        counted.BeforeScoring && counted.Input == mark.Key && counted.Value.Key.TenantId == tenant &&
        counted.Value.Block.WindowStartMs >= minuteMs + 60_000 - Hour && counted.Value.Block.WindowStartMs < minuteMs + 60_000));

    private static double ValueOf(IReadOnlyList<Rollup> values, SeriesMeasure measure)
    {
        var requests = values.Sum(v => v.Measures.Requests);
        var cost = (double)values.Aggregate(Int128.Zero, (sum, v) => sum + v.Measures.Cost);
        var input = values.Sum(v => v.Measures.TokensIn);
        return measure switch
        {
            SeriesMeasure.Cost => cost,
            SeriesMeasure.Requests => requests,
            SeriesMeasure.TokensIn => input,
            SeriesMeasure.TokensOut => values.Sum(v => v.Measures.TokensOut),
            SeriesMeasure.Errors => values.Sum(v => v.Measures.Errors + v.Measures.Timeouts),
            SeriesMeasure.CostPerRequest => requests > 0 ? cost / requests : double.NaN,
            SeriesMeasure.CacheShare => input > 0 ? (double)values.Sum(v => v.Measures.TokensCached) / input : double.NaN,
            SeriesMeasure.ErrorShare => requests > 0 ? 0 : double.NaN,
            SeriesMeasure.TokensOutPerRequest => requests > 0 ? (double)values.Sum(v => v.Measures.TokensOut) / requests : double.NaN,
            SeriesMeasure.LatencyP95 => P95(values.Select(v => v.LatencyMs)),
            _ => double.NaN,
        };
    }

    /// <summary>Every value of every histogram in a row, and the one at rank 95 of a hundred.</summary>
    private static double P95(IEnumerable<SparseHistogram> histograms)
    {
        var all = histograms.SelectMany(h => h.Buckets.SelectMany((bucket, i) => Enumerable.Repeat(bucket, (int)h.Counts[i]))).Order().ToList();
        return all.Count == 0 ? double.NaN : HistogramScale.Middle(all[(int)Math.Ceiling(all.Count * 0.95m) - 1]);
    }
}
