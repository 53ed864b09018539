namespace TokenStream.Service.Detecting.Plots;

/// <summary>
/// The points of one pixel's width of a plot: the first, the lowest, the highest and the last are what a line through all of them would
/// show, so that no spike is lost however long the series is.
/// </summary>
internal struct PlotColumn
{
    public int Count;
    public PlotPoint First;
    public PlotPoint Lowest;
    public PlotPoint Highest;
    public PlotPoint Last;

    /// <summary>What was expected, from the least to the most; NaN where nothing was known.</summary>
    public double Low;
    public double High;

    /// <summary>Whether points are missing before the first, so many that the line has to end there.</summary>
    public bool IsAfterGap;

    public void Add(PlotPoint point, double low, double high)
    {
        if (Count == 0)
        {
            (First, Lowest, Highest, Low, High) = (point, point, point, double.NaN, double.NaN);
        }

        Lowest = point.Value < Lowest.Value ? point : Lowest;
        Highest = point.Value > Highest.Value ? point : Highest;
        Last = point;
        Count++;
        if (double.IsFinite(low) && double.IsFinite(high))
        {
            // Of a number and NaN these return the number.
            (Low, High) = (double.MinNumber(Low, low), double.MaxNumber(High, high));
        }
    }
}

/// <param name="Seconds">Middle of its step, since the Unix epoch.</param>
/// <param name="Value">Finite.</param>
internal readonly record struct PlotPoint(double Seconds, double Value);
