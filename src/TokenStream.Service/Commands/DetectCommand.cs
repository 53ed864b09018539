using System.CommandLine;
using System.Globalization;
using TokenStream.Detection;
using TokenStream.Service.Detecting;

namespace TokenStream.Service.Commands;

/// <summary><c>tokenstream detect</c>: the detectors on any file of series.</summary>
internal static class DetectCommand
{
    private const int UsageError = 2;

    /// <summary>Most anomalies that are listed; all are counted.</summary>
    private const int MostListed = 200;

    internal static Command Create()
    {
        var file = new Argument<string>("file")
        {
            Description = "CSV with a header that names series_id (or series), timestamp (epoch seconds or ISO 8601, UTC) and value; an empty " +
                "value, or a step without a row, is a missing point and not zero. Unpacked where the name ends in .gz; - for standard input.",
        };
        var detector = new Option<string>("--detector")
        {
            Description = string.Join("; ", SeriesDetectors.All.Select(entry => $"{entry.Name}: {entry.Description}")) + ".",
            DefaultValueFactory = _ => SeriesDetectors.Default,
        };
        detector.AcceptOnlyFromAmong([.. SeriesDetectors.All.Select(entry => entry.Name)]);
        var scores = new Option<string?>("--scores")
        {
            Description = "Write series_id,timestamp,score,is_anomaly here, a row for every row of the file, gzipped where the name ends in .gz; " +
                "without it the anomalies are listed.",
        };
        var defaults = string.Join(
            ", ", SeriesDetectors.All.Select(entry => string.Create(CultureInfo.InvariantCulture, $"{entry.Threshold} for {entry.Name}")));
        var threshold = new Option<double?>("--threshold")
        {
            Description = $"From which score on a point is an anomaly. Default: {defaults}, where nothing was calibrated; lower finds more and " +
                "raises more false alarms.",
        };
        var command = new Command(
            "detect",
            """
            Score every point of the series of a file and list the anomalies, or write the scores. The step of each series is found by itself.
            Exit code 0 whether there are anomalies or not, 2 where the file cannot be read.
            Example: tokenstream detect tokens.csv.gz --scores scores.csv
            """) { file, detector, scores, threshold, DetectBatchCommand.Create() };
        command.SetAction((parsed, cancellation) => Task.Run(
            () => Run(
                parsed.GetValue(file)!,
                parsed.GetValue(detector)!,
                parsed.GetValue(scores),
                parsed.GetValue(threshold),
                new DetectOutput(Console.Out, Console.Error, !Console.IsErrorRedirected, TimeProvider.System),
                cancellation),
            CancellationToken.None));
        return command;
    }

    internal static int Run(
        string file, string detector, string? scoresFile, double? threshold, DetectOutput output, CancellationToken cancellation)
    {
        if (threshold is { } asked && !(asked > 0 && double.IsFinite(asked)))
        {
            output.Fail("--threshold must be a number above 0.");
            return UsageError;
        }

        try
        {
            var least = threshold ?? SeriesDetectors.Find(detector)!.Threshold;
            var table = SeriesFile.Read(file, rows => output.Progress($"read {rows:N0} rows"), cancellation);
            var grids = table.Grids();
            var scores = new double[table.Count];
            var episodes = Score(grids, table, scores, detector, least, output, cancellation);
            output.EndProgress();
            if (scoresFile is not null)
            {
                ScoreFile.Write(scoresFile, table, scores, least, cancellation);
            }
            else
            {
                output.List(episodes, MostListed);
            }

            output.Summarise(table, grids, episodes.Count, detector, least, scoresFile);
            return 0;
        }
        catch (Exception failure) when (failure is IOException or FormatException or UnauthorizedAccessException or InvalidDataException)
        {
            output.Fail(failure is FormatException ? failure.Message : $"{file} cannot be scored: {failure.Message}");
            return UsageError;
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            output.Fail("Stopped before the end; nothing was written.");
            return 1;
        }
    }

    private static List<DetectedEpisode> Score(
        IReadOnlyList<SeriesGrid> grids,
        SeriesTable table,
        double[] scores,
        string detector,
        double threshold,
        DetectOutput output,
        CancellationToken cancellation)
    {
        var found = new List<DetectedEpisode>[grids.Count];
        var done = 0;
        Parallel.For(
            0,
            grids.Count,
            new ParallelOptions { CancellationToken = cancellation },
            () => new SeriesScorer(detector, threshold),
            (series, _, scorer) =>
            {
                found[series] = scorer.Score(grids[series], table.Values, scores);
                var count = Interlocked.Increment(ref done);
                output.Progress($"scored {count:N0} of {grids.Count:N0} series");
                return scorer;
            },
            _ => { });
        return [.. found.SelectMany(own => own)];
    }
}
