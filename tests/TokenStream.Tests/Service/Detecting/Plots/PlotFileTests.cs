using System.Globalization;
using System.Xml.Linq;
using TokenStream.Service.Commands;
using TokenStream.Service.Detecting;
using TokenStream.Service.Detecting.Plots;
using TokenStream.Tests.Detection;
using Xunit;

namespace TokenStream.Tests.Service.Detecting.Plots;

public sealed class PlotFileTests : IDisposable
{
    private static readonly XNamespace Svg = "http://www.w3.org/2000/svg";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("tokenstream-plot-");
    private readonly StringWriter _errors = new(CultureInfo.InvariantCulture);

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void A_spike_of_one_minute_in_a_long_series_is_drawn_at_its_height_and_marked()
    {
        // 60 days: 80 points share a pixel.
        var values = new Simulated(5).PoissonSeries(90, 86_400);
        values[50_000] = 2_000;
        var svg = Draw(values.Select((value, i) => $"chat,{Time(i)},{Text(value)}"));

        // The scale reaches from zero to a twentieth above the spike.
        var highest = Coordinates(svg, "value").Min(point => point.Y);
        var (top, height) = (96.0, 360.0);
        Assert.Equal(top + height - (2_000 / 2_100.0 * height), highest, 0.1);
        var dot = Elements(svg, "circle", "peak").Last();
        Assert.Contains("peak 2000, expected 9", dot.Element(Svg + "title")!.Value, StringComparison.Ordinal);
        Assert.Equal(84 + (50_000.5 / 86_400 * 1_080), Number(dot, "cx"), 0.1);
        Assert.Contains(Elements(svg, "rect", "shade"), shade =>
            Number(shade, "height") == height &&
            Number(shade, "x") <= Number(dot, "cx") &&
            Number(shade, "x") + Number(shade, "width") >= Number(dot, "cx"));
        Assert.InRange(Coordinates(svg, "value").Count, 1_080, 4 * 1_081);
    }

    [Fact]
    public void The_expected_band_holds_what_the_series_does_and_begins_where_something_is_known()
    {
        var svg = Draw(new Simulated(6).PoissonSeries(100, 1_000).Select((value, i) => $"chat,{Time(i)},{Text(value)}"));
        var band = Coordinates(svg, "band");
        var value = Coordinates(svg, "value");
        Assert.True(band.Min(point => point.X) > value.Min(point => point.X));
        Assert.InRange(band.Average(point => point.Y), value.Average(point => point.Y) - 10, value.Average(point => point.Y) + 10);
    }

    [Fact]
    public void A_line_ends_where_points_are_missing()
    {
        var rows = Enumerable.Range(0, 200).Where(i => i is < 50 or >= 80).Select(i => $"a,{Time(i)},{i % 7}");
        var path = Elements(Draw(rows), "path", "value").Single().Attribute("d")!.Value;
        Assert.Equal(2, path.Count(command => command == 'M'));
        Assert.Equal(2, Draw(["a,0,1", "a,60,", "a,120,3"]).Descendants(Svg + "path").Single().Attribute("d")!.Value.Count(c => c == 'M'));
    }

