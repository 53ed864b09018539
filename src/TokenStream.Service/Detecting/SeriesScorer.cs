using TokenStream.Detection;
using TokenStream.Service.Detecting.Plots;

namespace TokenStream.Service.Detecting;

/// <summary>Points of a series that lie near each other and are anomalies.</summary>
internal sealed record DetectedEpisode(
    string Series, int StepSeconds, long StartStep, long EndStep, long PeakStep, PointScore Peak, double Value, Expectation Expected)
{
    public long StartSeconds => StartStep * StepSeconds;

    /// <summary>End of the last step.</summary>
    public long EndSeconds => (EndStep + 1) * StepSeconds;
}

/// <summary>Scores series, one after the other on each thread.</summary>
/// <param name="detector">Name of the detector.</param>
/// <param name="threshold">From which score on a point is an anomaly.</param>
internal sealed class SeriesScorer(string detector, double threshold)
{
    private readonly Dictionary<int, ISeriesDetector> _detectors = [];
    private byte[] _state = [];
    private byte[] _before = [];

    public string Detector => detector;

    public double Threshold => threshold;

    /// <summary>Anomalous points at most so many steps apart are one episode.</summary>
    public static int Merge(int stepSeconds) => stepSeconds <= 300 ? 7 : stepSeconds <= 3600 ? 3 : 1;

    /// <param name="grid">The series.</param>
    /// <param name="values">Of all rows of the table.</param>
    /// <param name="scores">Of all rows of the table: those of the series are filled in, NaN where a row has no score.</param>
    /// <param name="plot">Takes every point and what was expected of it; null where nothing is drawn.</param>
    /// <returns>Its episodes in the order of time.</returns>
    public List<DetectedEpisode> Score(SeriesGrid grid, ReadOnlySpan<double> values, Span<double> scores, PlotSeries? plot = null)
    {
        if (!_detectors.TryGetValue(grid.StepSeconds, out var scoring))
        {
            _detectors[grid.StepSeconds] = scoring = SeriesDetectors.Create(detector, grid.StepSeconds);
        }

        if (_state.Length != scoring.StateBytes)
        {
            _state = new byte[scoring.StateBytes];
            _before = new byte[scoring.StateBytes];
        }

        scoring.Start(_state);
        var episodes = new List<DetectedEpisode>();
        for (var i = 0; i < grid.Rows.Length; i++)
        {
            var row = grid.Rows[i];
            scores[row] = double.NaN;
            if (grid.Steps[i] == SeriesGrid.Repeated)
            {
                continue;
            }

            // The expectation is asked only of the few points that are anomalies or drawn, from what was known before them.
            _state.CopyTo(_before, 0);
            var score = scoring.Score(_state, grid.Steps[i], values[row]);
            if (!double.IsFinite(values[row]))
            {
                continue;
            }

            scores[row] = score.Value;
            plot?.Add(grid.Steps[i], values[row], scoring.Expect(_before, grid.Steps[i]));
            if (score.Value >= threshold)
            {
                var point = new DetectedEpisode(
                    grid.Name,
                    grid.StepSeconds,
                    grid.Steps[i],
                    grid.Steps[i],
                    grid.Steps[i],
                    score,
                    values[row],
                    scoring.Expect(_before, grid.Steps[i]));
                Join(episodes, point);
            }
        }

        return episodes;
    }

    private static void Join(List<DetectedEpisode> episodes, DetectedEpisode point)
    {
        if (episodes.Count == 0 || point.StartStep - episodes[^1].EndStep > Merge(point.StepSeconds))
        {
            episodes.Add(point);
            return;
        }

        var open = episodes[^1];
        episodes[^1] = point.Peak.Value > open.Peak.Value
            ? point with { StartStep = open.StartStep }
            : open with { EndStep = point.EndStep };
    }
}
