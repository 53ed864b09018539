using System.Globalization;
using System.Text;
using TokenStream.Detection;

namespace TokenStream.Service.Detecting.Plots;

/// <summary>
/// Draws series under each other: value, what was expected, anomalies. An SVG that needs nothing else, light and dark as its reader is.
/// </summary>
internal static class SeriesPlot
{
    /// <summary>Pixels of the time axis.</summary>
    public const int PlotWidth = 1_080;

    private const int Left = 84;
    private const int Width = Left + PlotWidth + 36;
    private const int Head = 62;
    private const int PanelHead = 34;
    private const int PanelFoot = 40;
    private const int MostDots = 60;
    private const int TimeMarks = 12;

    /// <summary>An anomaly of one minute in a month is still seen.</summary>
    private const double NarrowestShade = 3;

    private const string Style =
        """
        text { font: 12px system-ui, sans-serif; fill: #57606a; }
        .page { fill: #ffffff; } .title { font-size: 17px; } .name { font-size: 13px; } .title, .name { font-weight: 600; fill: #1f2328; }
        .end { text-anchor: end; } .middle { text-anchor: middle; }
        .grid { stroke: #d8dee4; stroke-width: 1; } .edge { stroke: #8c959f; stroke-width: 1; }
        .value { fill: none; stroke: #0969da; stroke-width: 1.5; stroke-linejoin: round; stroke-linecap: round; }
        .band { fill: #9a6700; fill-opacity: .18; stroke: #9a6700; stroke-opacity: .55; stroke-width: 1; }
        .shade { fill: #cf222e; fill-opacity: .16; } .peak { fill: #cf222e; stroke: #ffffff; stroke-width: 1; }
        @media (prefers-color-scheme: dark) {
        text { fill: #9198a1; } .page { fill: #0d1117; } .title, .name { fill: #f0f6fc; }
        .grid { stroke: #262c36; } .edge { stroke: #656c76; } .value { stroke: #58a6ff; }
        .band { fill: #d29922; fill-opacity: .2; stroke: #d29922; } .shade { fill: #ff7b72; fill-opacity: .24; }
        .peak { fill: #ff7b72; stroke: #0d1117; } }

        """;

    /// <param name="title">What it is of.</param>
    /// <param name="unit">Of the values; null where it is not known.</param>
    /// <param name="note">What else has to be said under the title.</param>
    /// <param name="series">Under each other in this order.</param>
    public static string Draw(string title, string? unit, string note, IReadOnlyList<PlotSeries> series)
    {
        var panel = series.Count == 1 ? 360 : series.Count <= 3 ? 220 : 150;
        var height = Head + (series.Count * (PanelHead + panel + PanelFoot)) + 8;
        var svg = new SvgText(Width, height, title, Style);
        svg.Text("title", Left, 26, title);
        svg.Text("note", Left, 46, note);
        Legend(svg);
        for (var i = 0; i < series.Count; i++)
        {
            Panel(svg, series[i], unit, Head + PanelHead + (i * (PanelHead + panel + PanelFoot)), panel);
        }

        return svg.ToString();
    }

    private static void Legend(SvgText svg)
    {
        const int x = Left + PlotWidth - 270;
        svg.Line("value", x, 42, x + 18, 42);
        svg.Text("legend", x + 24, 46, "value");
        svg.Rectangle("band", x + 72, 37, 18, 10);
        svg.Text("legend", x + 96, 46, "expected");
        svg.Rectangle("shade", x + 166, 35, 18, 14);
        svg.Dot("peak", x + 175, 42, 3.5);
        svg.Text("legend", x + 190, 46, "anomaly, peak");
    }

    private static void Panel(SvgText svg, PlotSeries series, string? unit, double top, double height)
    {
        var bottom = top + height;
        var range = series.Range();
        var (from, to) = range is { } known ? PlotAxis.ValueRange(known.Lowest, known.Highest) : (0, 1);
        double X(double seconds) => Left + ((seconds - series.From) / (series.To - series.From) * PlotWidth);
        double Y(double value) => bottom - ((value - from) / (to - from) * height);

        svg.Text("name", Left, top - 10, series.Name);
        svg.Text(
            "note end", Left + PlotWidth, top - 10,
            string.Create(CultureInfo.InvariantCulture, $"{series.Episodes.Count:N0} anomalies, {Span(series.StepSeconds)} a point"));
        foreach (var (value, text) in PlotAxis.Values(from, to, height > 200 ? 6 : 4))
        {
            svg.Line("grid", Left, Y(value), Left + PlotWidth, Y(value));
            svg.Text("mark end", Left - 8, Y(value) + 4, text);
        }

        foreach (var (seconds, text) in PlotAxis.Times(series.From, series.To, TimeMarks))
        {
            svg.Line("edge", X(seconds), bottom, X(seconds), bottom + 5);
            svg.Text("mark middle", X(seconds), bottom + 19, text);
        }

        svg.Text("mark middle", 18, top + (height / 2), unit ?? "value", turned: true);
        svg.Text("mark", Left, bottom + 35, $"UTC, from {Time(series.From)} to {Time(series.To)}");
        Shades(svg, series, X, top, height);
        svg.Line("edge", Left, bottom, Left + PlotWidth, bottom);
        if (range is null)
        {
            svg.Text("mark middle", Left + (PlotWidth / 2), top + (height / 2), "no values");
            return;
        }

        svg.Path("band", Band(series, X, Y));
        svg.Path("value", Values(series, X, Y));
        foreach (var episode in series.Episodes.OrderByDescending(episode => episode.Peak.Value).Take(MostDots))
        {
            svg.Dot("peak", X((episode.PeakStep + 0.5) * series.StepSeconds), Y(Math.Clamp(episode.Value, from, to)), 3.5, Hint(episode));
        }
    }

