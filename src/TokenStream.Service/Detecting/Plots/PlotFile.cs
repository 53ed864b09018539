using System.Globalization;

namespace TokenStream.Service.Detecting.Plots;

/// <summary>The plot of a table that was scored.</summary>
internal static class PlotFile
{
    /// <summary>More would be no picture. Those with the strongest anomalies are drawn.</summary>
    public const int MostSeries = 12;

    /// <summary>Series whose times overlap so well share an axis; others have their own.</summary>
    private const double SharedAxis = 1.5;

    /// <summary>Scores what is drawn once more, for what was expected of each point. Whole or not at all.</summary>
    public static void Write(
        string path,
        DetectSubject subject,
        SeriesTable table,
        IReadOnlyList<SeriesGrid> grids,
        IReadOnlyList<DetectedEpisode> episodes,
        SeriesScorer scorer,
        CancellationToken cancellation)
    {
        var chosen = Choose(grids, episodes);
        var spans = chosen.Select(grid => SpanOf(grid, subject.FromSeconds)).ToList();
        var (from, to) = (spans.Min(span => span.From), spans.Max(span => span.To));
        var isShared = to - from <= SharedAxis * spans.Max(span => span.To - span.From);
        var series = new List<PlotSeries>(chosen.Count);
        var scores = new double[table.Count];
        foreach (var (grid, span) in chosen.Zip(spans))
        {
            cancellation.ThrowIfCancellationRequested();
            var drawn = new PlotSeries(grid, isShared ? from : span.From, isShared ? to : span.To, SeriesPlot.PlotWidth);
            drawn.Episodes = [.. scorer.Score(grid, table.Values, scores, drawn).Where(episode => episode.EndSeconds > subject.FromSeconds)];
            series.Add(drawn);
        }

        var note = string.Create(CultureInfo.InvariantCulture, $"{scorer.Detector}, score {scorer.Threshold} or more") +
            (chosen.Count < grids.Count
                ? string.Create(
                    CultureInfo.InvariantCulture, $"; {chosen.Count} of {grids.Count:N0} series, those with the strongest anomalies")
                : "");
        var part = path + ".part";
        try
        {
            File.WriteAllText(part, SeriesPlot.Draw(subject.Title, subject.Unit, note, series));
            File.Move(part, path, overwrite: true);
        }
        catch
        {
            File.Delete(part);
            throw;
        }
    }

    private static List<SeriesGrid> Choose(IReadOnlyList<SeriesGrid> grids, IReadOnlyList<DetectedEpisode> episodes)
    {
        if (grids.Count <= MostSeries)
        {
            return [.. grids];
        }

        var strongest = episodes.GroupBy(episode => episode.Series, StringComparer.Ordinal)
            .ToDictionary(own => own.Key, own => own.Max(episode => episode.Peak.Value), StringComparer.Ordinal);
        var chosen = grids.OrderByDescending(grid => strongest.GetValueOrDefault(grid.Name)).Take(MostSeries).ToHashSet();
        return [.. grids.Where(chosen.Contains)];
    }

    private static (double From, double To) SpanOf(SeriesGrid grid, long fromSeconds)
    {
        var steps = grid.Steps.Where(step => step != SeriesGrid.Repeated);
        var from = Math.Max((double)fromSeconds, (double)steps.Min() * grid.StepSeconds);
        return (from, Math.Max(from + grid.StepSeconds, (double)(steps.Max() + 1) * grid.StepSeconds));
    }
}
