namespace TokenStream.Tests.Detection.Silence;

/// <summary>Counts a minute like those of real tenants: a rate that follows the day, bursts of a gamma, Poisson counts; from one seed.</summary>
internal sealed class Traffic(int seed)
{
    public const int DayMinutes = 1_440;

    private readonly Random _random = new(seed);
    private double _burst = 1;
    private int _burstMinutes;

    public long Poisson(double mean)
    {
        if (mean <= 0)
        {
            return 0;
        }

        if (mean > 60)
        {
            return Math.Max(0, (long)Math.Round(mean + (Math.Sqrt(mean) * Normal())));
        }

        var (limit, product, count) = (Math.Exp(-mean), _random.NextDouble(), 0L);
        while (product > limit)
        {
            product *= _random.NextDouble();
            count++;
        }

        return count;
    }

    /// <summary>A gamma of mean 1 whose variance is the dispersion.</summary>
    public double Gamma(double dispersion)
    {
        var shape = 1 / dispersion;
        var boost = shape < 1 ? Math.Pow(_random.NextDouble(), 1 / shape) : 1;
        var d = (shape < 1 ? shape + 1 : shape) - (1.0 / 3);
        var c = 1 / Math.Sqrt(9 * d);
        while (true)
        {
            var normal = Normal();
            var v = Math.Pow(1 + (c * normal), 3);
            if (v > 0 && Math.Log(_random.NextDouble()) < (0.5 * normal * normal) + d - (d * v) + (d * Math.Log(v)))
            {
                return d * v * boost / shape;
            }
        }
    }

    /// <summary>A daily cycle with a night of nothing, bursts that last some minutes, and a dispersion of every minute.</summary>
    public long Daily(int minute, double peak, double dispersion, double burstDispersion)
    {
        if (--_burstMinutes <= 0)
        {
            (_burst, _burstMinutes) = (burstDispersion > 0 ? Gamma(burstDispersion) : 1, _random.Next(1, 30));
        }

        var day = minute / DayMinutes;
        var isWeekend = day % 7 >= 5;
        var cycle = Math.Max(0, Math.Sin(((minute % DayMinutes / (double)DayMinutes) - 0.25) * 2 * Math.PI));
        return Poisson(peak * cycle * (isWeekend ? 0.2 : 1) * _burst * (dispersion > 0 ? Gamma(dispersion) : 1));
    }

    private double Normal() =>
        Math.Sqrt(-2 * Math.Log(1 - _random.NextDouble())) * Math.Cos(2 * Math.PI * _random.NextDouble());
}
