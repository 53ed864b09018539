using System.CommandLine;
using System.Globalization;
using TokenStream.Detection.SpectralResidual;
using TokenStream.Service.Detecting;

namespace TokenStream.Service.Commands;

/// <summary><c>tokenstream detect batch</c>: ML.NET's batch detection on a file, for people who know its parameters and figures.</summary>
internal static class DetectBatchCommand
{
    private const int UsageError = 2;

    /// <summary>Most anomalies that are listed; all are counted.</summary>
    private const int MostListed = 200;

    private const string AutomaticPeriod = "auto";

    internal static Command Create()
    {
        var defaults = new SrBatchOptions();
        var file = new Argument<string>("file")
        {
            Description = "CSV as for tokenstream detect. Rows are taken in the order of time; those without a value are left out.",
        };
        var mode = Choice("--mode", "margin", "How much is said of each point", ["anomaly-only", "expected-value", "margin"]);
        var threshold = Number("--threshold", defaults.Threshold, "Score above which a point may be an anomaly, 0 to 1.");
        var sensitivity = Number("--sensitivity", defaults.Sensitivity, "0 to 100: the higher, the narrower the margin.");
        var batchSize = new Option<int>("--batch-size")
        {
            Description = "Points that are looked at together, 12 or more; -1 for all of a series.",
            DefaultValueFactory = _ => defaults.BatchSize,
        };
        var period = new Option<string>("--period")
        {
            Description = "Points after which a series repeats itself; 0 for none, auto to find it for each series.",
            DefaultValueFactory = _ => "0",
        };
        var deseasonality = Choice("--deseasonality", "stl", "How the season is taken out where there is a period", ["stl", "mean", "median"]);
        var scores = new Option<string?>("--scores")
        {
            Description = "Write series_id,timestamp,score,is_anomaly and the mode's further figures here, a row for every row of the file, " +
                "gzipped where the name ends in .gz; without it the anomalies are listed.",
        };
        var command = new Command(
            "batch",
            """
            Find anomalies as ML.NET's DetectEntireAnomalyBySrCnn does, with its parameters and its figures. It looks at a whole series, later
            points too: for looking back, not for watching. Exit code 0 whether there are anomalies or not, 2 where the file cannot be read.
            Example: tokenstream detect batch calls.csv --period auto --sensitivity 64
            """) { file, mode, threshold, sensitivity, batchSize, period, deseasonality, scores };
        command.SetAction((parsed, cancellation) => Task.Run(
            () =>
            {
                var output = new DetectOutput(Console.Out, Console.Error, !Console.IsErrorRedirected, TimeProvider.System);
                var options = new SrBatchOptions
                {
                    Mode = ModeOf(parsed.GetValue(mode)!),
                    Threshold = parsed.GetValue(threshold),
                    Sensitivity = parsed.GetValue(sensitivity),
                    BatchSize = parsed.GetValue(batchSize),
                    Deseasonality = Enum.Parse<Deseasonality>(parsed.GetValue(deseasonality)!, ignoreCase: true),
                };
                return Run(parsed.GetValue(file)!, options, parsed.GetValue(period)!, parsed.GetValue(scores), output, Console.Out, cancellation);
            },
            CancellationToken.None));
        return command;
    }

    internal static int Run(
        string file, SrBatchOptions options, string period, string? scoresFile, DetectOutput output, TextWriter writer,
        CancellationToken cancellation)
    {
        try
        {
            var isAutomatic = period == AutomaticPeriod;
            if (!isAutomatic && !int.TryParse(period, NumberStyles.None, CultureInfo.InvariantCulture, out _))
            {
                throw new ArgumentException($"period '{period}' is neither a whole number nor {AutomaticPeriod}");
            }

            options = options with { Period = isAutomatic ? 0 : int.Parse(period, CultureInfo.InvariantCulture) };
            options.Validate();
            var table = SeriesFile.Read(file, rows => output.Progress($"read {rows:N0} rows"), cancellation);
            var points = new SrBatchPoint?[table.Count];
            var refusals = Detect(table, points, options, isAutomatic, output, cancellation);
            output.EndProgress();
            if (scoresFile is not null)
            {
                BatchFile.Write(scoresFile, table, points, options.Mode, cancellation);
            }
            else
            {
                List(table, points, writer);
            }

            writer.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{points.Count(point => point is { IsAnomaly: true }):N0} anomalous points of {table.Count:N0} in {table.Names.Count:N0} series."));
            foreach (var refusal in refusals.GroupBy(refusal => refusal.Why))
            {
                writer.WriteLine($"Without figures, {refusal.Key}: {refusal.Count()} series, '{refusal.First().Series}' the first.");
            }

            return 0;
        }
        catch (ArgumentException wrong)
        {
            output.Fail($"These options do not go together: {wrong.Message}.");
            return UsageError;
        }
        catch (Exception failure) when (failure is IOException or FormatException or UnauthorizedAccessException or InvalidDataException)
        {
            output.Fail(failure is FormatException ? failure.Message : $"{file} cannot be looked at: {failure.Message}");
            return UsageError;
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            output.Fail("Stopped before the end; nothing was written.");
            return 1;
        }
    }

