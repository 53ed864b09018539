using System.Numerics;
using TokenStream.Detection.SpectralResidual;
using Xunit;

namespace TokenStream.Tests.Detection.SpectralResidual;

public sealed class SaliencyTests
{
    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(16)]
    [InlineData(21)]
    [InlineData(69)]
    [InlineData(97)]
    [InlineData(128)]
    [InlineData(160)]
    [InlineData(161)]
    [InlineData(256)]
    [InlineData(1_009)]
    public void A_map_is_that_of_plain_sums(int length)
    {
        var window = Noise(length, seed: length);
        var expected = ByPlainSums(window, averagingWindow: 3);
        var map = new double[length];
        new Saliency(length).Map(window, map);
        AssertClose(expected, map);

        new Saliency(length, keepsRealParts: true).Map(window, map);
        AssertClose(expected, map);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(9)]
    [InlineData(35)]
    [InlineData(60)]
    public void A_map_is_that_of_plain_sums_for_any_averaging_window(int averagingWindow)
    {
        var window = Noise(69, seed: 1);
        var map = new double[69];
        new Saliency(69, averagingWindow).Map(window, map);
        AssertClose(ByPlainSums(window, averagingWindow), map);
    }

    [Theory]
    [InlineData(69)]
    [InlineData(128)]
    [InlineData(200)]
    public void Any_part_of_a_map_is_the_same_as_in_the_whole(int length)
    {
        var saliency = new Saliency(length);
        var window = Noise(length, seed: 2);
        var whole = new double[length];
        saliency.Map(window, whole);
        for (var first = 0; first < length; first += 7)
        {
            for (var last = first; last < length; last += 5)
            {
                var part = new double[last - first + 1];
                saliency.Map(window, first, part);
                Assert.Equal(whole[first..(last + 1)], part);
            }
        }
    }

    [Fact]
    public void Real_parts_belong_to_their_magnitudes()
    {
        var window = Noise(83, seed: 3);
        var saliency = new Saliency(83, keepsRealParts: true);
        var map = new double[83];
        saliency.Map(window, map);
        var spectrum = Residual(window, 3);
        for (var n = 0; n < 83; n++)
        {
            Assert.Equal(Inverse(spectrum, n).Real, saliency.RealParts[n], 1e-9);
        }

        Assert.Throws<InvalidOperationException>(() => new Saliency(83).RealParts.Length);
    }

    [Theory]
    [InlineData(69, 5)]
    [InlineData(69, 3e12)]
    [InlineData(128, 7e15)]
    [InlineData(1_009, 3e12)]
    public void A_constant_window_has_a_flat_map_however_large_its_values(int length, double value)
    {
        var window = Enumerable.Repeat(value, length).ToArray();
        var map = new double[length];
        new Saliency(length).Map(window, map);

        // Bin 0 is the only one: its residual is exp(0) = 1, and the inverse transform spreads it over all points.
        Assert.All(map, point => Assert.Equal(1.0 / length, point, 1e-12));
    }

    [Theory]
    [InlineData(69)]
    [InlineData(200)]
    public void A_map_allocates_nothing_and_a_NaN_is_everywhere_in_it(int length)
    {
        var saliency = new Saliency(length);
        var window = Noise(length, seed: 4);
        var map = new double[21];
        saliency.Map(window, 10, map);
        var before = GC.GetAllocatedBytesForCurrentThread();
        saliency.Map(window, 10, map);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        window[3] = double.NaN;
        saliency.Map(window, 10, map);
        Assert.All(map, point => Assert.True(double.IsNaN(point)));
        window[3] = 1;
        saliency.Map(window, 10, map);
        Assert.All(map, point => Assert.True(double.IsFinite(point)));
    }

    [Fact]
    public void The_next_point_is_predicted_from_the_slopes_to_the_last()
    {
        // Slopes to the last of 1, 3, 8: (8 - 1) / 2 and (8 - 3) / 1, added to the second point.
        Assert.Equal(3 + 3.5 + 5, Saliency.PredictNext([1, 3, 8]));
        Assert.Equal(5, Saliency.PredictNext([5, 5, 5, 5, 5, 5]));
    }

    [Fact]
    public void A_trailing_mean_is_of_fewer_values_at_the_start()
    {
        var means = new double[5];
        Saliency.TrailingMean([1, 3, 8, 1, 0], 3, means);
        Assert.Equal([1, 2, 4, 4, 3], means);
    }

    private static double[] Noise(int length, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, length).Select(_ => 100 * random.NextDouble())];
    }

    private static void AssertClose(double[] expected, double[] actual)
    {
        for (var i = 0; i < expected.Length; i++)
        {
            Assert.Equal(expected[i], actual[i], 1e-9 * (1 + expected[i]));
        }
    }

    private static double[] ByPlainSums(double[] window, int averagingWindow)
    {
        var spectrum = Residual(window, averagingWindow);
        return [.. Enumerable.Range(0, window.Length).Select(n => Inverse(spectrum, n).Magnitude)];
    }

    private static Complex Inverse(Complex[] spectrum, int n) => spectrum
        .Select((bin, k) => bin * Complex.FromPolarCoordinates(1, 2 * Math.PI * k * n / spectrum.Length))
        .Aggregate(Complex.Zero, (sum, term) => sum + term) / spectrum.Length;

    private static Complex[] Residual(double[] window, int averagingWindow)
    {
        var length = window.Length;
        var spectrum = Enumerable.Range(0, length)
            .Select(k => window.Select((value, n) => value * Complex.FromPolarCoordinates(1, -2 * Math.PI * k * n / length))
                .Aggregate(Complex.Zero, (sum, term) => sum + term))
            .ToArray();
        var logs = spectrum.Select(bin => bin.Magnitude > 1e-8 ? Math.Log(bin.Magnitude) : 0).ToArray();
        return [.. spectrum.Select((bin, k) =>
        {
            var mean = logs[Math.Max(0, k - averagingWindow + 1)..(k + 1)].Average();
            return logs[k] == 0 ? 0 : bin * Math.Exp(logs[k] - mean) / bin.Magnitude;
        })];
    }
}
