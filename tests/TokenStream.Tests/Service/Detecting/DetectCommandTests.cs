using System.Globalization;
using System.IO.Compression;
using System.Text;
using TokenStream.Service.Commands;
using TokenStream.Service.Detecting;
using TokenStream.Tests.Detection;
using Xunit;

namespace TokenStream.Tests.Service.Detecting;

public sealed class DetectCommandTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("tokenstream-detect-");
    private readonly StringWriter _output = new(CultureInfo.InvariantCulture);
    private readonly StringWriter _errors = new(CultureInfo.InvariantCulture);

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void A_row_is_written_for_every_row_in_their_order_with_the_score_of_the_point()
    {
        var values = Spiked();
        var lines = values.Select((value, i) => $"b,{Time(i)},{Text(value)}").Concat(values.Select((_, i) => $"\"a,1\",{Time(i)},5")).ToList();
        var scores = Path.Combine(_folder.FullName, "scores.csv");
        Assert.Equal(0, Run(["series_id,timestamp,value", .. lines], scores: scores));

        var written = File.ReadAllLines(scores);
        Assert.Equal("series_id,timestamp,score,is_anomaly", written[0]);
        Assert.Equal(lines.Count + 1, written.Length);
        var expected = DetectorRun.Fold(TokenStream.Detection.SeriesDetectors.Create("evidence", 60), values);
        for (var i = 0; i < values.Length; i++)
        {
            var flag = expected[i].Value >= 13 ? 1 : 0;
            Assert.Equal($"b,{Time(i)},{Text(expected[i].Value)},{flag}", written[i + 1]);
            Assert.Equal($"\"a,1\",{Time(i)},0,0", written[values.Length + i + 1]);
        }

        Assert.Contains(",1", written[1 + 2000][^2..], StringComparison.Ordinal);
        Assert.False(File.Exists(scores + ".part"));
    }

    [Fact]
    public void Gzip_other_columns_another_order_unordered_rows_and_ISO_times_give_the_same_scores()
    {
        var values = Spiked();
        var plain = Path.Combine(_folder.FullName, "plain.csv");
        Run(["series_id,timestamp,value", .. values.Select((value, i) => $"b,{Time(i)},{Text(value)}")], scores: plain);

        var file = Path.Combine(_folder.FullName, "in.csv.gz");
        using (var writer = new StreamWriter(new GZipStream(File.Create(file), CompressionLevel.Fastest)))
        {
            writer.Write("label,value,series,timestamp\r\n");
            foreach (var i in Enumerable.Range(0, values.Length).Reverse())
            {
                var time = DateTimeOffset.FromUnixTimeSeconds(Time(i)).ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);
                writer.Write($"0,{Text(values[i])},b,{time}\r\n");
            }
        }

        var scores = Path.Combine(_folder.FullName, "scores.csv.gz");
        Assert.Equal(0, RunFile(file, scores));
        using var reader = new StreamReader(new GZipStream(File.OpenRead(scores), CompressionMode.Decompress));
        var said = reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1).Reverse().Select(line => line.Split(',')).ToList();
        var known = File.ReadAllLines(plain).Skip(1).Select(line => line.Split(',')).ToList();
        Assert.Equal(known.Select(row => row[2]), said.Select(row => row[2]));
        Assert.Equal("2023-11-14T00:00:00Z", said[0][1]);
    }

    [Fact]
    public void Without_scores_the_anomalies_are_listed()
    {
        Assert.Equal(0, Run(["series,timestamp,value", .. Spiked().Select((value, i) => $"chat,{Time(i)},{Text(value)}")]));
        var lines = _output.ToString().Split('\n');
        Assert.StartsWith("series", lines[0], StringComparison.Ordinal);
        Assert.Matches(@"^chat +2023-11-15T09:20:00Z +2023-11-15T09:2\d:00Z +up +\d+\.\d +900 ", lines[1]);
        Assert.Contains("in 2,400 points of 1 series by evidence, score 13 or more", _output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Rows_without_a_value_and_second_rows_of_a_step_have_no_score()
    {
        var scores = Path.Combine(_folder.FullName, "scores.csv");
        Assert.Equal(0, Run(["series_id,timestamp,value", "a,0,1", "a,60,", "a,120,3", "a,120,4", "a,180,NaN", "a,240.5,5"], scores: scores));
        Assert.Equal(["a,0,0,0", "a,60,,0", "a,120,0,0", "a,120,,0", "a,180,,0", "a,240,0,0"], File.ReadAllLines(scores)[1..]);
        Assert.Contains("1 rows fell on a step", _output.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("series_id,time,value", "a,0,1", ":1: the header must name series_id")]
    [InlineData("series_id,timestamp,value", "a,0,1\na,60,many", ":3: the value 'many' is no number")]
    [InlineData("series_id,timestamp,value", "a,0,1\n\na,yesterday,2", ":4: the timestamp 'yesterday' is neither")]
    [InlineData("series_id,timestamp,value", "a,1699920000000,1", ":2: the timestamp '1699920000000' is no time in seconds: milliseconds")]
    [InlineData("series_id,timestamp,value", "a,0", ":2: the row has fewer fields")]
    [InlineData("series_id,timestamp,value", "\"a,0,1", ":2: a quote is not closed")]
    [InlineData("series_id,timestamp,value", "a,0,1\na,50000000000,1", "more than a year")]
    [InlineData("series_id,timestamp,value", "", "the file holds no rows")]
    public void What_is_wrong_is_told_with_its_line(string header, string rows, string message)
    {
        Assert.Equal(2, Run([header, .. rows.Split('\n')]));
        Assert.Contains(message, _errors.ToString(), StringComparison.Ordinal);
        Assert.Equal("", _output.ToString());
    }

    [Fact]
    public void Any_bytes_give_an_answer_or_an_error_and_no_exception()
    {
        var random = new Random(7);
        for (var round = 0; round < 2000; round++)
        {
            var bytes = Encoding.ASCII.GetBytes("series_id,timestamp,value\na,0,1\nb,2026-01-01T00:00:00Z,2\n\"c\",60,3\n");
            for (var i = random.Next(1, 6); i > 0; i--)
            {
                bytes[random.Next(26, bytes.Length)] = (byte)random.Next(256);
            }

            try
            {
                SeriesFile.Read(new MemoryStream(bytes), "fuzz", _ => { }, CancellationToken.None).Grids();
            }
            catch (FormatException failure)
            {
                Assert.NotEmpty(failure.Message);
            }
        }
    }

    [Fact]
    public void A_file_that_is_not_there_is_told()
    {
        Assert.Equal(2, RunFile(Path.Combine(_folder.FullName, "none.csv"), null));
        Assert.Contains("none.csv cannot be scored", _errors.ToString(), StringComparison.Ordinal);
    }

    private static double[] Spiked()
    {
        var values = new Simulated(31).PoissonSeries(90, 2400);
        values[2000] = 900;
        return values;
    }

    /// <summary>Minutes from a midnight on.</summary>
    private static long Time(int minute) => 1_699_920_000 + (60L * minute);

    private static string Text(double value) => value.ToString(CultureInfo.InvariantCulture);

    private int Run(IEnumerable<string> lines, string? scores = null)
    {
        var file = Path.Combine(_folder.FullName, "in.csv");
        File.WriteAllText(file, string.Join('\n', lines));
        return RunFile(file, scores);
    }

    private int RunFile(string file, string? scores, string? plot = null) => DetectCommand.Run(
        file, "evidence", new DetectFiles(scores, plot), null, new DetectOutput(_output, _errors, isTerminal: false, TimeProvider.System), CancellationToken.None);
}
