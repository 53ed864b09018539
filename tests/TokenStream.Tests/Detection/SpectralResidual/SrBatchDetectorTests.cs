using TokenStream.Detection.SpectralResidual;
using Xunit;

namespace TokenStream.Tests.Detection.SpectralResidual;

public sealed class SrBatchDetectorTests
{
    [Theory]
    [InlineData(0, 0, "batch size 0")]
    [InlineData(11, 0, "batch size 11")]
    [InlineData(-2, 0, "batch size -2")]
    [InlineData(27, 7, "fewer than four periods of 7")]
    [InlineData(-1, 100, "fewer than three periods of 100")]
    [InlineData(-1, -1, "period -1")]
    public void Options_that_cannot_be_are_refused_by_name(int batchSize, int period, string cause)
    {
        var options = new SrBatchOptions { BatchSize = batchSize, Period = period };
        var thrown = Assert.Throws<ArgumentException>(() => SrBatchDetector.Detect(Noise(200), options));
        Assert.Contains(cause, thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_option_that_cannot_be_is_named_at_once()
    {
        var options = new SrBatchOptions { BatchSize = 3, Period = -1, Sensitivity = 101, Threshold = double.NaN };
        var thrown = Assert.Throws<ArgumentException>(() => SrBatchDetector.Detect(Noise(200), options));
        Assert.Equal(
            "threshold NaN is not in 0 to 1; sensitivity 101 is not in 0 to 100; batch size 3 is neither -1 (all points) nor at least 12; period -1 is below 0",
            thrown.Message);
    }

    [Fact]
    public void Streaming_options_that_cannot_be_are_named_at_once()
    {
        var options = new SrOptions
        {
            WindowSize = 6, LookaheadWindowSize = 5, JudgementWindowSize = 7, AveragingWindowSize = 0, BackAddWindowSize = -1, Threshold = 2,
        };
        var thrown = Assert.Throws<ArgumentException>(() => new SrScorer(options));
        Assert.Equal(5, thrown.Message.Split("; ").Length);
    }

    [Fact]
    public void A_value_whose_transform_would_overflow_is_refused()
    {
        var values = Noise(20);
        values[3] = double.PositiveInfinity;
        Assert.Contains("1e100", Assert.Throws<ArgumentException>(() => SrBatchDetector.Detect(values)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Batches_do_not_know_each_other_but_for_a_short_last_one()
    {
        var values = Noise(200);
        var options = new SrBatchOptions { BatchSize = 64, Mode = SrBatchMode.AnomalyAndMargin };
        var points = SrBatchDetector.Detect(values, options);
        Assert.Equal(SrBatchDetector.Detect(values.AsSpan()[..64], options), points[..64]);
        Assert.Equal(SrBatchDetector.Detect(values.AsSpan()[64..128], options), points[64..128]);

        // 8 points are left over: they are looked at with the 56 before them, whose own figures stay.
        Assert.Equal(SrBatchDetector.Detect(values.AsSpan()[128..192], options), points[128..192]);
        Assert.Equal(SrBatchDetector.Detect(values.AsSpan()[136..], options)[^8..], points[192..]);
    }

    [Fact]
    public void A_last_batch_of_too_few_periods_for_loess_is_filled_up()
    {
        var values = Noise(28 + 28 + 20);
        var options = new SrBatchOptions { BatchSize = 28, Period = 7, Mode = SrBatchMode.AnomalyAndMargin };
        var points = SrBatchDetector.Detect(values, options);
        Assert.Equal(SrBatchDetector.Detect(values.AsSpan()[48..], options)[^20..], points[56..]);
    }

    [Theory]
    [InlineData(Deseasonality.Stl)]
    [InlineData(Deseasonality.Mean)]
    [InlineData(Deseasonality.Median)]
    public void A_NaN_leaves_its_batch_without_figures_and_no_other(Deseasonality deseasonality)
    {
        var values = Noise(120);
        values[5] = double.NaN;
        var options = new SrBatchOptions { BatchSize = 60, Period = 6, Deseasonality = deseasonality, Mode = SrBatchMode.AnomalyAndMargin };
        var points = SrBatchDetector.Detect(values, options);
        Assert.All(points[..60], point => Assert.True(!point.IsAnomaly && double.IsNaN(point.Magnitude)));
        Assert.All(points[60..], point => Assert.True(double.IsFinite(point.Magnitude + point.ExpectedValue + point.UpperBoundary)));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(42)]
    public void A_constant_series_has_no_anomaly_in_any_mode(double value)
    {
        foreach (var mode in Enum.GetValues<SrBatchMode>())
        {
            foreach (var period in (int[])[0, 4])
            {
                double[] values = [.. Enumerable.Repeat(value, 40)];
                var points = SrBatchDetector.Detect(values, new SrBatchOptions { Mode = mode, Period = period });
                Assert.All(points, point => Assert.False(point.IsAnomaly));
            }
        }
    }

    [Theory]
    [InlineData(0.95, 1.6448536269514722)]
    [InlineData(0.5, 0)]
    [InlineData(0.01, -2.3263478740408408)]
    [InlineData(0.999, 3.0902323061678132)]
    public void Quantiles_of_the_normal_distribution_are_those_of_its_tables(double probability, double quantile) =>
        Assert.Equal(quantile, NormalQuantile.Of(probability), 1e-8);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(30)]
    public void A_running_median_is_that_of_each_neighbourhood(int half)
    {
        double[] values = [.. Noise(25), .. Noise(5)];
        var expected = values.Select((_, i) =>
        {
            var near = values[Math.Max(0, i - half)..Math.Min(values.Length, i + half + 1)].Order().ToList();
            return (near[(near.Count - 1) / 2] + near[near.Count / 2]) / 2;
        });
        Assert.Equal(expected, RunningMedian.Of(values, half));
    }

    [Fact]
    public void A_period_of_a_short_or_a_random_series_is_none()
    {
        Assert.Equal(-1, PeriodDetector.Detect([]));
        Assert.Equal(-1, PeriodDetector.Detect([1]));
        Assert.Equal(-1, PeriodDetector.Detect([1, 2, 1]));
        Assert.Equal(-1, PeriodDetector.Detect(new double[100]));
        Assert.Throws<ArgumentException>(() => PeriodDetector.Detect(Noise(20), 0));
        Assert.Throws<ArgumentException>(() => PeriodDetector.Detect(Noise(20), -1, 1));
    }

    private static double[] Noise(int count)
    {
        var random = new Random(1);
        return [.. Enumerable.Range(0, count).Select(_ => 50 + (10 * random.NextDouble()))];
    }
}
