using System.Globalization;
using System.Text;

namespace TokenStream.Service.Demo.Spike;

/// <summary>Minutes as columns of text: bars for what was, a shaded band for what was expected, red where an anomaly lasts.</summary>
internal static class SpikeChart
{
    private const int Rows = 12;
    private const double PicoPerUsd = 1e12;
    private const string Parts = " \u2581\u2582\u2583\u2584\u2585\u2586\u2587\u2588";

    /// <param name="points">In the order of time, one a column.</param>
    /// <param name="isAnomalous">Whether a minute belongs to an anomaly.</param>
    /// <returns>Lines of markup from the top down, the axis of time last.</returns>
    public static IReadOnlyList<string> Draw(IReadOnlyList<SpikePoint> points, Func<long, bool> isAnomalous)
    {
        if (points.Count == 0)
        {
            return ["waiting for the first minute .."];
        }

        var highest = Math.Max(1, points.Max(point => double.MaxNumber(Number(point.Value), Number(point.Expected.High)))) * 1.05;
        var lines = new List<string>();
        for (var row = Rows - 1; row >= 0; row--)
        {
            var (from, to) = (highest * row / Rows, highest * (row + 1) / Rows);
            var mark = row % 3 == 2 ? (to / PicoPerUsd).ToString("0.00", CultureInfo.InvariantCulture) : "";
            var line = new StringBuilder($"{mark,8}  ");
            foreach (var point in points)
            {
                line.Append(Cell(point, from, to, isAnomalous(point.MinuteMs)));
            }

            lines.Add(line.ToString());
        }

        var axis = new StringBuilder("  USD/min ");
        for (var i = 0; i + 5 <= points.Count; i += 10)
        {
            axis.Append(CultureInfo.InvariantCulture, $"{DateTimeOffset.FromUnixTimeMilliseconds(points[i].MinuteMs):HH:mm}     ");
        }

        lines.Add($"[grey]{axis.ToString().TrimEnd()} UTC[/]");
        return lines;
    }

    private static string Cell(in SpikePoint point, double from, double to, bool isAnomalous)
    {
        var value = Number(point.Value);
        var (low, high) = (Number(point.Expected.Low), Number(point.Expected.High));
        if (value > from)
        {
            var part = Parts[(int)Math.Clamp(Math.Ceiling((value - from) / (to - from) * 8), 1, 8)];
            return $"[{(isAnomalous ? "red" : "deepskyblue1")}]{part}[/]";
        }

        // A band thinner than a row is seen all the same.
        return low < to && high >= from ? "[yellow]\u2591[/]" : " ";
    }

    private static double Number(double value) => double.IsFinite(value) ? value : 0;
}
