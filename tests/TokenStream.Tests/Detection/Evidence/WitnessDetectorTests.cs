using TokenStream.Detection.Evidence;
using Xunit;

namespace TokenStream.Tests.Detection.Evidence;

public sealed class WitnessDetectorTests
{
    private const double Threshold = EvidenceDetector.UncalibratedThreshold;
    private const int Day = Simulated.Day;

    [Fact]
    public void The_state_of_a_series_of_minutes_takes_less_than_three_kilobytes() =>
        Assert.InRange(new WitnessDetector(60).StateBytes, 2016, 3072);

    [Theory]
    [InlineData(300)]
    [InlineData(3600)]
    [InlineData(86_400)]
    public void Steps_of_five_minutes_and_more_score_as_evidence_does(int stepSeconds)
    {
        var values = new Simulated(21).PoissonSeries(50, 3000);
        values[2500] *= 10;
        Assert.Equal(
            DetectorRun.Fold(new EvidenceDetector(stepSeconds), values), DetectorRun.Fold(new WitnessDetector(stepSeconds), values));
    }

    /// <summary>Twelve minutes at a tenth of a busy and uneven series: three points say little, the run of them much.</summary>
    [Fact]
    public void An_outage_in_an_uneven_series_is_found_by_the_run_of_empty_minutes()
    {
        var found = 0;
        var foundByEvidence = 0;
        for (var seed = 0; seed < 20; seed++)
        {
            var drawn = new Simulated(300 + seed);
            double[] values = [.. Enumerable.Range(0, 4 * Day).Select(_ => 1000 * Math.Exp(0.7 * drawn.Normal()))];
            for (var i = 5000; i < 5012; i++)
            {
                values[i] *= 0.03;
            }

            found += DetectorRun.Fold(new WitnessDetector(60), values)[5000..5008].Max(score => score.Down) >= 10 ? 1 : 0;
            foundByEvidence += DetectorRun.Fold(new EvidenceDetector(60), values)[5000..5008].Max(score => score.Down) >= 10 ? 1 : 0;
        }

        Assert.InRange(found, 18, 20);
        Assert.True(foundByEvidence < found, $"evidence alone finds {foundByEvidence} of {found}");
    }

    /// <summary>Every hour five empty minutes: after a few days nobody should be called for them, while a busy series is missed at
    /// once.</summary>
    [Fact]
    public void Pauses_that_a_series_always_makes_are_ordinary()
    {
        var drawn = new Simulated(22);
        double[] values = [.. Enumerable.Range(0, 8 * Day).Select(i => i % 60 < 5 ? 0d : drawn.Poisson(100))];
        var scores = DetectorRun.Fold(new WitnessDetector(60), values);
        Assert.True(scores[(4 * Day)..].Max(score => score.Down) < Threshold);
    }

    [Fact]
    public void What_is_spread_over_five_minutes_is_found()
    {
        var drawn = new Simulated(23);
        double[] values = [.. Enumerable.Range(0, 4 * Day).Select(_ => 1000 * Math.Exp(0.7 * drawn.Normal()))];
        for (var i = 5000; i < 5008; i++)
        {
            values[i] += 6000;
        }

        var witness = DetectorRun.Fold(new WitnessDetector(60), values)[5000..5008].Max(score => score.Up);
        var evidence = DetectorRun.Fold(new EvidenceDetector(60), values)[5000..5008].Max(score => score.Up);
        Assert.True(witness >= Threshold && evidence < Threshold, $"scored {witness}, without the sum {evidence}");
    }

    [Fact]
    public void Ten_minutes_of_nothing_where_two_hundred_are_usual_are_found_within_two()
    {
        var values = new Simulated(13).PoissonSeries(200, 2 * Day);
        Array.Clear(values, 2300, 10);
        Assert.True(DetectorRun.Fold(new WitnessDetector(60), values)[2300..2302].Max(score => score.Down) >= Threshold);
    }

    [Fact]
    public void A_tenfold_spike_in_a_daily_wave_is_found_in_its_first_minute()
    {
        var values = new Simulated(14).DailySine(0.1, 4 * Day);
        values[5000] *= 10;
        values[5100] *= 100;
        values[5200] *= 10;
        var scores = DetectorRun.Fold(new WitnessDetector(60), values);
        Assert.True(scores[5000].Up >= Threshold);
        Assert.True(scores[5200].Up >= Threshold);
    }

    [Fact]
    public void Missing_points_are_no_outage()
    {
        var values = new Simulated(12).PoissonSeries(200, 2 * Day);
        Array.Fill(values, double.NaN, 2000, 30);
        var scores = DetectorRun.Fold(new WitnessDetector(60), values);
        Assert.All(scores[2000..2030], score => Assert.Equal(default, score));
        Assert.True(scores[2030..].Max(score => score.Value) < Threshold);
    }

    [Theory]
    [InlineData(1e-9)]
    [InlineData(1024)]
    public void A_series_times_a_constant_scores_the_same(double factor)
    {
        // The season is rounded to two bytes, by another factor otherwise; on the first day there is none.
        var values = new Simulated(24).PoissonSeries(40, Day);
        values[1100] *= 7;
        Array.Clear(values, 1300, 8);
        var scores = DetectorRun.Fold(new WitnessDetector(60), values);
        var scaled = DetectorRun.Fold(new WitnessDetector(60), [.. values.Select(value => value * factor)]);
        Assert.True(scores.Max(score => score.Up) > Threshold && scores.Max(score => score.Down) > 5);
        for (var i = 0; i < scores.Length; i++)
        {
            Assert.InRange(scaled[i].Value, (scores[i].Value * (1 - 1e-6)) - 1e-6, (scores[i].Value * (1 + 1e-6)) + 1e-6);
        }
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
            episodes += DetectorRun.Episodes(DetectorRun.Fold(new WitnessDetector(60), values), Threshold);
        }

        Assert.InRange(episodes, 0, (int)(0.05 * Series * Days));
    }
}
