using TokenStream.Detection.SpectralResidual;
using Xunit;

namespace TokenStream.Tests.Detection.SpectralResidual;

/// <summary>What ML.NET itself publishes: the figures in its samples and tutorial, and what its unit tests ask for.</summary>
public sealed class SrPublishedTests
{
    [Fact]
    public void The_streaming_sample_prints_what_its_source_says()
    {
        var options = new SrOptions { WindowSize = 16, JudgementWindowSize = 8, Threshold = 0.35 };
        var points = SrScorer.Detect(SrVectors.Input("demo.csv"), options);

        // Rows 15 to 19 are constant windows: upstream prints 0.03 and 0.18 there, the rounding noise of its floats.
        Assert.All(points[..20], point => Assert.False(point.IsAlert));
        (bool, double, double)[] published =
            [(true, 0.47, 0.93), (false, 0.31, 0.50), (false, 0.05, 0.30), (false, 0.01, 0.23), (false, 0.00, 0.21), (false, 0.01, 0.25)];
        Assert.Equal(published, points[20..].Select(point => (point.IsAlert, Math.Round(point.Score, 2), Math.Round(point.Magnitude, 2))));
    }

    [Fact]
    public void The_batch_sample_prints_what_its_source_says()
    {
        var options = new SrBatchOptions { Threshold = 0.35, BatchSize = 512, Sensitivity = 90, Mode = SrBatchMode.AnomalyAndMargin };
        var points = SrBatchDetector.Detect(SrVectors.Input("demo.csv"), options);
        double[] magnitudes =
        [
            0.21, 0.11, 0.03, 0.01, 0.03, 0.06, 0.02, 0.01, 0.01, 0.01, 0.00, 0.01, 0.01, 0.02, 0.07, 0.08, 0.02, 0.05, 0.12, 0.17, 0.80, 0.16,
            0.11, 0.05, 0.11, 0.19,
        ];
        Assert.Equal(magnitudes, points.Select(point => Math.Round(point.Magnitude, 2)));
        Assert.Equal([20], Anomalies(points));

        // The score printed there is an older version's; margins were narrower by an older table too.
        Assert.All(points, point => Assert.Equal(5.00, point.ExpectedValue, 0.005));
        Assert.All(points, point => Assert.Equal(5.00, point.BoundaryUnit, 0.005));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(24)]
    [InlineData(26)]
    [InlineData(512)]
    public void The_unit_test_of_batches_holds(int batchSize)
    {
        foreach (var mode in Enum.GetValues<SrBatchMode>())
        {
            var options = new SrBatchOptions { Threshold = 0.35, BatchSize = batchSize, Sensitivity = 98, Mode = mode };
            var points = SrBatchDetector.Detect(SrVectors.Input("demo.csv"), options);
            Assert.Equal([20], Anomalies(points));
            if (mode == SrBatchMode.AnomalyAndMargin)
            {
                double[] published = [5.00, 5.00, 5.01, 4.99];
                var point = points[20];
                double[] figures = [point.ExpectedValue, point.BoundaryUnit, point.UpperBoundary, point.LowerBoundary];
                Assert.Equal(published, figures.Select(figure => Math.Round(figure, 2)));
            }
        }
    }

    [Theory]
    [InlineData(Deseasonality.Stl)]
    [InlineData(Deseasonality.Mean)]
    [InlineData(Deseasonality.Median)]
    public void The_unit_tests_of_seasonal_series_and_of_early_anomalies_hold(Deseasonality deseasonality)
    {
        var options = new SrBatchOptions
        {
            Threshold = 0.23, BatchSize = -1, Sensitivity = 63, Mode = SrBatchMode.AnomalyAndMargin, Period = 288, Deseasonality = deseasonality,
        };
        AssertAnomalies("period_anomaly.csv", options, Enumerable.Range(2_988, 108));
        AssertAnomalies("anomaly_at_beginning.csv", options with { Threshold = 0.3, Sensitivity = 80, Period = 0 }, [1]);
    }

    [Theory]
    [InlineData(SrBatchMode.AnomalyOnly)]
    [InlineData(SrBatchMode.AnomalyAndExpectedValue)]
    public void The_unit_test_of_a_big_spike_holds(SrBatchMode mode)
    {
        var options = new SrBatchOptions { Threshold = 0.3, BatchSize = -1, Sensitivity = 80, Mode = mode };
        Assert.Equal([26], Anomalies(SrBatchDetector.Detect(SrVectors.Input("big_spike_data.csv"), options)));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(-1)]
    public void The_unit_test_of_series_of_one_sign_holds(int sign)
    {
        double[] values = [.. SrVectors.Input("non_negative_case.csv").Select(value => sign * value)];
        var options = new SrBatchOptions { Threshold = 0.1, BatchSize = -1, Mode = SrBatchMode.AnomalyAndMargin };
        Assert.All(SrBatchDetector.Detect(values, options), point => Assert.True(sign * point.ExpectedValue >= 0));
    }

    [Fact]
    public void The_tutorial_of_phone_calls_has_the_magnitudes_and_expected_values_it_prints()
    {
        var published = SrVectors.Expected("phone-calls-1.5.2.csv");
        var values = SrVectors.Input("phone-calls.csv");
        var options = new SrBatchOptions { Sensitivity = 64, Mode = SrBatchMode.AnomalyAndMargin, Period = PeriodDetector.Detect(values) };
        Assert.Equal(7, options.Period);
        var points = SrBatchDetector.Detect(values, options);
        for (var row = 0; row < published.Length; row++)
        {
            Assert.Equal(published[row][2], points[row].Magnitude, 1e-9);

            // Row 28 is an anomaly by the narrower margins of the version that printed it, and none by those of later ones.
            if (published[row][0] == 0)
            {
                Assert.Equal(published[row][3], points[row].ExpectedValue, 1e-9);
            }
        }
    }

    [Theory]
    [InlineData(-1, 6)]
    [InlineData(60, 6)]
    [InlineData(20, -1)]
    public void The_unit_test_of_periods_holds(int window, int period)
    {
        double[] sine = [.. Enumerable.Range(0, 100).Select(x => Math.Sin((2 * Math.PI) + x))];
        Assert.Equal(period, PeriodDetector.Detect(sine, window));
    }

    private static int[] Anomalies(SrBatchPoint[] points) => [.. Enumerable.Range(0, points.Length).Where(i => points[i].IsAnomaly)];

    private static void AssertAnomalies(string file, SrBatchOptions options, IEnumerable<int> anomalies)
    {
        var values = SrVectors.Input(file);
        var points = SrBatchDetector.Detect(values, options);
        Assert.Equal(anomalies, Anomalies(points));
        for (var i = 0; i < points.Length; i++)
        {
            Assert.Equal(points[i].IsAnomaly, values[i] < points[i].LowerBoundary || values[i] > points[i].UpperBoundary);
        }
    }
}
