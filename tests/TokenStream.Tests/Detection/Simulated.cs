namespace TokenStream.Tests.Detection;

/// <summary>Series drawn from a seed.</summary>
internal sealed class Simulated(int seed)
{
    public const int Day = 1440;

    private readonly Random _random = new(seed);

    public double Normal() => Math.Sqrt(-2 * Math.Log(1 - _random.NextDouble())) * Math.Cos(2 * Math.PI * _random.NextDouble());

    /// <summary>A count of that mean, by products of uniform numbers.</summary>
    public int Poisson(double mean)
    {
        var count = 0;
        for (; mean > 50; mean -= 50)
        {
            count += Poisson(50d);
        }

        var least = Math.Exp(-mean);
        for (var product = _random.NextDouble(); product > least; product *= _random.NextDouble())
        {
            count++;
        }

        return count;
    }

    public double[] PoissonSeries(double mean, int points) => [.. Enumerable.Range(0, points).Select(_ => (double)Poisson(mean))];

    public double[] Noise(double mean, double deviation, int points) =>
        [.. Enumerable.Range(0, points).Select(_ => mean + (deviation * Normal()))];

    /// <summary>A day's wave between 50 and 150 with noise of so large a share.</summary>
    public double[] DailySine(double noise, int points) =>
        [.. Enumerable.Range(0, points).Select(i => (100 + (50 * Math.Sin(2 * Math.PI * i / Day))) * (1 + (noise * Normal())))];

    public double[] Trend(int points) => [.. Enumerable.Range(0, points).Select(i => 1000 + (0.1 * i) + (20 * Normal()))];

    /// <summary>A series in which nothing happens.</summary>
    public double[] Quiet(string kind, int points) => kind switch
    {
        "noise" => Noise(100, 10, points),
        "poisson 0.1" => PoissonSeries(0.1, points),
        "poisson 1" => PoissonSeries(1, points),
        "poisson 100" => PoissonSeries(100, points),
        "sine" => DailySine(0.1, points),
        _ => Trend(points),
    };
}
