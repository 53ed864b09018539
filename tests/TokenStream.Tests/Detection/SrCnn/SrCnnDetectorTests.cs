using TokenStream.Detection;
using TokenStream.Detection.SpectralResidual;
using TokenStream.Detection.SrCnn;
using Xunit;

namespace TokenStream.Tests.Detection.SrCnn;

public sealed class SrCnnDetectorTests
{
    [Fact]
    public void Scores_are_those_of_a_plain_computation_of_map_and_network()
    {
        var weights = SrCnnWeights.Shipped;
        var parameters = weights.Network.Parameters.Select(parameter => (double)parameter).ToArray();
        var values = new Simulated(1).DailySine(0.2, 400);
        values[300] *= 4;
        var scores = DetectorRun.Fold(new SrCnnDetector(), values);
        var differs = 0;
        for (var i = 0; i < values.Length; i++)
        {
            var expected = i < 122 ? 0 : PlainScore(values.AsSpan((i - 122)..(i + 1)), parameters, weights.Header.Layers);
            Assert.Equal(expected, scores[i].Value, 1e-3 * (1 + expected));
            Assert.Equal((scores[i].Value, scores[i].Value), (scores[i].Up, scores[i].Down));
            differs += expected > 0.1 ? 1 : 0;
        }

        Assert.True(differs > 0);
    }

    [Fact]
    public void A_spike_scores_above_everything_before_it()
    {
        var values = new Simulated(2).PoissonSeries(60, 600);
        values[500] = 600;
        var scores = DetectorRun.Fold(new SrCnnDetector(), values);
        var before = scores[..500].Max(score => score.Value);
        Assert.True(before + 1 < scores[500].Value, $"the spike scores {scores[500].Value}, something before it {before}");
    }

    [Theory]
    [InlineData(1e-9)]
    [InlineData(1e15)]
    public void The_unit_of_a_series_does_not_matter(double unit)
    {
        var values = new Simulated(3).DailySine(0.1, 300);
        var scores = DetectorRun.Fold(new SrCnnDetector(), values);
        var scaled = DetectorRun.Fold(new SrCnnDetector(), [.. values.Select(value => value * unit)]);
        for (var i = 0; i < values.Length; i++)
        {
            Assert.Equal(scores[i].Value, scaled[i].Value, 1e-3 * (1 + scores[i].Value));
        }
    }

    [Fact]
    public void As_many_missing_points_as_the_window_has_start_it_anew()
    {
        var detector = new SrCnnDetector();
        var values = new Simulated(4).Noise(100, 10, 300);
        DetectorRun.Fold(detector, values, out var state);
        Assert.InRange(state.Length, 1, 2048);
        Assert.False(double.IsNaN(detector.Expect(state, 300 + 122).High));
        Assert.True(double.IsNaN(detector.Expect(state, 300 + 123).High));
        Assert.Equal(PointScore.None, detector.Score(state, 300 + 123, 100));
        for (var i = 1; i < 122; i++)
        {
            Assert.Equal(PointScore.None, detector.Score(state, 423 + i, values[i]));
        }

        Assert.NotEqual(PointScore.None, detector.Score(state, 423 + 122, 101));
    }

    [Theory]
    [InlineData(-800, 0)]
    [InlineData(-40, 4.248354255291589e-18)]
    [InlineData(0, 0.6931471805599453)]
    [InlineData(2, 2.1269280110429727)]
    [InlineData(40, 40)]
    [InlineData(800, 800)]
    public void The_score_is_the_logarithm_of_one_and_the_odds(double logOdds, double expected) =>
        Assert.Equal(expected, SrCnnDetector.Soften(logOdds), 1e-12 * expected);

    [Fact]
    public void The_score_keeps_the_order_of_the_log_odds()
    {
        var before = 0.0;
        for (var logOdds = -60.0; logOdds <= 60; logOdds += 0.01)
        {
            var score = SrCnnDetector.Soften(logOdds);
            Assert.True(score > before);
            before = score;
        }
    }

    /// <summary>The map by its definition: a discrete Fourier transform of 128 points, term by term.</summary>
    private static double PlainScore(ReadOnlySpan<double> points, double[] parameters, IReadOnlyList<int> layers)
    {
        var (least, most) = (points.ToArray().Min(), points.ToArray().Max());
        List<double> window = [.. points.ToArray().Select(point => 3 * (point - least) / (most - least))];
        var before = window.ToArray()[116..122];
        var predicted = before[1] + Enumerable.Range(0, 5).Sum(i => (before[5] - before[i]) / (5 - i));
        window.AddRange(Enumerable.Repeat(predicted, 5));
        var bins = Transform([.. window.Select(value => new System.Numerics.Complex(value, 0))], -1);
        var logs = bins.Select(bin => bin.Magnitude > Saliency.EmptyBin ? Math.Log(bin.Magnitude) : 0).ToArray();
        var factors = logs.Select((log, i) => Math.Exp(log - logs[Math.Max(0, i - 2)..(i + 1)].Average())).ToArray();
        var map = Transform([.. bins.Select((bin, i) => logs[i] == 0 ? 0 : bin * factors[i] / bin.Magnitude)], 1);
        var odds = DenseNetworkTests.Plain(parameters, layers, map.Select(value => (float)(8 * value.Magnitude / 128)))[122];
        return Math.Log(1 + Math.Exp(odds));
    }

    private static System.Numerics.Complex[] Transform(System.Numerics.Complex[] values, int sign) =>
    [
        .. values.Select((_, k) => values
            .Select((value, j) => value * System.Numerics.Complex.FromPolarCoordinates(1, sign * 2 * Math.PI * (j * k % 128) / 128))
            .Aggregate((sum, term) => sum + term)),
    ];
}
