namespace TokenStream.Incidents;

/// <summary>Random draws from one seed, for one thread.</summary>
internal sealed class Draws(int seed)
{
    private readonly Random _random = new(seed);

    public int Below(int bound) => _random.Next(bound);

    public double Unit() => _random.NextDouble();

    public double Between(double low, double high) => low + ((high - low) * _random.NextDouble());

    /// <summary>As likely in each octave.</summary>
    public double LogBetween(double low, double high) => low * Math.Pow(high / low, _random.NextDouble());

    public T Pick<T>(IReadOnlyList<T> from) => from[_random.Next(from.Count)];

    public void Shuffle<T>(T[] items) => _random.Shuffle(items);

    public double Normal() => Math.Sqrt(-2 * Math.Log(1 - _random.NextDouble())) * Math.Cos(2 * Math.PI * _random.NextDouble());

    /// <summary>A count of this mean and of this many times a Poisson count's variance.</summary>
    public int Count(double mean, double dispersion)
    {
        if (mean <= 0)
        {
            return 0;
        }

        return Poisson(dispersion <= 1.01 ? mean : Gamma(mean / (dispersion - 1)) * (dispersion - 1));
    }

    private int Poisson(double mean)
    {
        if (mean > 60)
        {
            return Math.Max(0, (int)Math.Round(mean + (Math.Sqrt(mean) * Normal())));
        }

        var (limit, product, count) = (Math.Exp(-mean), _random.NextDouble(), 0);
        while (product > limit)
        {
            product *= _random.NextDouble();
            count++;
        }

        return count;
    }

    /// <summary>Marsaglia and Tsang, 2000.</summary>
    private double Gamma(double shape)
    {
        if (shape < 1)
        {
            return Gamma(shape + 1) * Math.Pow(1 - _random.NextDouble(), 1 / shape);
        }

        var d = shape - (1.0 / 3);
        var c = 1 / Math.Sqrt(9 * d);
        while (true)
        {
            var x = Normal();
            var v = Math.Pow(1 + (c * x), 3);
            if (v > 0 && Math.Log(1 - _random.NextDouble()) < (0.5 * x * x) + d - (d * v) + (d * Math.Log(v)))
            {
                return d * v;
            }
        }
    }
}
