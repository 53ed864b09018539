using System.Globalization;
using System.Text.Json.Nodes;
using TokenStream.Detection.Evidence;
using TokenStream.Tests.Architecture;
using Xunit;

namespace TokenStream.Tests.Detection.Evidence;

/// <summary>The vectors of another implementation, <c>tests/data/detection/evidence</c>: value in, score and its four parts out.</summary>
public sealed class EvidenceVectorTests
{
    private static readonly string Folder = Path.Combine(SourceTree.Root, "tests/data/detection/evidence");

    public static TheoryData<string> Cases =>
        [.. JsonNode.Parse(File.ReadAllText(Path.Combine(Folder, "cases.json")))!.AsArray().Select(node => node!["case"]!.GetValue<string>())];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Every_score_and_part_agrees(string name)
    {
        var tolerance = Case(name)["tolerance"]!.GetValue<double>();
        var compared = 0;
        foreach (var (got, expected) in Compare(name, exactSeason: true))
        {
            for (var i = 0; i < expected.Length; i++)
            {
                Assert.InRange(got[i], expected[i] - tolerance, expected[i] + tolerance);
            }

            compared++;
        }

        Assert.Equal(Case(name)["steps"]!.GetValue<int>(), compared);
    }

    /// <summary>Means of the season at two bytes change few scores by much: those near the edge of a tail, where evidence begins at
    /// 1.7.</summary>
    [Theory]
    [MemberData(nameof(Cases))]
    public void The_short_season_that_is_kept_moves_hardly_a_score(string name)
    {
        var moved = 0;
        var all = 0;
        foreach (var (got, expected) in Compare(name, exactSeason: false))
        {
            moved += Math.Abs(got[0] - expected[0]) > 0.05 ? 1 : 0;
            all++;
        }

        Assert.InRange(moved, 0, all / 300);
    }

    private static JsonNode Case(string name) => JsonNode.Parse(File.ReadAllText(Path.Combine(Folder, "cases.json")))!.AsArray()
        .Single(node => node!["case"]!.GetValue<string>() == name)!;

    private static IEnumerable<(double[] Got, double[] Expected)> Compare(string name, bool exactSeason)
    {
        var expected = File.ReadLines(Path.Combine(Folder, "expected", $"{name}.csv")).Skip(1)
            .Select(line => line.Split(',').Select(Number).ToArray()).ToDictionary(row => (int)row[0], row => row[1..]);
        var detector = new EvidenceDetector(86_400 / Case(name)["steps_per_day"]!.GetValue<int>(), exactSeason);
        var state = new byte[detector.StateBytes];
        detector.Start(state);
        var row = 0;
        foreach (var line in File.ReadLines(Path.Combine(Folder, "inputs", $"{name}.csv")).Skip(1))
        {
            var score = detector.Score(state, row, line.Length > 0 ? Number(line) : double.NaN, out var parts);
            double[] got = [score.Value, score.Up, score.Down, parts.Fluctuation, parts.Level, parts.Excess, -parts.Shortfall];
            yield return (got, expected.GetValueOrDefault(row) ?? new double[got.Length]);
            row++;
        }
    }

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}
