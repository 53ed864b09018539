using System.Globalization;
using TokenStream.Detection.SpectralResidual;
using TokenStream.Service.Commands;
using TokenStream.Service.Detecting;
using TokenStream.Tests.Detection.SpectralResidual;
using Xunit;

namespace TokenStream.Tests.Service.Detecting;

public sealed class DetectBatchCommandTests : IDisposable
{
    private static readonly SrBatchOptions Tutorial = new() { Sensitivity = 64, BatchSize = 2_000, Mode = SrBatchMode.AnomalyAndMargin };

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("tokenstream-batch-");
    private readonly StringWriter _output = new(CultureInfo.InvariantCulture);
    private readonly StringWriter _errors = new(CultureInfo.InvariantCulture);

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData("7")]
    [InlineData("auto")]
    public void The_figures_of_every_row_are_written(string period)
    {
        var scores = Path.Combine(_folder.FullName, "scores.csv");
        Assert.Equal(0, Run(Calls(), Tutorial, period, scores));
        var written = File.ReadAllLines(scores);
        Assert.Equal(
            "series_id,timestamp,score,is_anomaly,magnitude,expected_value,boundary_unit,upper_boundary,lower_boundary", written[0]);
        var expected = SrVectors.Expected("entire-phone-calls.csv");
        Assert.Equal(expected.Length, written.Length - 1);
        for (var row = 0; row < expected.Length; row++)
        {
            var cells = written[row + 1].Split(',');
            Assert.Equal(["\"calls", " all\"\"\"", Time(row)], cells[..3]);
            Assert.Equal(expected[row][0] == 1 ? "1" : "0", cells[4]);
            double[] figures = [expected[row][1], .. expected[row][2..]];
            Assert.All(figures.Zip([cells[3], .. cells[5..]]), pair =>
                Assert.Equal(pair.First, double.Parse(pair.Second, CultureInfo.InvariantCulture), 1e-6));
        }
    }

    [Fact]
    public void Rows_without_a_value_are_left_out_and_short_series_named()
    {
        var demo = SrVectors.Input("demo.csv");
        List<string> lines =
        [
            .. demo.Select((value, i) => $"b,{Time(i)},{value.ToString(CultureInfo.InvariantCulture)}"),
            $"b,{Time(100)},",
            .. Enumerable.Range(0, 11).Select(i => $"short,{Time(i)},1"),
        ];
        var options = new SrBatchOptions { Threshold = 0.35, BatchSize = -1, Mode = SrBatchMode.AnomalyOnly };
        var scores = Path.Combine(_folder.FullName, "scores.csv");
        Assert.Equal(0, Run(lines, options, "0", scores));
        var written = File.ReadAllLines(scores);
        Assert.Equal("series_id,timestamp,score,is_anomaly,magnitude", written[0]);
        Assert.Equal([20], Enumerable.Range(0, lines.Count).Where(row => written[row + 1].Split(',')[3] == "1"));
        Assert.Equal($"b,{Time(100)},,0,", written[demo.Length + 1]);
        Assert.Equal($"short,{Time(0)},,0,", written[demo.Length + 2]);
        Assert.Equal(
            ["1 anomalous points of 38 in 2 series.", "Without figures, fewer than 12 points: 11: 1 series, 'short' the first."],
            _output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries));

        Assert.Equal(0, Run(lines, options with { Mode = SrBatchMode.AnomalyAndMargin, Sensitivity = 98 }, "0", null));
        Assert.Contains("10             5       4.98888       5.01112", _output.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("-7", 64, "period '-7' is neither a whole number nor auto")]
    [InlineData("weekly", 64, "period 'weekly' is neither")]
    [InlineData("7", 101, "sensitivity 101 is not in 0 to 100")]
    [InlineData("501", 64, "batch size 2000 holds fewer than four periods of 501 points")]
    public void Options_that_cannot_be_are_refused(string period, double sensitivity, string cause)
    {
        Assert.Equal(2, Run(Calls(), Tutorial with { Sensitivity = sensitivity }, period, null));
        Assert.Contains(cause, _errors.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("batch", "calls.csv", "--period", "auto", "--mode", "expected-value", "--batch-size", "-1")]
    [InlineData("batch", "calls.csv")]
    [InlineData("calls.csv", "--detector", "sr")]
    public void The_command_stands_beside_the_detection_of_a_file(params string[] line) =>
        Assert.Empty(DetectCommand.Create().Parse(line).Errors);

    [Fact]
    public void A_file_that_cannot_be_read_is_named()
    {
        var output = new DetectOutput(_output, _errors, false, TimeProvider.System);
        var missing = Path.Combine(_folder.FullName, "missing.csv");
        Assert.Equal(2, DetectBatchCommand.Run(missing, Tutorial, "0", null, output, _output, CancellationToken.None));
        Assert.Contains("missing.csv", _errors.ToString(), StringComparison.Ordinal);
    }

    private static string Time(int day) => (1_535_932_800L + (86_400L * day)).ToString(CultureInfo.InvariantCulture);

    private static IEnumerable<string> Calls() => SrVectors.Input("phone-calls.csv")
        .Select((value, i) => $"\"calls, all\"\"\",{Time(i)},{value.ToString("R", CultureInfo.InvariantCulture)}");

    private int Run(IEnumerable<string> lines, SrBatchOptions options, string period, string? scores)
    {
        var file = Path.Combine(_folder.FullName, "in.csv");
        File.WriteAllLines(file, ["series_id,timestamp,value", .. lines]);
        var output = new DetectOutput(_output, _errors, false, TimeProvider.System);
        return DetectBatchCommand.Run(file, options, period, scores, output, _output, CancellationToken.None);
    }
}
