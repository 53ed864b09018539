using System.Globalization;
using Spectre.Console;
using Spectre.Console.Rendering;
using TokenStream.Detection;

namespace TokenStream.Service.Demo.Spike;

/// <summary>The picture of a spike: cost against what is expected, the anomaly with its cause in money, and what was told of it.</summary>
internal sealed class SpikeView(SpikeWatch watch, int historyMinutes)
{
    private const int ShownMinutes = 60;
    private const int MostLines = 6;
    private const long MinuteMs = 60_000;

    private int _shown;
    private long _statusMs;

    /// <summary>Start of the first minute of the story.</summary>
    public required long StoryFromMs { get; init; }

    public SpikePhase Phase { get; set; }

    public IRenderable Render()
    {
        var points = watch.Points;
        var main = watch.Main;
        var chart = SpikeChart.Draw([.. points.TakeLast(ShownMinutes)], minuteMs => Belongs(main, minuteMs));
        return new Rows(
            new Markup($"[bold]TokenStream[/]  a spike, and why          [bold]{Describe()}[/]"),
            new Panel(new Rows(chart.Select(line => new Markup(line)))).Header(
                $"cost of {SpikeTraffic.Feature}: [deepskyblue1]value[/], [yellow]expected[/], [red]anomaly[/]").Expand(),
            Found(main),
            Told(),
            new Text("Minutes of the story pass in seconds; its times lie two hours back.     Ctrl-C ends"));
    }

    /// <summary>For a terminal that cannot be painted on: what happened since the last call, and how things stand in each minute.</summary>
    public IEnumerable<string> NewLines()
    {
        var told = watch.Told;
        for (; _shown < told.Count; _shown++)
        {
            if (told[_shown].IsToldToPeople())
            {
                yield return Line(told[_shown]);
                foreach (var share in told[_shown].EndedMs is null ? Shares(told[_shown]) : [])
                {
                    yield return $"             {share.Factor,-16} {share.Cost,14}  {share.Change}";
                }
            }
        }

        var points = watch.Points;
        if (points.Count == 0 || points[^1].MinuteMs < StoryFromMs)
        {
            if (points.Count > 0 && points[^1].MinuteMs >= _statusMs + (240 * MinuteMs))
            {
                _statusMs = points[^1].MinuteMs;
                yield return Describe();
            }

            yield break;
        }

        foreach (var point in points.Where(point => point.MinuteMs > _statusMs && point.MinuteMs >= StoryFromMs))
        {
            _statusMs = point.MinuteMs;
            yield return string.Create(
                CultureInfo.InvariantCulture,
                $"{Clock(point.MinuteMs)}  {Describe()}: {AnomalyText.Quantity(SeriesMeasure.Cost, point.Value)}, expected " +
                $"{AnomalyText.Quantity(SeriesMeasure.Cost, point.Expected.High)}, score {point.Score:F1}");
        }
    }

    public string Summary() => watch.Main switch
    {
        null => "No anomaly was told of.",
        { EndedMs: { } ended } main =>
            $"The anomaly lasted from {Clock(main.OpenedMs)} to {Clock(ended)} UTC and cost {AnomalyText.Change(main.ExcessCost)}." +
            (main.Cause is { } cause ? $" Cause: {cause.Sentence}." : ""),
        var main => $"The anomaly lasts since {Clock(main.OpenedMs)} UTC: {AnomalyText.Change(main.ExcessCost)} so far.",
    };

    private static Panel Found(Anomaly? main)
    {
        if (main is null)
        {
            return new Panel(new Text("none")).Header("anomaly").Expand();
        }

        var table = new Table().Border(TableBorder.None).AddColumns("cause", "money", "before", "after", "where");
        foreach (var share in Shares(main))
        {
            table.AddRow(share.Factor, share.Cost, share.Before, share.After, Markup.Escape(share.Where));
        }

        var state = main.EndedMs is null ? $"[red]{main.Severity.ToString().ToLowerInvariant()}[/]" : "[green]ended[/]";
        return new Panel(new Rows(new Text(AnomalyText.Summary(main)), table)).Header($"anomaly: {state}").Expand();
    }

    private Panel Told()
    {
        var lines = watch.Told.Where(anomaly => anomaly.IsToldToPeople()).TakeLast(MostLines).Select(anomaly => new Text(Line(anomaly)));
        return new Panel(new Rows(lines.DefaultIfEmpty(new Text("nothing yet")))).Header("what was told").Expand();
    }

    private static string Line(Anomaly anomaly) =>
        anomaly.EndedMs is { } ended
            ? $"ended {Clock(ended)} ({anomaly.End.ToString()!.ToLowerInvariant()}): {AnomalyText.Change(anomaly.ExcessCost)} in all"
            : $"{anomaly.Severity.ToString().ToLowerInvariant()} {Clock(anomaly.LastSeenMs)}: {AnomalyText.Summary(anomaly)}";

    private static IEnumerable<ShownShare> Shares(Anomaly anomaly) => (anomaly.Cause?.Shares ?? []).Select(share => new ShownShare(
        share.Factor.ToString(),
        AnomalyText.Change(share.Cost),
        Figure(share.Before),
        Figure(share.After),
        share.Dimension is null ? "" : $"{share.Dimension} {share.Value}"));

    private static bool Belongs(Anomaly? anomaly, long minuteMs) =>
        anomaly is not null && minuteMs >= anomaly.OpenedMs && minuteMs <= anomaly.LastSeenMs;

    private string Describe() => Phase switch
    {
        SpikePhase.Learning => string.Create(
            CultureInfo.InvariantCulture, $"learning from the past: {Learnt():N0} of {historyMinutes:N0} minutes"),
        SpikePhase.Calm => "all is well",
        SpikePhase.CacheLost => "prompt version 47 is out",
        _ => "prompt version 46 is back",
    };

    private long Learnt() => Math.Clamp(((watch.ScoredMs - StoryFromMs) / MinuteMs) + historyMinutes + 1, 0, historyMinutes);

    private static string Figure(double value) => double.IsFinite(value) ? value.ToString("G4", CultureInfo.InvariantCulture) : "-";

    private static string Clock(long timeMs) =>
        DateTimeOffset.FromUnixTimeMilliseconds(timeMs).ToString("HH:mm", CultureInfo.InvariantCulture);

    private sealed record ShownShare(string Factor, string Cost, string Before, string After, string Where)
    {
        public string Change => $"{Before} -> {After}  {Where}".TrimEnd();
    }
}
