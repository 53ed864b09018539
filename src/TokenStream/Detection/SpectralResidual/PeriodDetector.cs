namespace TokenStream.Detection.SpectralResidual;

/// <summary>
/// ML.NET's <c>DetectSeasonality</c>: after how many points a series repeats itself, from the two strongest frequencies of its spectrum, each
/// made sharp by the autocorrelation of the periods that it may stand for.
/// </summary>
public static class PeriodDetector
{
    private const int LongestPeriod = 400;
    private const int FewestPeriods = 8;
    private const double Nothing = 1e-10;

    /// <summary>The period in points; -1 where there is none.</summary>
    /// <param name="values">The series.</param>
    /// <param name="window">How many of the first values are looked at; -1 for all.</param>
    /// <param name="randomness">How sure one must be that it is not chance, above 0 and below 1.</param>
    public static int Detect(ReadOnlySpan<double> values, int window = -1, double randomness = 0.95)
    {
        if (window is < -1 or 0)
        {
            throw new ArgumentException($"a window of {window} values; -1 is for all");
        }

        if (!(randomness is > 0 and < 1))
        {
            throw new ArgumentException("the randomness threshold must be above 0 and below 1");
        }

        var count = window == -1 ? values.Length : Math.Min(window, values.Length);
        if (count < 2)
        {
            return -1;
        }

        var power = values[..count].ToArray();
        var imaginary = new double[count];
        var transform = new FourierTransform(count);
        transform.Forward(power, imaginary);
        for (var bin = 0; bin < count; bin++)
        {
            power[bin] = (power[bin] * power[bin]) + (imaginary[bin] * imaginary[bin]);
        }

        var correlation = (double[])power.Clone();
        imaginary.AsSpan().Clear();
        transform.Inverse(correlation, imaginary);

        var (best, second) = StrongestBins(power);
        var period = Sharpen(best, correlation);
        var other = Sharpen(second, correlation);
        if (other > 0 && (period < 0 || correlation[other] > 1.05 * correlation[period]))
        {
            period = other;
        }

        if (period < 0)
        {
            return -1;
        }

        var isChance = correlation[period] / correlation[0] < NormalQuantile.Of(randomness) / Math.Sqrt(count);
        return isChance || !(correlation[period] >= Nothing) ? -1 : period;
    }

    /// <summary>The strongest bin, and the strongest of those that do not stand for nearly the same period; -1 where that is too weak.</summary>
    private static (int Best, int Second) StrongestBins(double[] power)
    {
        var count = power.Length;
        var half = count / 2;
        var best = 1;
        for (var bin = 2; bin <= half; bin++)
        {
            best = power[bin] > power[best] ? bin : best;
        }

        var period = (double)(count / best);
        var (second, kept) = (-1, -1.0);
        for (var bin = 1; bin < half; bin++)
        {
            var isNear = bin > count / (period + 1) && (period <= 1 || bin < count / (period - 1));
            if (!isNear && power[bin] >= power[bin - 1] && power[bin] >= power[bin + 1] && power[bin] > kept)
            {
                // Upstream keeps the strength of the bin behind it: kept.
                (second, kept) = (bin, power[bin + 1]);
            }
        }

        var sorted = power[1..(half + 1)].ToList();
        sorted.Sort();
        return (best, 6 * RunningMedian.OfSorted(sorted) < kept && 10 * kept > power[best] ? second : -1);
    }

    /// <summary>Of the periods that a bin may stand for, the one that repeats best; -1 for none.</summary>
    private static int Sharpen(int bin, double[] correlation)
    {
        var count = correlation.Length;
        if (bin <= 1)
        {
            return -1;
        }

        var period = count / (bin + 1);
        for (var longer = period + 1; longer <= count / (bin - 1) && longer < count; longer++)
        {
            period = correlation[longer] > correlation[period] ? longer : period;
        }

        return period is <= 1 or > LongestPeriod || count < FewestPeriods * period ? -1 : period;
    }
}
