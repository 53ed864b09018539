using System.Globalization;
using System.IO.Compression;

namespace TokenStream.Tests.Detection.Bench;

/// <summary>Reads the labelled sets, which are no part of the project.</summary>
internal static class BenchData
{
    private const long TokensStart = 1_699_920_000;
    private const int TokensWarm = 3 * 1440;
    private const int TokensClean = 8 * 1440;
    private const double FitShare = 0.6;

    public static string? Folder { get; } =
        Environment.GetEnvironmentVariable("TOKENSTREAM_DETECTION") is { Length: > 0 } folder && Directory.Exists(folder) ? folder : null;

    public static List<BenchSeries> Load(string set, string folder)
    {
        var windows = set == "nab" ? Windows(folder) : [];
        var file = set switch
        {
            "kpi" => "kpi_2018_train.csv.gz",
            "msft" => "msft_cloud_series.csv.gz",
            "nab" => "nab_series.csv.gz",
            _ => "token_incidents_dev.csv.gz",
        };
        var per = new Dictionary<string, List<(long Time, double Value, bool Label)>>();
        foreach (var line in Lines(Path.Combine(folder, file)))
        {
            var fields = line.Split(',');
            if (fields[2].Length > 0)
            {
                var time = set == "tokens"
                    ? TokensStart + (60 * long.Parse(fields[1], CultureInfo.InvariantCulture))
                    : Seconds(fields[1]);
                if (!per.TryGetValue(fields[0], out var list))
                {
                    per[fields[0]] = list = [];
                }

                list.Add((time, double.Parse(fields[2], CultureInfo.InvariantCulture), set != "nab" && fields[3].Length > 0 && fields[3][0] == '1'));
            }
        }

        return [.. per.OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => Build(set, p.Key, p.Value, windows.GetValueOrDefault(p.Key) ?? []))];
    }

    private static BenchSeries Build(
        string set, string name, List<(long Time, double Value, bool Label)> read, List<(long Start, long End)> windows)
    {
        var rows = read.OrderBy(row => row.Time).ToList();
        if (set != "nab")
        {
            rows = [.. rows.Where((row, i) => i == 0 || row.Time > rows[i - 1].Time)];
        }

        var step = rows.Zip(rows.Skip(1), (a, b) => (int)(b.Time - a.Time)).Where(gap => gap > 0)
            .GroupBy(gap => gap).OrderByDescending(group => group.Count()).ThenBy(group => group.Key).First().Key;
        var index = rows.Select((row, i) => set == "nab" ? i : (int)((row.Time - rows[0].Time + (step / 2)) / step)).ToArray();
        var labels = new bool[index[^1] + 1];
        for (var i = 0; i < rows.Count; i++)
        {
            labels[index[i]] = rows[i].Label || windows.Any(window => rows[i].Time >= window.Start && rows[i].Time <= window.End);
        }

        var cut = (int)(FitShare * labels.Length);
        return new BenchSeries
        {
            Name = name,
            Times = [.. rows.Select(row => row.Time)],
            Values = [.. rows.Select(row => row.Value)],
            Index = index,
            StepSeconds = step,
            Labels = labels,
            Windows = windows,
            Fit = set switch { "kpi" => (0, cut), "tokens" => (TokensWarm, TokensClean), _ => (0, 0) },
            Scored = set switch { "kpi" => (cut, labels.Length), "tokens" => (TokensWarm, labels.Length), _ => (0, labels.Length) },
        };
    }

    private static Dictionary<string, List<(long Start, long End)>> Windows(string folder)
    {
        var windows = new Dictionary<string, List<(long, long)>>();
        foreach (var line in File.ReadLines(Path.Combine(folder, "nab_anomaly_windows.csv")).Skip(1))
        {
            var fields = line.Split(',');
            (windows.TryGetValue(fields[0], out var list) ? list : windows[fields[0]] = []).Add((Seconds(fields[1]), Seconds(fields[2])));
        }

        return windows;
    }

    private static IEnumerable<string> Lines(string path)
    {
        using var file = File.OpenRead(path);
        using var reader = new StreamReader(new GZipStream(file, CompressionMode.Decompress));
        reader.ReadLine();
        while (reader.ReadLine() is { } line)
        {
            yield return line;
        }
    }

    private static long Seconds(string text) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
        ? seconds
        : new DateTimeOffset(
            DateTime.Parse(text.Split('.')[0], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal))
            .ToUnixTimeSeconds();
}
