using System.CommandLine;
using System.Globalization;
using TokenStream.ClickHouse;
using TokenStream.Detection;
using TokenStream.Service.Detecting;
using TokenStream.Service.Detecting.Plots;
using TokenStream.Service.Node;
using TokenStream.Storage;

namespace TokenStream.Service.Commands;

/// <summary><c>tokenstream detect</c>: the detectors on any file of series, or on what is stored.</summary>
internal static class DetectCommand
{
    private const int UsageError = 2;

    /// <summary>Most anomalies that are listed; all are counted.</summary>
    private const int MostListed = 200;

    internal static Command Create()
    {
        var file = new Argument<string?>("file")
        {
            Arity = ArgumentArity.ZeroOrOne,
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
        var plot = new Option<string?>("--plot")
        {
            Description = $"Draw value, expected band and anomalies into this SVG file, the {PlotFile.MostSeries} series with the strongest anomalies; " +
                "any browser shows it.",
        };
        var command = new Command(
            "detect",
            """
            Score every point of the series of a file, or with --store of stored usage, and list the anomalies, or write the scores. The step
            of each series of a file is found by itself. Exit code 0 whether there are anomalies or not, 1 where the store does not answer,
            2 where the file cannot be read.
            Examples: tokenstream detect tokens.csv.gz --scores scores.csv --plot tokens.svg
                      tokenstream detect --store --tenant acme --feature chat --from 2026-11-01 --to 2026-11-02 --plot chat.svg
            """) { file, detector, scores, threshold, plot, DetectBatchCommand.Create(), DetectTrainCommand.Create() };
        var store = new DetectStoreOptions();
        store.AddTo(command);
        command.SetAction((parsed, cancellation) => Task.Run(
            async () =>
            {
                var output = new DetectOutput(Console.Out, Console.Error, !Console.IsErrorRedirected, TimeProvider.System);
                var path = parsed.GetValue(file);
                if (path is null != store.IsAsked(parsed))
                {
                    output.Fail("Name a file or ask for --store, one of the two.");
                    return UsageError;
                }

                try
                {
                    var subject = path is null ? await store.ReadAsync(parsed, cancellation) : OfFile(path, output, cancellation);
                    var files = new DetectFiles(parsed.GetValue(scores), parsed.GetValue(plot));
                    return Run(subject, parsed.GetValue(detector)!, files, parsed.GetValue(threshold), output, cancellation);
                }
                catch (Exception failure) when (failure is NodeStartException or StoreUnavailableException or ClickHouseException)
                {
                    output.Fail(failure.Message);
                    return 1;
                }
            },
            CancellationToken.None));
        return command;
    }

    internal static int Run(
        string file, string detector, DetectFiles files, double? threshold, DetectOutput output, CancellationToken cancellation) =>
        Run(OfFile(file, output, cancellation), detector, files, threshold, output, cancellation);

    private static DetectSubject OfFile(string file, DetectOutput output, CancellationToken cancellation) => new(
        file,
        $"Anomalies of {(file == "-" ? "standard input" : Path.GetFileName(file))}",
        null,
        () => SeriesFile.Read(file, rows => output.Progress($"read {rows:N0} rows"), cancellation));

    internal static int Run(
        DetectSubject subject, string detector, DetectFiles files, double? threshold, DetectOutput output, CancellationToken cancellation)
    {
        if (threshold is { } asked && !(asked > 0 && double.IsFinite(asked)))
        {
            output.Fail("--threshold must be a number above 0.");
            return UsageError;
        }

        try
        {
            var least = threshold ?? SeriesDetectors.Find(detector)!.Threshold;
            var table = subject.Read();
            var grids = table.Grids();
            var scores = new double[table.Count];
            var episodes = Score(grids, table, scores, detector, least, output, cancellation);
            episodes.RemoveAll(episode => episode.EndSeconds <= subject.FromSeconds);
            output.EndProgress();
            if (files.Plot is not null)
            {
                PlotFile.Write(files.Plot, subject, table, grids, episodes, new SeriesScorer(detector, least), cancellation);
            }

            if (files.Scores is not null)
            {
                ScoreFile.Write(files.Scores, table, scores, least, subject.FromSeconds, cancellation);
            }
            else
            {
                output.List(episodes, MostListed);
            }

            output.Summarise(table, grids, episodes.Count, detector, least, files.Scores, files.Plot);
            return 0;
        }
        catch (Exception failure) when (failure is IOException or FormatException or UnauthorizedAccessException or InvalidDataException)
        {
            output.Fail(failure is FormatException ? failure.Message : $"{subject.Name} cannot be scored: {failure.Message}");
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

/// <summary>What is written besides the list; null for what is not.</summary>
/// <param name="Scores">A score for every row.</param>
/// <param name="Plot">The picture.</param>
internal sealed record DetectFiles(string? Scores, string? Plot);