    [Fact]
    public void Of_many_series_those_with_the_strongest_anomalies_are_drawn_in_the_order_of_the_file()
    {
        var rows = Enumerable.Range(0, 40).SelectMany(series =>
        {
            var values = new Simulated(series + 1).PoissonSeries(90, 300);
            values[200] = series >= 20 && series % 2 == 0 ? 2_000 + series : values[200];
            return values.Select((value, i) => $"s{series},{Time(i)},{Text(value)}");
        });
        var svg = Draw(rows);
        var names = Elements(svg, "text", "name").Select(name => name.Value).ToList();
        Assert.Equal(12, names.Count);
        Assert.Equal(
            ["s20", "s22", "s24", "s26", "s28", "s30", "s32", "s34", "s36", "s38"],
            names.Where(name => name[1] >= '2' && name.Length == 3 && name[^1] % 2 == 0));
        Assert.Contains(Elements(svg, "text", "note"), note => note.Value.Contains("12 of 40 series", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("\"<b> & \"\"c\"\"\u0001\"", "<b> & \"\"c\"\"?")]
    [InlineData("\ud83d\ude00 \uffff", "\ud83d\ude00 ?")]
    public void Any_name_is_shown_and_the_file_stays_XML(string name, string shown)
    {
        var svg = Draw([$"{name},0,1", $"{name},60,2"]);
        Assert.Equal(shown, Elements(svg, "text", "name").Single().Value);
    }

    [Theory]
    [InlineData("1e99", "-1e99")]
    [InlineData("1e-300", "2e-300")]
    [InlineData("5", "5")]
    [InlineData("0", "0")]
    [InlineData("", "")]
    [InlineData("NaN", "1e308")]
    public void Any_values_give_a_picture_of_finite_numbers(string first, string second)
    {
        var svg = Draw([$"a,-59999999940,{first}", $"a,-59999999880,{second}", "b,59999999940,3"]);
        foreach (var attribute in svg.Descendants().Attributes())
        {
            Assert.DoesNotContain("NaN", attribute.Value, StringComparison.Ordinal);
            Assert.DoesNotContain("\u221e", attribute.Value, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Where_it_cannot_be_written_nothing_is_left_behind()
    {
        var file = Write(["a,0,1"]);
        var output = new DetectOutput(TextWriter.Null, _errors, isTerminal: false, TimeProvider.System);
        var plot = Path.Combine(_folder.FullName, "none", "plot.svg");
        Assert.Equal(2, DetectCommand.Run(file, "evidence", new DetectFiles(null, plot), null, output, CancellationToken.None));
        Assert.Contains("none", _errors.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Marks_of_time_are_round_in_UTC_and_name_the_day_at_midnight()
    {
        // 2023-11-14 22:13:20 UTC on.
        var marks = PlotAxis.Times(1_700_000_000, 1_700_000_000 + (8 * 3_600), 12);
        Assert.Equal(["23:00", "15 Nov", "01:00", "02:00", "03:00", "04:00", "05:00", "06:00"], marks.Select(mark => mark.Text));
        Assert.Equal(1_700_006_400, marks[1].Seconds);
    }

    [Theory]
    [InlineData(0, 10, "0 2 4 6 8 10")]
    [InlineData(0, 0.0021, "0 0.0005 0.0010 0.0015 0.0020")]
    [InlineData(0, 52_000, "0 20k 40k")]
    [InlineData(-5, 5, "-4 -2 0 2 4")]
    public void Marks_of_values_are_one_two_or_five_apart(double from, double to, string marks) =>
        Assert.Equal(marks, string.Join(' ', PlotAxis.Values(from, to, 5).Select(mark => mark.Text)));

    private static IEnumerable<XElement> Elements(XDocument svg, string name, string kind) =>
        svg.Descendants(Svg + name).Where(element => element.Attribute("class")!.Value.Split(' ').Contains(kind));

    private static double Number(XElement element, string name) => double.Parse(element.Attribute(name)!.Value, CultureInfo.InvariantCulture);

    private static List<(double X, double Y)> Coordinates(XDocument svg, string kind) =>
    [
        .. Elements(svg, "path", kind).Single().Attribute("d")!.Value.Replace("h0", "", StringComparison.Ordinal)
            .Split(['M', 'L', 'Z'], StringSplitOptions.RemoveEmptyEntries)
            .Select(pair => pair.Split(' '))
            .Select(pair => pair.Select(number => double.Parse(number, CultureInfo.InvariantCulture)).ToArray())
            .Select(pair => (pair[0], pair[1])),
    ];

    /// <summary>Minutes from a midnight on.</summary>
    private static long Time(int minute) => 1_699_920_000 + (60L * minute);

    private static string Text(double value) => value.ToString(CultureInfo.InvariantCulture);

    private string Write(IEnumerable<string> rows)
    {
        var file = Path.Combine(_folder.FullName, "in.csv");
        File.WriteAllLines(file, ["series_id,timestamp,value", .. rows]);
        return file;
    }

    private XDocument Draw(IEnumerable<string> rows)
    {
        var plot = Path.Combine(_folder.FullName, "plot.svg");
        var output = new DetectOutput(TextWriter.Null, _errors, isTerminal: false, TimeProvider.System);
        Assert.Equal(0, DetectCommand.Run(Write(rows), "evidence", new DetectFiles(null, plot), null, output, CancellationToken.None));
        Assert.False(File.Exists(plot + ".part"));
        return XDocument.Load(plot);
    }
}
