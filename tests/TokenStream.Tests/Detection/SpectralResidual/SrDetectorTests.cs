using TokenStream.Detection;
using TokenStream.Detection.SpectralResidual;
using Xunit;

namespace TokenStream.Tests.Detection.SpectralResidual;

public sealed class SrDetectorTests
{
    [Fact]
    public void A_series_gets_the_scores_of_the_streaming_transform_bit_for_bit()
    {
        var values = SrVectors.Input("season_noise.csv");
        var expected = SrScorer.Detect(values);
        Assert.Equal(expected.Select(point => point.Score), Scores(values));
        Assert.Contains(expected, point => point.IsAlert);
    }

    [Fact]
    public void No_score_depends_on_a_later_point()
    {
        var random = new Random(1);
        var values = Noise(random, 300);
        var whole = Scores(values);
        foreach (var cut in (int[])[1, 63, 64, 65, 200, 299])
        {
            double[] changed = [.. values[..cut], .. Noise(random, 300 - cut).Select(value => 1e6 * value)];
            Assert.Equal(whole[..cut], Scores(changed)[..cut]);
        }
    }

    [Fact]
    public void A_copy_of_the_state_goes_on_as_the_series_itself()
    {
        var detector = new SrDetector();
        var values = Noise(new Random(2), 200);
        var whole = Scores(values);
        var state = New(detector);
        for (var i = 0; i < values.Length; i++)
        {
            // Another detector and other bytes at every point: nothing of the series is anywhere else.
            state = [.. state];
            Assert.Equal(whole[i], new SrDetector().Score(state, i, values[i]).Value);
        }

        Assert.InRange(detector.StateBytes, 1, 1_024);
    }

    [Fact]
    public void A_series_mirrored_at_zero_has_the_same_scores()
    {
        var values = SrVectors.Input("period_anomaly.csv")[..1_000];
        Assert.Equal(Scores(values), Scores([.. values.Select(value => -value)]));
    }

    [Theory]
    [InlineData(1e-3)]
    [InlineData(3)]
    [InlineData(1e12)]
    public void A_series_times_a_constant_has_the_same_scores(double factor)
    {
        var values = Noise(new Random(3), 400);
        foreach (var (plain, scaled) in Scores(values).Zip(Scores([.. values.Select(value => factor * value)])))
        {
            Assert.Equal(plain, scaled, 1e-6);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    [InlineData(-7e15)]
    [InlineData(1e-300)]
    [InlineData(1e99)]
    [InlineData(1e300)]
    [InlineData(double.PositiveInfinity)]
    public void A_constant_series_is_quiet_whatever_its_value(double value)
    {
        double[] values = [.. Enumerable.Repeat(value, 200)];
        Assert.All(Scores(values), score => Assert.Equal(0, score));
    }

    [Fact]
    public void A_spike_scores_far_above_noise_either_way()
    {
        var random = new Random(4);
        double[] values = [.. Noise(random, 200).Select(value => 100 + value)];
        var quiet = Scores(values)[64..].Max();
        values[150] = 1_000;
        Assert.True(Scores(values)[150] > quiet);
        values[150] = -800;
        Assert.True(Scores(values)[150] > quiet);
    }

    [Fact]
    public void A_missing_point_has_no_score_and_the_value_before_stands_in_its_place()
    {
        var detector = new SrDetector();
        var random = new Random(5);
        var (full, gappy) = (New(detector), New(detector));
        var value = 0.0;
        detector.Score(full, 0, value);
        detector.Score(gappy, 0, value);
        for (var step = 1; step < 400; step++)
        {
            // Scattered ones, and runs: one in the first window, one nearly as long as a window.
            var isMissing = random.Next(3) == 0 || step is > 20 and < 30 or > 200 and < 255;
            value = isMissing ? value : random.NextDouble();
            var expected = detector.Score(full, step, value);
            if (!isMissing)
            {
                Assert.Equal(expected, detector.Score(gappy, step, value));
                continue;
            }

            var before = gappy.ToArray();
            Assert.Equal(PointScore.None, step % 2 == 0 ? detector.Score(gappy, step, double.NaN) : detector.Score(gappy, step, 2e100));
            Assert.Equal(before, gappy);
        }
    }

    [Fact]
    public void A_gap_longer_than_the_window_starts_a_series_anew()
    {
        var detector = new SrDetector();
        var values = Noise(new Random(6), 400);
        var (state, fresh) = (New(detector), New(detector));
        for (var i = 0; i < 100; i++)
        {
            detector.Score(state, i, values[i]);
        }

        Assert.NotEqual(Expectation.Unknown, detector.Expect(state, 163));
        Assert.Equal(Expectation.Unknown, detector.Expect(state, 164));
        for (var i = 0; i < 300; i++)
        {
            Assert.Equal(detector.Score(fresh, i, values[100 + i]), detector.Score(state, 10_000 + i, values[100 + i]));
        }
    }

    [Fact]
    public void Any_values_give_finite_scores()
    {
        double[] odd = [0, 1e-300, 1e-101, 1e-99, 1, -1, 1e12, 1e99, -1e100, 1e101, 1e300, double.NaN, double.NegativeInfinity, double.Epsilon];
        var random = new Random(7);
        double[] values = [.. Enumerable.Range(0, 5_000).Select(_ => odd[random.Next(odd.Length)])];
        Assert.All(Scores(values), score => Assert.True(double.IsFinite(score) && score >= 0));
        Assert.All(Scores([.. values.Select(value => Math.Abs(value) < 1e90 ? value : 0)]), score => Assert.InRange(score, 0, 2.0000001));
    }

    [Fact]
    public void The_expected_value_is_the_median_of_the_points_before()
    {
        var detector = new SrDetector();
        var state = New(detector);
        Assert.Equal(Expectation.Unknown, detector.Expect(state, 0));
        for (var i = 0; i < 21; i++)
        {
            Assert.Equal(Expectation.Unknown, detector.Expect(state, i));
            detector.Score(state, i, i);
        }

        Assert.Equal(new Expectation(10, 10), detector.Expect(state, 21));
        for (var i = 21; i < 100; i++)
        {
            detector.Score(state, i, i);
        }

        Assert.Equal(new Expectation(89, 89), detector.Expect(state, 100));
    }

    [Fact]
    public void A_point_allocates_nothing()
    {
        var detector = new SrDetector();
        var state = New(detector);
        var values = Noise(new Random(8), 200);
        for (var i = 0; i < 100; i++)
        {
            detector.Score(state, i, values[i]);
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 100; i < 200; i++)
        {
            detector.Expect(state, i);
            detector.Score(state, i, values[i]);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static byte[] New(SrDetector detector)
    {
        var state = new byte[detector.StateBytes];
        state.AsSpan().Fill(0xEE);
        detector.Start(state);
        return state;
    }

    private static double[] Noise(Random random, int count) => [.. Enumerable.Range(0, count).Select(_ => 100 * random.NextDouble())];

    private static double[] Scores(double[] values)
    {
        var detector = new SrDetector();
        var state = New(detector);
        return [.. values.Select((value, step) =>
        {
            var score = detector.Score(state, step, value);
            Assert.Equal((score.Value, score.Value), (score.Up, score.Down));
            return score.Value;
        })];
    }
}
