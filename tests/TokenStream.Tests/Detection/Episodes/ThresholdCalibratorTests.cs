using TokenStream.Detection.Episodes;
using TokenStream.Windowing;
using Xunit;

namespace TokenStream.Tests.Detection.Episodes;

public sealed class ThresholdCalibratorTests
{
    private const long Day = 86_400_000;

    private readonly ThresholdCalibrator _calibrator = new(ThresholdScale.Evidence, 0.1, start: 13);
    private long _day = 19_000;

    [Fact]
    public void The_threshold_stands_until_a_thousand_series_days_were_seen()
    {
        For(1, seriesDays: 999);
        Assert.Equal(13, _calibrator.Threshold);
        For(1, seriesDays: 1);
        Assert.Equal(12.5, _calibrator.Threshold);
    }

    [Fact]
    public void It_moves_half_a_point_a_day_and_not_below_six()
    {
        For(4, seriesDays: 1_000);
        Assert.Equal(11, _calibrator.Threshold);
        For(20, seriesDays: 1_000);
        Assert.Equal(6, _calibrator.Threshold);
    }

    [Fact]
    public void It_is_the_lowest_edge_with_few_enough_episodes_above_it()
    {
        // A hundred a day reach 10.1, and a hundred are a tenth of 1,000: the edge at 10 holds. One more, and it is the next edge.
        For(20, seriesDays: 1_000, (10.1, 100));
        Assert.Equal(6, new ThresholdCalibrator(ThresholdScale.Evidence, 0.1).Scale.Least);
        Assert.Equal(6, _calibrator.Threshold);
        For(30, seriesDays: 1_000, (10.1, 101));
        Assert.Equal(10.25, _calibrator.Threshold);
        For(30, seriesDays: 1_000, (10.1, 60), (11.9, 41));
        Assert.Equal(10.25, _calibrator.Threshold);
        For(30, seriesDays: 1_000, (10.1, 60), (11.9, 60), (12, 60));
        Assert.Equal(12, _calibrator.Threshold);
    }

    [Fact]
    public void Half_the_weight_is_a_week_old()
    {
        // Fourteen days of 0.15 episodes a series, then some of 0.05.
        For(14, seriesDays: 1_000, (20, 150));
        var before = _calibrator.Threshold;
        For(6, seriesDays: 1_000, (20, 50));
        Assert.True(_calibrator.Threshold < before + (6 * 0.5));
    }

    [Fact]
    public void What_is_two_weeks_old_is_forgotten()
    {
        For(30, seriesDays: 1_000, (20, 1_000));
        Assert.Equal(20.25, _calibrator.Threshold);
        For(14, seriesDays: 1_000);
        var after = _calibrator.Threshold;
        For(1, seriesDays: 1_000);
        Assert.Equal(after - 0.5, _calibrator.Threshold);
    }

    [Fact]
    public void Where_even_the_last_edge_has_too_many_nothing_opens()
    {
        var calibrator = new ThresholdCalibrator(ThresholdScale.SpectralResidual, 0.1);
        _day = 19_000;
        for (var i = 0; i < 30; i++)
        {
            Pass(calibrator, 1_000, [(2.0, 5_000)]);
        }

        Assert.Equal(2.0125, calibrator.Threshold, 9);
    }

    [Fact]
    public void Confirmed_episodes_leave()
    {
        For(30, seriesDays: 1_000, (20, 101));
        Assert.Equal(20.25, _calibrator.Threshold);
        for (var age = 1; age < 14; age++)
        {
            _calibrator.Forget(20, (_day - age) * Day);
        }

        _calibrator.Forget(20, (_day - 20) * Day);
        For(1, seriesDays: 1_000, (20, 100));
        Assert.Equal(19.75, _calibrator.Threshold);
    }

    [Fact]
    public void A_pause_of_years_is_no_loop_of_years()
    {
        For(3, seriesDays: 1_000, (20, 5_000));
        _calibrator.EndMinute(long.MaxValue / 2);
        Assert.Equal(0, _calibrator.SeriesDays);
    }

    [Fact]
    public void What_is_written_reads_back_the_same()
    {
        For(9, seriesDays: 1_000, (7.3, 5), (20, 101), (99, 3));
        _calibrator.CountPoints();
        var buffer = new BlockBuffer();
        _calibrator.Write(buffer);
        var read = new ThresholdCalibrator(ThresholdScale.Evidence, 0.1);
        var reader = new BlockReader(buffer.Written);
        read.Read(ref reader, isSameScale: true);
        Assert.True(reader.IsAtEnd);
        var again = new BlockBuffer();
        read.Write(again);

        Assert.Equal(buffer.Written.ToArray(), again.Written.ToArray());
    }

    private void For(int days, int seriesDays, params (double Level, int Count)[] episodes)
    {
        for (var i = 0; i < days; i++)
        {
            Pass(_calibrator, seriesDays, episodes);
        }
    }

    /// <summary>A whole day, and the first minute of the next one, which moves the threshold.</summary>
    private void Pass(ThresholdCalibrator calibrator, int seriesDays, (double Level, int Count)[] episodes)
    {
        calibrator.EndMinute(_day * Day);
        calibrator.CountPoints(seriesDays * 1_440L);

        foreach (var (level, count) in episodes)
        {
            for (var i = 0; i < count; i++)
            {
                calibrator.CountEpisode(level);
            }
        }

        calibrator.EndMinute(++_day * Day);
    }
}