    /// <summary>Where the anomalies are; those that a pixel cannot tell apart are one.</summary>
    private static void Shades(SvgText svg, PlotSeries series, Func<double, double> x, double top, double height)
    {
        var (left, right) = (double.NaN, double.NaN);
        foreach (var episode in series.Episodes)
        {
            var middle = (x(episode.StartSeconds) + x(episode.EndSeconds)) / 2;
            var half = Math.Max(NarrowestShade, x(episode.EndSeconds) - x(episode.StartSeconds)) / 2;
            if (middle - half <= right + 1)
            {
                right = middle + half;
                continue;
            }

            Shade();
            (left, right) = (middle - half, middle + half);
        }

        Shade();

        void Shade()
        {
            if (right > left)
            {
                var (start, end) = (Math.Max(Left, left), Math.Min(Left + PlotWidth, right));
                svg.Rectangle("shade", start, top, end - start, height);
            }
        }
    }

    private static StringBuilder Values(PlotSeries series, Func<double, double> x, Func<double, double> y)
    {
        var steps = new StringBuilder();
        var isDrawing = false;
        foreach (ref readonly var column in series.Columns)
        {
            if (column.Count == 0)
            {
                continue;
            }

            var command = isDrawing && !column.IsAfterGap ? 'L' : 'M';
            isDrawing = true;
            SvgText.Step(steps, command, x(column.First.Seconds), y(column.First.Value));
            if (column.Count == 1)
            {
                // A point without neighbours would not be drawn otherwise.
                steps.Append("h0");
                continue;
            }

            var isHighFirst = column.Highest.Seconds <= column.Lowest.Seconds;
            var (second, third) = isHighFirst ? (column.Highest, column.Lowest) : (column.Lowest, column.Highest);
            SvgText.Step(steps, 'L', x(second.Seconds), y(second.Value));
            SvgText.Step(steps, 'L', x(third.Seconds), y(third.Value));
            SvgText.Step(steps, 'L', x(column.Last.Seconds), y(column.Last.Value));
        }

        return steps;
    }

    /// <summary>Along the upper edge and back along the lower one, as far as an expectation was known without a gap.</summary>
    private static StringBuilder Band(PlotSeries series, Func<double, double> x, Func<double, double> y)
    {
        var steps = new StringBuilder();
        var run = new List<(double X, double Low, double High)>();
        foreach (ref readonly var column in series.Columns)
        {
            if (column.Count == 0)
            {
                continue;
            }

            var isKnown = !double.IsNaN(column.High);
            if (column.IsAfterGap || !isKnown)
            {
                Close();
            }

            if (isKnown)
            {
                run.Add((x(column.First.Seconds), y(column.Low), y(column.High)));
            }
        }

        Close();
        return steps;

        void Close()
        {
            for (var i = 0; i < run.Count; i++)
            {
                SvgText.Step(steps, i == 0 ? 'M' : 'L', run[i].X, run[i].High);
            }

            for (var i = run.Count - 1; i >= 0; i--)
            {
                SvgText.Step(steps, 'L', run[i].X, run[i].Low);
            }

            steps.Append(run.Count > 0 ? "Z" : "");
            run.Clear();
        }
    }

    private static string Hint(DetectedEpisode episode)
    {
        var isUp = episode.Peak.Direction == AnomalyDirection.Up;
        var expected = isUp ? episode.Expected.High : episode.Expected.Low;
        var known = double.IsNaN(expected) ? "unknown" : expected.ToString("G6", CultureInfo.InvariantCulture);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{(isUp ? "up" : "down")}, {Time(episode.StartSeconds)} to {Time(episode.EndSeconds)} UTC; " +
            $"peak {episode.Value:G6}, expected {known}, score {episode.Peak.Value:F1}");
    }

    private static string Time(double seconds) =>
        DateTimeOffset.FromUnixTimeSeconds((long)seconds).ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture);

    private static string Span(int seconds) => seconds switch
    {
        _ when seconds % 86_400 == 0 => string.Create(CultureInfo.InvariantCulture, $"{seconds / 86_400} d"),
        _ when seconds % 3_600 == 0 => string.Create(CultureInfo.InvariantCulture, $"{seconds / 3_600} h"),
        _ when seconds % 60 == 0 => string.Create(CultureInfo.InvariantCulture, $"{seconds / 60} min"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{seconds} s"),
    };
}
