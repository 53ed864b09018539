using TokenStream.Detection.SpectralResidual;
using Xunit;

namespace TokenStream.Tests.Detection.SpectralResidual;

public sealed class SrVectorTests
{
    public static TheoryData<string> Names(string api) =>
        [.. SrVectors.Cases.Where(vector => vector.Value["api"]!.GetValue<string>() == api).Select(vector => vector.Key)];

    [Fact]
    public void All_vectors_are_there() => Assert.Equal(45, SrVectors.Cases.Count);

    [Theory]
    [MemberData(nameof(Names), "stream")]
    public void The_streaming_transform_gives_the_vectors_figures(string name)
    {
        var vector = SrVectors.Cases[name];
        var points = SrScorer.Detect(
            SrVectors.Input(vector["input"]!.GetValue<string>()), SrVectors.StreamOptions(vector["parameters"]!.AsObject()));
        AssertRows(name, points.Select(SrVectors.Row));
    }

    [Theory]
    [MemberData(nameof(Names), "entire")]
    public void The_batch_detection_gives_the_vectors_figures(string name)
    {
        var vector = SrVectors.Cases[name];
        var options = SrVectors.BatchOptions(vector["parameters"]!.AsObject());
        var values = SrVectors.Input(vector["input"]!.GetValue<string>());
        if (vector["expected_error"] is { } error)
        {
            var thrown = Assert.Throws<ArgumentException>(() => SrBatchDetector.Detect(values, options));
            Assert.Contains(error.GetValue<string>(), thrown.Message, StringComparison.Ordinal);
            return;
        }

        AssertRows(name, SrBatchDetector.Detect(values, options).Select(point => SrVectors.Row(point, options.Mode)));
    }

    [Theory]
    [MemberData(nameof(Names), "stl")]
    public void The_decomposition_gives_the_vectors_figures(string name)
    {
        var vector = SrVectors.Cases[name];
        var (season, trend, residual) = Seasons.Decompose(
            SrVectors.Input(vector["input"]!.GetValue<string>()), vector["parameters"]!["period"]!.GetValue<int>());
        AssertRows(name, season.Select((_, i) => new[] { 1, season[i], trend[i], residual[i] }));
    }

    [Theory]
    [MemberData(nameof(Names), "seasonality")]
    public void The_period_is_the_vectors(string name)
    {
        var vector = SrVectors.Cases[name];
        var parameters = vector["parameters"]!;
        Assert.Equal(
            vector["expected_period"]!.GetValue<int>(),
            PeriodDetector.Detect(
                SrVectors.Input(vector["input"]!.GetValue<string>()), parameters["window"]!.GetValue<int>(),
                parameters["randomness"]!.GetValue<double>()));
    }

    private static void AssertRows(string name, IEnumerable<double[]> actual)
    {
        var vector = SrVectors.Cases[name];
        var expected = SrVectors.Expected(vector["expected"]!.GetValue<string>());
        var tolerance = vector["tolerance"]!.GetValue<double>();
        var rows = actual.ToList();
        Assert.Equal(expected.Length, rows.Count);
        for (var row = 0; row < expected.Length; row++)
        {
            Assert.Equal(expected[row].Length, rows[row].Length);
            for (var column = 0; column < expected[row].Length; column++)
            {
                var (wanted, got) = (expected[row][column], rows[row][column]);
                var isClose = double.IsNaN(wanted) ? double.IsNaN(got) : Math.Abs(wanted - got) <= tolerance * (1 + Math.Abs(wanted));
                Assert.True(isClose, FormattableString.Invariant($"row {row}, column {column}: {got} where {wanted} is expected"));
            }
        }
    }
}
