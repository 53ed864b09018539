using TokenStream.Detection;
using Xunit;

namespace TokenStream.Tests.Detection;

/// <summary>What every detector that can be chosen keeps to.</summary>
public sealed class SeriesDetectorContractTests
{
    private const int Points = 1200;

    public static TheoryData<string> Detectors => [.. SeriesDetectors.All.Select(entry => entry.Name)];

    [Theory]
    [MemberData(nameof(Detectors))]
    public void A_score_never_depends_on_a_later_point(string name)
    {
        var values = Mixed(1);
        var scores = DetectorRun.Fold(SeriesDetectors.Create(name, 60), values);
        foreach (var cut in (int[])[1, 64, 700, 1100])
        {
            var changed = values.ToArray();
            for (var i = cut; i < changed.Length; i++)
            {
                changed[i] = 1e6 - (3 * changed[i]);
            }

            Assert.Equal(scores[..cut], DetectorRun.Fold(SeriesDetectors.Create(name, 60), changed)[..cut]);
        }
    }

    [Theory]
    [MemberData(nameof(Detectors))]
    public void A_copy_of_the_bytes_goes_on_bit_for_bit_in_another_detector(string name)
    {
        var values = Mixed(2);
        var whole = DetectorRun.Fold(SeriesDetectors.Create(name, 60), values, out var end);
        var state = new byte[end.Length];
        SeriesDetectors.Create(name, 60).Start(state);
        var random = new Random(3);
        for (var at = 0; at < values.Length;)
        {
            // A fresh detector each time, and bytes at another place: nothing may live beside them.
            var scoring = SeriesDetectors.Create(name, 60);
            var shifted = new byte[end.Length + 3].AsSpan(3);
            state.CopyTo(shifted);
            for (var until = Math.Min(values.Length, at + random.Next(1, 200)); at < until; at++)
            {
                Assert.Equal(whole[at], scoring.Score(shifted, at, values[at]));
            }

            shifted.CopyTo(state);
        }

        Assert.Equal(end, state);
    }

    [Theory]
    [MemberData(nameof(Detectors))]
    public void Steps_left_out_are_missing_points(string name)
    {
        var values = Mixed(4);
        foreach (var length in (int[])[1, 10, 11, 300])
        {
            Array.Fill(values, double.NaN, 600, length);
            var said = SeriesDetectors.Create(name, 60);
            var whole = DetectorRun.Fold(said, values);
            var state = new byte[said.StateBytes];
            said.Start(state);
            for (var i = 0; i < values.Length; i++)
            {
                if (!double.IsNaN(values[i]))
                {
                    Assert.Equal(whole[i], said.Score(state, i, values[i]));
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Detectors))]
    public void Extreme_values_give_finite_scores(string name)
    {
        double[][] series =
        [
            [],
            [5],
            [.. Enumerable.Repeat(7d, Points)],
            new double[Points],
            [.. Enumerable.Repeat(double.NaN, Points)],
            [.. Enumerable.Range(0, Points).Select(i => i % 2 == 0 ? 1d : 1e9)],
            [.. Enumerable.Range(0, Points).Select(i => i % 200 == 150 ? 1e300 : i % 200 == 170 ? double.PositiveInfinity : 5 + (i % 3))],
            [.. Enumerable.Range(0, Points).Select(i => i % 90 == 80 ? 1e100 : 1e-300)],
            [.. Enumerable.Range(0, Points).Select(i => 1e99 * (i % 7))],
            [.. Enumerable.Range(0, Points).Select(i => i > 1000 ? -1e100 : -5d - (i % 4))],
            [.. Enumerable.Range(0, Points).Select(i => i is 0 or 600 or Points - 1 ? double.NaN : i % 5)],
        ];
        foreach (var values in series)
        {
            var detector = SeriesDetectors.Create(name, 60);
            foreach (var score in DetectorRun.Fold(detector, values))
            {
                Assert.True(double.IsFinite(score.Value) && double.IsFinite(score.Up) && double.IsFinite(score.Down));
                Assert.True(score.Value >= 0 && score.Value == Math.Max(score.Up, score.Down));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Detectors))]
    public void A_constant_series_scores_nothing(string name)
    {
        foreach (var constant in (double[])[0, 5, 1e12])
        {
            var values = new double[3000];
            Array.Fill(values, constant);
            Assert.All(DetectorRun.Fold(SeriesDetectors.Create(name, 60), values), score => Assert.Equal(0, score.Value));
        }
    }

    [Theory]
    [MemberData(nameof(Detectors))]
    public void Asking_what_is_expected_changes_nothing_and_scoring_allocates_nothing(string name)
    {
        var detector = SeriesDetectors.Create(name, 60);
        var values = Mixed(5);
        DetectorRun.Fold(detector, values, out var state);
        var before = state.ToArray();
        detector.Expect(state, Points);
        Assert.Equal(before, state);

        detector.Score(state, Points, 1);
        var allocated = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 1; i < 300; i++)
        {
            detector.Score(state, Points + i, values[i]);
            detector.Expect(state, Points + i + 1);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - allocated);
    }

    [Fact]
    public void An_unknown_name_is_refused_with_those_there_are()
    {
        var failure = Assert.Throws<ArgumentException>(() => SeriesDetectors.Create("zscore", 60));
        Assert.Contains("evidence", failure.Message, StringComparison.Ordinal);
    }

    private static double[] Mixed(int seed)
    {
        var drawn = new Simulated(seed);
        var values = drawn.PoissonSeries(30, Points);
        values[400] *= 9;
        values[401] = double.NaN;
        Array.Clear(values, 900, 12);
        return values;
    }
}
