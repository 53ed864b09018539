using System.Globalization;
using System.Text.Json.Nodes;
using TokenStream.Detection.SpectralResidual;
using TokenStream.Tests.Architecture;

namespace TokenStream.Tests.Detection.SpectralResidual;

/// <summary>The golden vectors of the spectral detectors, computed apart from this project over ML.NET's test inputs and edge cases.</summary>
internal static class SrVectors
{
    private static readonly string Folder = Path.Combine(SourceTree.Root, "tests", "data", "detection", "srcnn");

    public static IReadOnlyDictionary<string, JsonObject> Cases { get; } =
        JsonNode.Parse(File.ReadAllText(Path.Combine(Folder, "cases.json")))!.AsArray()
            .Select(node => node!.AsObject())
            .ToDictionary(vector => vector["case"]!.GetValue<string>());

    /// <summary>The last column of an input: its values.</summary>
    public static double[] Input(string file) => [.. Rows(Path.Combine("inputs", file)).Select(row => row[^1])];

    /// <summary>The columns of an expected table behind its row number.</summary>
    public static double[][] Expected(string file) => [.. Rows(Path.Combine("expected", file)).Select(row => row[1..])];

    public static SrOptions StreamOptions(JsonObject parameters) => new()
    {
        WindowSize = parameters["window"]!.GetValue<int>(),
        BackAddWindowSize = parameters["back_add"]!.GetValue<int>(),
        LookaheadWindowSize = parameters["lookahead"]!.GetValue<int>(),
        AveragingWindowSize = parameters["avg_window"]!.GetValue<int>(),
        JudgementWindowSize = parameters["judge_window"]!.GetValue<int>(),
        Threshold = parameters["threshold"]!.GetValue<double>(),
    };

    public static SrBatchOptions BatchOptions(JsonObject parameters) => new()
    {
        BatchSize = parameters["batch_size"]!.GetValue<int>(),
        Threshold = parameters["threshold"]?.GetValue<double>() ?? 0.3,
        Sensitivity = parameters["sensitivity"]?.GetValue<double>() ?? 99,
        Period = parameters["period"]?.GetValue<int>() ?? 0,
        Deseasonality = Enum.Parse<Deseasonality>(parameters["deseason_mode"]?.GetValue<string>() ?? "stl", ignoreCase: true),
        Mode = parameters["mode"]?.GetValue<string>() switch
        {
            "margin" => SrBatchMode.AnomalyAndMargin,
            "expected" => SrBatchMode.AnomalyAndExpectedValue,
            _ => SrBatchMode.AnomalyOnly,
        },
    };

    public static double[] Row(SrPoint point) => [point.IsAlert ? 1 : 0, point.Score, point.Magnitude];

    public static double[] Row(SrBatchPoint point, SrBatchMode mode)
    {
        double[] row = [point.IsAnomaly ? 1 : 0, point.Score, point.Magnitude];
        return mode switch
        {
            SrBatchMode.AnomalyOnly => row,
            SrBatchMode.AnomalyAndExpectedValue => [.. row, point.ExpectedValue],
            _ => [.. row, point.ExpectedValue, point.BoundaryUnit, point.UpperBoundary, point.LowerBoundary],
        };
    }

    private static IEnumerable<double[]> Rows(string file) => File.ReadLines(Path.Combine(Folder, file)).Skip(1)
        .Select(line => line.Split(',').Select(Number).ToArray());

    /// <summary>An empty cell is a missing value, and so is a day.</summary>
    private static double Number(string cell) =>
        double.TryParse(cell, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : double.NaN;
}
