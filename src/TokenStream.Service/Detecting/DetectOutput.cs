using System.Globalization;
using TokenStream.Detection;

namespace TokenStream.Service.Detecting;

/// <summary>What <c>tokenstream detect</c> tells people.</summary>
/// <param name="output">Takes the anomalies and the summary.</param>
/// <param name="errors">Takes errors and progress.</param>
/// <param name="isTerminal">Whether somebody looks: only then is progress shown.</param>
/// <param name="clock">Spaces it out.</param>
internal sealed class DetectOutput(TextWriter output, TextWriter errors, bool isTerminal, TimeProvider clock)
{
    private const double ProgressSeconds = 0.2;

    private readonly Lock _lock = new();
    private readonly long _started = clock.GetTimestamp();
    private long _shown;
    private bool _isShowing;

    public void Progress(FormattableString text)
    {
        if (!isTerminal)
        {
            return;
        }

        lock (_lock)
        {
            if (!_isShowing || clock.GetElapsedTime(_shown).TotalSeconds >= ProgressSeconds)
            {
                _shown = clock.GetTimestamp();
                _isShowing = true;
                errors.Write($"\r{text.ToString(CultureInfo.InvariantCulture),-50}");
            }
        }
    }

    public void EndProgress()
    {
        if (_isShowing)
        {
            errors.Write($"\r{"",-50}\r");
            _isShowing = false;
        }
    }

    public void Fail(string message)
    {
        EndProgress();
        errors.WriteLine(message);
    }

    public void List(IReadOnlyList<DetectedEpisode> episodes, int most)
    {
        if (episodes.Count == 0)
        {
            return;
        }

        var strongest = episodes.OrderByDescending(episode => episode.Peak.Value).Take(most).ToHashSet();
        var width = Math.Clamp(strongest.Max(episode => episode.Series.Length), 6, 60);
        output.WriteLine($"{"series".PadRight(width)}  {"start",-20}  {"end",-20}  {"way",-4}  {"score",7}  {"value",12}  {"expected",12}");
        foreach (var episode in episodes.Where(strongest.Contains))
        {
            var expected = episode.Peak.Direction == AnomalyDirection.Up ? episode.Expected.High : episode.Expected.Low;
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{episode.Series.PadRight(width)}  {Time(episode.StartSeconds),-20}  {Time(episode.EndSeconds),-20}  " +
                $"{(episode.Peak.Direction == AnomalyDirection.Up ? "up" : "down"),-4}  {episode.Peak.Value,7:F1}  {episode.Value,12:G6}  " +
                $"{(double.IsNaN(expected) ? "unknown" : expected.ToString("G6", CultureInfo.InvariantCulture)),12}"));
        }

        if (episodes.Count > most)
        {
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $".. the {most} strongest of {episodes.Count:N0}; --scores writes all, --threshold asks for less."));
        }
    }

    public void Summarise(
        SeriesTable table, IReadOnlyList<SeriesGrid> grids, int anomalies, string detector, double threshold, string? scoresFile, string? plotFile)
    {
        var took = clock.GetElapsedTime(_started).TotalSeconds;
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{anomalies:N0} anomalies in {table.Count:N0} points of {grids.Count:N0} series by {detector}, score {threshold} or more, in {took:F1} s."));
        var repeated = grids.Sum(grid => grid.RepeatedRows);
        if (repeated > 0)
        {
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{repeated:N0} rows fell on a step of their series that already had one: they have no score."));
        }

        if (scoresFile is not null)
        {
            output.WriteLine($"Scores are in {scoresFile}.");
        }

        if (plotFile is not null)
        {
            output.WriteLine($"The plot is in {plotFile}.");
        }
    }

    private static string Time(long seconds) => new(ScoreFile.Time(seconds, iso: true, stackalloc char[24]));
}
