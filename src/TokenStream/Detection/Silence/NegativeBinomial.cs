namespace TokenStream.Detection.Silence;

/// <summary>
/// Counts that are burstier than Poisson's: of mean m and variance m + d m^2. With d towards 0 they are Poisson's.
/// </summary>
internal static class NegativeBinomial
{
    /// <summary>Below it the distribution is Poisson's to all digits that count.</summary>
    private const double LeastDispersion = 1e-7;

    private const int MostTerms = 10_000;

    /// <summary>Log10 of the probability of so many events or fewer; for counts below the mean, where its series ends soon.</summary>
    public static double Log10OfAtMost(double count, double mean, double dispersion)
    {
        if (mean <= 0 || count >= mean)
        {
            return 0;
        }

        // The regularised incomplete beta function I_x(a, b).
        var a = 1 / Math.Max(dispersion, LeastDispersion);
        var b = Math.Floor(count) + 1;
        var (logX, logRest) = (-LogOfOnePlus(mean / a), Math.Log(mean) - Math.Log(a + mean));
        var front = LogGamma(a + b) - LogGamma(a) - LogGamma(b) + (a * logX) + (b * logRest) - Math.Log(a);
        return Math.Min(0, (front + Math.Log(Fraction(a, b, a / (a + mean)))) / Math.Log(10));
    }

    /// <summary>The continued fraction of the incomplete beta function, by Lentz's method.</summary>
    private static double Fraction(double a, double b, double x)
    {
        const double Least = 1e-300;
        double Away(double value) => Math.Abs(value) < Least ? Least : value;

        var c = 1.0;
        var d = 1 / Away(1 - ((a + b) * x / (a + 1)));
        var result = d;
        for (var m = 1; m <= MostTerms; m++)
        {
            var even = m * (b - m) * x / ((a + (2 * m) - 1) * (a + (2 * m)));
            d = 1 / Away(1 + (even * d));
            c = Away(1 + (even / c));
            result *= d * c;
            var odd = -(a + m) * (a + b + m) * x / ((a + (2 * m)) * (a + (2 * m) + 1));
            d = 1 / Away(1 + (odd * d));
            c = Away(1 + (odd / c));
            result *= d * c;
            if (Math.Abs((d * c) - 1) < 1e-13)
            {
                break;
            }
        }

        return result;
    }

    /// <summary>Stirling's series, above ten, where five terms give fifteen digits; below by the recurrence.</summary>
    private static double LogGamma(double x)
    {
        var shift = 0.0;
        while (x < 10)
        {
            shift -= Math.Log(x);
            x++;
        }

        var square = 1 / (x * x);
        var series = (1.0 / 12) - (square * ((1.0 / 360) - (square * ((1.0 / 1260) - (square * ((1.0 / 1680) - (square / 1188)))))));
        return shift + ((x - 0.5) * Math.Log(x)) - x + (0.5 * Math.Log(2 * Math.PI)) + (series / x);
    }

    /// <summary>Log(1 + x) that keeps its digits for a small x.</summary>
    private static double LogOfOnePlus(double x)
    {
        var sum = 1 + x;
        return sum == 1 ? x : Math.Log(sum) * x / (sum - 1);
    }
}
