namespace TokenStream.Detection.SpectralResidual;

/// <summary>How far margins reach, in units, at a sensitivity, and back: ML.NET's table, whose steps are arbitrary and kept as they are.</summary>
internal static class SrBoundary
{
    /// <summary>Sensitivity of the margin that a point which is no anomaly is drawn into.</summary>
    public static readonly double QuietFactor;

    private static readonly double[] Factors;

    static SrBoundary()
    {
        List<double> factors =
        [
            .. Steps(0, 30, i => (0.8 * (i - 30) * (i - 30)) + 32),
            .. Steps(30, 20, i => (-1.25 * i) + 67.5),
            .. Steps(50, 10, i => (-0.4 * i) + 25),
            .. Steps(60, 10, i => (-0.04 * i) + 3.4),
            .. Steps(70, 10, i => (-0.03 * i) + 2.7),
            .. Steps(80, 10, i => (-0.015 * i) + 1.4999999999999998),
            .. Steps(90, 8, i => (-0.011818181818181818 * i) + 1.2136363636363636),
            .. Steps(99, 1, i => (-0.011818181818181818 * i) + 1.2136363636363636),
            0.01200000000000001,
            .. Steps(0, 5, i => 0.008 - (0.001925 * i)),
            0,
        ];
        Factors = [.. factors.Skip(5)];
        QuietFactor = Factor(93);
    }

    /// <summary>Units that a margin reaches at a sensitivity of 0 to 100.</summary>
    public static double Factor(double sensitivity)
    {
        var below = (int)Math.Floor(sensitivity);
        return below == sensitivity
            ? Factors[below]
            : Factors[below] + ((Factors[below + 1] - Factors[below]) * (sensitivity - below));
    }

    /// <summary>100 less the sensitivity whose margin the distance just reaches, as a share.</summary>
    public static double Score(double distance)
    {
        var (least, most) = (0, 100);
        while (least < most)
        {
            var middle = (least + most) / 2;
            if (Factors[100 - middle] >= distance)
            {
                most = middle;
            }
            else
            {
                least = middle + 1;
            }
        }

        var reached = Factors[100 - least];
        if (least == 0 || reached == distance)
        {
            return least / 100.0;
        }

        var before = Factors[101 - least];
        return (least - 1 + ((distance - before) / (reached - before))) / 100;
    }

    private static IEnumerable<double> Steps(int first, int count, Func<int, double> factor) => Enumerable.Range(first, count).Select(factor);
}
