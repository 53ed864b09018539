namespace TokenStream.Detection.SpectralResidual;

/// <summary>Takes the season out of a series.</summary>
internal static class Seasons
{
    private const int SeasonNeighbours = 9;
    private const int Passes = 2;

    /// <summary>What is left of the values; with a NaN among them always by the median, as loess has no line then.</summary>
    public static double[] Remove(double[] values, int period, Deseasonality deseasonality) =>
        deseasonality switch
        {
            Deseasonality.Mean => LessPhase(values, period, phase => phase.Average()),
            Deseasonality.Stl when !values.Any(double.IsNaN) => Decompose(values, period).Residual,
            _ => LessPhase(values, period, Median),
        };

    /// <summary>Season, trend and residual by loess (STL, Cleveland et al. 1990), without the outer loop of robust weights, as ML.NET.</summary>
    public static (double[] Season, double[] Trend, double[] Residual) Decompose(double[] values, int period)
    {
        var count = values.Length;
        var season = new double[count];
        var trend = new double[count];
        var trendNeighbours = Odd((int)Math.Floor(1.5 * period / (1 - (1.5 / SeasonNeighbours))) + 1);
        for (var pass = 0; pass < Passes; pass++)
        {
            var cycles = SmoothCycles(values, trend, period);
            var low = Smooth(MovingMean(MovingMean(MovingMean(cycles, period), period), 3), Odd(period));
            for (var i = 0; i < count; i++)
            {
                // Upstream takes the cycles from the one before the first on, and so a season one period early: kept.
                season[i] = cycles[i] - low[i];
            }

            trend = Smooth([.. values.Zip(season, (value, seasonal) => value - seasonal)], trendNeighbours);
        }

        var residual = new double[count];
        for (var i = 0; i < count; i++)
        {
            residual[i] = values[i] - season[i] - trend[i];
        }

        return (season, trend, residual);
    }

    private static int Odd(int number) => number % 2 == 0 ? number + 1 : number;

    private static double Median(List<double> phase)
    {
        phase.Sort();
        return phase[phase.Count / 2];
    }

    private static double[] LessPhase(double[] values, int period, Func<List<double>, double> middle)
    {
        var left = new double[values.Length];
        for (var phase = 0; phase < Math.Min(period, values.Length); phase++)
        {
            var ofPhase = new List<double>();
            for (var i = phase; i < values.Length; i += period)
            {
                ofPhase.Add(values[i]);
            }

            var level = middle(ofPhase);
            for (var i = phase; i < values.Length; i += period)
            {
                left[i] = values[i] - level;
            }
        }

        return left;
    }

    /// <summary>Each phase smoothed, and carried on by one cycle on either side: the values' count and two periods.</summary>
    private static double[] SmoothCycles(double[] values, double[] trend, int period)
    {
        var cycles = new double[values.Length + (2 * period)];
        for (var phase = 0; phase < period; phase++)
        {
            var ofPhase = new List<double>();
            for (var i = phase; i < values.Length; i += period)
            {
                ofPhase.Add(values[i] - trend[i]);
            }

            var loess = new Loess(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(ofPhase), SeasonNeighbours);
            for (var cycle = -1; cycle <= ofPhase.Count; cycle++)
            {
                cycles[((cycle + 1) * period) + phase] = loess.At(cycle);
            }
        }

        return cycles;
    }

    private static double[] Smooth(double[] values, int neighbours)
    {
        var loess = new Loess(values, neighbours);
        return [.. Enumerable.Range(0, values.Length).Select(place => loess.At(place))];
    }

    private static double[] MovingMean(double[] values, int length)
    {
        var means = new double[values.Length - length + 1];
        var sum = 0.0;
        for (var i = 0; i < values.Length; i++)
        {
            sum += values[i];
            if (i >= length)
            {
                sum -= values[i - length];
            }

            if (i >= length - 1)
            {
                means[i - length + 1] = sum / length;
            }
        }

        return means;
    }
}
