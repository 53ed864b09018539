using System.Globalization;
using TokenStream.Detection.SrCnn;
using TokenStream.Service.Commands;
using TokenStream.Tests.Detection;
using Xunit;

namespace TokenStream.Tests.Service.Detecting;

public sealed class DetectTrainCommandTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("tokenstream-train-");
    private readonly StringWriter _output = new(CultureInfo.InvariantCulture);
    private readonly StringWriter _errors = new(CultureInfo.InvariantCulture);

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void Files_are_trained_on_and_named_in_the_header()
    {
        var file = Series();
        var weights = Path.Combine(_folder.FullName, "weights.bin");
        Assert.Equal(0, Run([file], false, "CC0-1.0", "8", weights));

        var header = SrCnnWeights.Read(File.ReadAllBytes(weights)).Header;
        Assert.Equal(("series.csv", "CC0-1.0", 2), (header.Data, header.Licence, header.Epochs));
        Assert.Equal([128, 8, 128], header.Layers);

        // 400 points are windows at 0, 64, .. 256; the gap of 20 points cuts the other series into 200 and 180: 2 and 1.
        Assert.Equal(5 + 2 + 1, header.Windows);
        Assert.Contains("epoch 2 of 2: loss ", _output.ToString(), StringComparison.Ordinal);
        Assert.False(File.Exists(weights + ".part"));
    }

    [Fact]
    public void Data_without_a_licence_or_a_source_is_refused_before_anything_is_read()
    {
        var weights = Path.Combine(_folder.FullName, "weights.bin");
        Assert.Equal(2, Run(["absent.csv"], false, null, "8", weights));
        Assert.Contains("--licence", _errors.ToString(), StringComparison.Ordinal);
        Assert.Equal(2, Run([], false, null, "8", weights));
        Assert.Equal(2, Run(["absent.csv"], true, "MIT", "8", weights));
        Assert.Equal(2, Run([], true, null, "8,x", weights));
        Assert.Equal(2, Run([], true, null, "12", weights));
        Assert.Equal(2, Run(["absent.csv"], false, "MIT", "8", weights));
        Assert.Contains("absent.csv", _errors.ToString(), StringComparison.Ordinal);
        Assert.False(File.Exists(weights));
    }

    private string Series()
    {
        var drawn = new Simulated(1);
        var lines = Enumerable.Range(0, 400).Select(i => Row("a", i, drawn.Normal()))
            .Concat(Enumerable.Range(0, 400).Where(i => i is < 200 or >= 220).Select(i => Row("b", i, drawn.Normal())));
        var file = Path.Combine(_folder.FullName, "series.csv");
        File.WriteAllLines(file, ["series_id,timestamp,value", .. lines]);
        return file;
    }

    private static string Row(string series, int step, double value) =>
        string.Create(CultureInfo.InvariantCulture, $"{series},{1_700_000_040 + (60 * step)},{value:R}");

    private int Run(string[] data, bool synthetic, string? licence, string hidden, string file) => DetectTrainCommand.Run(
        data, synthetic, licence, hidden, file, new SrCnnTrainingOptions { Epochs = 2 }, _output, _errors, TimeProvider.System,
        CancellationToken.None);
}
