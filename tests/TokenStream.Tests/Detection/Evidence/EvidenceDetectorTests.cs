using System.Runtime.InteropServices;
using TokenStream.Detection;
using TokenStream.Detection.Evidence;
using Xunit;

namespace TokenStream.Tests.Detection.Evidence;

public sealed class EvidenceDetectorTests
{
    private const double Threshold = EvidenceDetector.UncalibratedThreshold;
    private const int Day = Simulated.Day;

    [Fact]
    public void The_state_of_a_series_of_minutes_takes_two_and_a_half_kilobytes() =>
        Assert.InRange(new EvidenceDetector(60).StateBytes, 2016, 2560);

    [Theory]
    [InlineData(1e-9)]
    [InlineData(3)]
    [InlineData(1e12)]
    public void A_series_times_a_constant_scores_the_same(double factor)
    {
        var values = new Simulated(11).PoissonSeries(40, 3 * Day);
        values[3000] *= 7;
        var scores = DetectorRun.Fold(new EvidenceDetector(60, exactSeason: true), values);
        var scaled = DetectorRun.Fold(new EvidenceDetector(60, exactSeason: true), [.. values.Select(value => value * factor)]);
        Assert.True(scores.Max(score => score.Value) > Threshold);
        for (var i = 0; i < scores.Length; i++)
        {
            Assert.InRange(scaled[i].Value, (scores[i].Value * (1 - 1e-6)) - 1e-6, (scores[i].Value * (1 + 1e-6)) + 1e-6);
        }
    }

    [Fact]
    public void Zeros_are_an_outage_and_missing_points_are_none()
    {
        var values = new Simulated(12).PoissonSeries(200, 2 * Day);
        var gap = values.ToArray();
        Array.Clear(values, 2000, 30);
        Array.Fill(gap, double.NaN, 2000, 30);
        var zeros = DetectorRun.Fold(new EvidenceDetector(60), values);
        var missing = DetectorRun.Fold(new EvidenceDetector(60), gap);
        Assert.Equal(AnomalyDirection.Down, zeros[2001].Direction);
        Assert.True(zeros[2000..2010].Max(score => score.Value) > Threshold);
        Assert.All(missing[2000..2030], score => Assert.Equal(default, score));
        Assert.True(missing[2030..].Max(score => score.Value) < Threshold);
    }

    [Fact]
    public void Ten_minutes_of_nothing_where_two_hundred_are_usual_are_found_within_two()
    {
        var values = new Simulated(13).PoissonSeries(200, 2 * Day);
        Array.Clear(values, 2300, 10);
        var scores = DetectorRun.Fold(new EvidenceDetector(60), values);
        Assert.True(scores[2300..2302].Max(score => score.Down) >= Threshold);
    }

    [Fact]
    public void A_tenfold_spike_in_a_daily_wave_is_found_in_its_first_minute()
    {
        var values = new Simulated(14).DailySine(0.1, 4 * Day);
        for (var i = 5000; i < 5003; i++)
        {
            values[i] *= 10;
        }

        Assert.True(DetectorRun.Fold(new EvidenceDetector(60), values)[5000].Up >= Threshold);
    }

    [Fact]
    public void A_hundredfold_minute_does_not_hide_a_tenfold_one_after_it()
    {
        var values = new Simulated(15).DailySine(0.1, 4 * Day);
        values[5000] *= 100;
        values[5100] *= 10;
        Assert.True(DetectorRun.Fold(new EvidenceDetector(60), values)[5100].Up > 13);
    }

    /// <summary>False episodes a series and day at the threshold, over a thousand days of series in which nothing happens.</summary>
    [Theory]
    [InlineData("noise")]
    [InlineData("poisson 0.1")]
    [InlineData("poisson 1")]
    [InlineData("poisson 100")]
    [InlineData("sine")]
    [InlineData("trend")]
    public void Where_nothing_happens_nothing_is_found(string kind)
    {
        const int Series = 24;
        const int Days = 7;
        var episodes = 0;
        for (var seed = 0; seed < Series; seed++)
        {
            var values = new Simulated(100 + seed).Quiet(kind, Days * Day);
            episodes += DetectorRun.Episodes(DetectorRun.Fold(new EvidenceDetector(60), values), Threshold);
        }

        Assert.InRange(episodes, 0, (int)(0.05 * Series * Days));
    }

    [Fact]
    public void A_gap_of_a_year_costs_no_more_than_one_of_nine_days_and_leaves_no_season()
    {
        var detector = new EvidenceDetector(60);
        DetectorRun.Fold(detector, new Simulated(16).DailySine(0.1, 3 * Day), out var stepwise);
        var jumped = stepwise.ToArray();
        const int Gap = 400 * Day;
        for (var i = 3 * Day; i < (3 * Day) + Gap; i++)
        {
            detector.Score(stepwise, i, double.NaN);
        }

        var said = detector.Score(stepwise, (3 * Day) + Gap, 100);
        Assert.Equal(said, detector.Score(jumped, (3 * Day) + Gap, 100));
        Assert.Equal(stepwise, jumped);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(300)]
    [InlineData(432)]
    [InlineData(3600)]
    [InlineData(40_000)]
    [InlineData(86_400)]
    [InlineData(604_800)]
    public void Any_length_of_step_is_scored(int stepSeconds)
    {
        var detector = new EvidenceDetector(stepSeconds);
        var state = new byte[detector.StateBytes];
        detector.Start(state);
        var drawn = new Simulated(stepSeconds);
        var peak = 0d;
        for (var i = 0; i < 3000; i++)
        {
            var score = detector.Score(state, i + 20_000, i == 2900 ? 5000 : drawn.Poisson(50));
            peak = i >= 2900 ? Math.Max(peak, score.Value) : 0;
        }

        Assert.True(peak > 6);
    }

    [Fact]
    public void Values_at_the_ends_of_the_range_leave_only_finite_numbers_in_the_state()
    {
        var detector = new EvidenceDetector(3600);
        double[] values = [.. Enumerable.Range(0, 2000).Select(i => (i % 50) switch
        {
            7 => 1e100,
            9 => 1e300,
            11 => double.NegativeInfinity,
            13 => -1e100,
            15 => 1e-300,
            _ => i % 3,
        })];
        DetectorRun.Fold(detector, values, out var state);
        foreach (var number in MemoryMarshal.Cast<byte, double>(state.AsSpan(0, 8 * 30)))
        {
            Assert.True(double.IsFinite(number));
        }

        Assert.True(double.IsFinite(detector.Expect(state, 2000).High));
    }

    [Fact]
    public void What_is_expected_follows_the_day_before()
    {
        var detector = new EvidenceDetector(60);
        DetectorRun.Fold(detector, new Simulated(17).DailySine(0.02, (4 * Day) + 1), out var state);

        // At six hours the wave stands at 150. At midnight it passes 100 upwards, and a level of an hour lags behind by somewhat more.
        var expected = detector.Expect(state, (4 * Day) + 360);
        Assert.InRange(expected.High, 145, 155);
        Assert.InRange(expected.Low, 75, 95);
    }

    [Fact]
    public void A_step_that_does_not_rise_is_refused()
    {
        var detector = new EvidenceDetector(60);
        DetectorRun.Fold(detector, [1, 2, 3], out var state);
        Assert.Throws<ArgumentOutOfRangeException>(() => detector.Score(state, 2, 4));
    }
}
