using TokenStream.Detection;

namespace TokenStream.Service.Detecting.Plots;

/// <summary>
/// A series as it is drawn: thinned to the width of the plot while its points come, so that memory does not grow with its length.
/// </summary>
internal sealed class PlotSeries
{
    /// <summary>Beyond it a value is no measurement, as for detectors, and the sums of a scale would leave their range.</summary>
    private const double LargestValue = 1e100;

    private readonly PlotColumn[] _columns;
    private readonly double _secondsAColumn;
    private long _lastStep = long.MinValue;

    /// <param name="grid">The series.</param>
    /// <param name="from">Start of the time axis, seconds since the Unix epoch.</param>
    /// <param name="to">Its end; after the start.</param>
    /// <param name="columns">Pixels of the axis.</param>
    public PlotSeries(SeriesGrid grid, double from, double to, int columns)
    {
        (Name, StepSeconds, From, To) = (grid.Name, grid.StepSeconds, from, to);
        _columns = new PlotColumn[columns];
        _secondsAColumn = (to - from) / columns;
    }

    public string Name { get; }

    public int StepSeconds { get; }

    public double From { get; }

    public double To { get; }

    public ReadOnlySpan<PlotColumn> Columns => _columns;

    public IReadOnlyList<DetectedEpisode> Episodes { get; set; } = [];

    /// <summary>Takes the next point in the order of time; those before the axis are not drawn.</summary>
    public void Add(long step, double value, Expectation expected)
    {
        if (!(Math.Abs(value) <= LargestValue))
        {
            return;
        }

        var seconds = (step + 0.5) * StepSeconds;
        if (seconds < From)
        {
            return;
        }

        ref var column = ref _columns[(int)Math.Clamp((seconds - From) / _secondsAColumn, 0, _columns.Length - 1)];
        if (column.Count == 0)
        {
            // A gap that is narrower than a pixel cannot be seen, and would break a thinned line everywhere.
            var distance = _lastStep == long.MinValue ? 1 : step - _lastStep;
            column.IsAfterGap = distance > 1 && distance * (double)StepSeconds >= _secondsAColumn;
        }

        _lastStep = step;
        column.Add(new PlotPoint(seconds, value), Bounded(expected.Low), Bounded(expected.High));
    }

    /// <summary>The lowest and highest of what is drawn; null where nothing is.</summary>
    public (double Lowest, double Highest)? Range()
    {
        var (lowest, highest) = (double.PositiveInfinity, double.NegativeInfinity);
        foreach (ref readonly var column in Columns)
        {
            if (column.Count > 0)
            {
                lowest = double.MinNumber(Math.Min(lowest, column.Lowest.Value), column.Low);
                highest = double.MaxNumber(Math.Max(highest, column.Highest.Value), column.High);
            }
        }

        return lowest <= highest ? (lowest, highest) : null;
    }

    private static double Bounded(double value) => Math.Abs(value) <= LargestValue ? value : double.NaN;
}