    private static SrBatchMode ModeOf(string name) => name switch
    {
        "anomaly-only" => SrBatchMode.AnomalyOnly,
        "expected-value" => SrBatchMode.AnomalyAndExpectedValue,
        _ => SrBatchMode.AnomalyAndMargin,
    };

    private static Option<string> Choice(string name, string usual, string description, string[] values)
    {
        var option = new Option<string>(name) { Description = $"{description}: {string.Join(", ", values)}.", DefaultValueFactory = _ => usual };
        option.AcceptOnlyFromAmong(values);
        return option;
    }

    private static Option<double> Number(string name, double usual, string description) =>
        new(name) { Description = description, DefaultValueFactory = _ => usual };

    /// <summary>Series that are too short for the options have no figures: said, and no reason to leave out the others.</summary>
    private static List<(string Series, string Why)> Detect(
        SeriesTable table, SrBatchPoint?[] points, SrBatchOptions options, bool findPeriod, DetectOutput output, CancellationToken cancellation)
    {
        var refusals = new List<(string, string)>();
        var done = 0;
        foreach (var grid in table.Grids())
        {
            cancellation.ThrowIfCancellationRequested();
            int[] rows = [.. grid.Rows.Where(row => !double.IsNaN(table.Values[row]))];
            double[] values = [.. rows.Select(row => table.Values[row])];
            try
            {
                var found = findPeriod ? Math.Max(0, PeriodDetector.Detect(values)) : options.Period;
                var figures = SrBatchDetector.Detect(values, options with { Period = found });
                for (var i = 0; i < rows.Length; i++)
                {
                    points[rows[i]] = figures[i];
                }
            }
            catch (ArgumentException tooShort)
            {
                refusals.Add((grid.Name, tooShort.Message));
            }

            done++;
            output.Progress($"looked at {done:N0} of {table.Names.Count:N0} series");
        }

        return refusals;
    }

    private static void List(SeriesTable table, SrBatchPoint?[] points, TextWriter writer)
    {
        var anomalies = Enumerable.Range(0, points.Length).Where(row => points[row] is { IsAnomaly: true }).ToList();
        if (anomalies.Count == 0)
        {
            return;
        }

        writer.WriteLine($"{"series",-24}  {"time",-20}  {"score",7}  {"value",12}  {"expected",12}  {"lower",12}  {"upper",12}");
        Span<char> buffer = stackalloc char[24];
        foreach (var row in anomalies.Take(MostListed))
        {
            var point = points[row]!.Value;
            var time = ScoreFile.Time(table.Times[row], iso: true, buffer).ToString();
            writer.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{table.Names[table.Series[row]],-24}  {time,-20}  {point.Score,7:F3}  {table.Values[row],12:G6}  {Shown(point.ExpectedValue),12}  " +
                $"{Shown(point.LowerBoundary),12}  {Shown(point.UpperBoundary),12}"));
        }

        if (anomalies.Count > MostListed)
        {
            writer.WriteLine(string.Create(CultureInfo.InvariantCulture, $".. the first {MostListed} of {anomalies.Count:N0}; --scores writes all."));
        }
    }

    private static string Shown(double figure) => double.IsNaN(figure) ? "-" : figure.ToString("G6", CultureInfo.InvariantCulture);
}
