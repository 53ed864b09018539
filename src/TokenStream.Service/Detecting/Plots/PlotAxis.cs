using System.Globalization;

namespace TokenStream.Service.Detecting.Plots;

/// <summary>Where the marks of an axis stand and what is written at them.</summary>
internal static class PlotAxis
{
    private const int MostMarks = 400;
    private const double Day = 86_400;

    private static readonly double[] TimeSteps =
    [
        1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, Day, 2 * Day, 7 * Day, 14 * Day, 28 * Day,
        91 * Day, 182 * Day, 365 * Day, 730 * Day, 3_650 * Day,
    ];

    private static readonly string[] Suffixes = ["", "k", "M", "G", "T", "P", "E"];

    /// <summary>A scale that holds both ends: from zero where that costs little room, with a tenth of air where it does not.</summary>
    public static (double From, double To) ValueRange(double lowest, double highest)
    {
        var span = highest - lowest;
        if (!(span > 0))
        {
            var half = highest == 0 ? 1 : Math.Abs(highest) / 2;
            return highest >= 0 ? (Math.Max(0, lowest - half), highest + half) : (lowest - half, 0);
        }

        return lowest >= 0 && lowest < 0.6 * highest ? (0, highest + (0.05 * highest)) : (lowest - (0.1 * span), highest + (0.1 * span));
    }

    /// <summary>1, 2 or 5 times a power of ten apart, about as many as asked for.</summary>
    public static IReadOnlyList<(double Value, string Text)> Values(double from, double to, int wanted)
    {
        var raw = (to - from) / wanted;
        var power = Math.Pow(10, Math.Floor(Math.Log10(raw)));
        var step = power * (raw / power) switch { <= 1 => 1, <= 2 => 2, <= 5 => 5, _ => 10 };
        var marks = new List<(double, string)>();
        for (var i = Math.Ceiling(from / step); i * step <= to && marks.Count < MostMarks; i++)
        {
            marks.Add((i * step, Text(i * step, step)));
        }

        return marks;
    }

    /// <summary>Whole seconds, minutes, hours or days of UTC apart. At midnight the date is written, else the time.</summary>
    public static IReadOnlyList<(double Seconds, string Text)> Times(double from, double to, int wanted)
    {
        var longest = TimeSteps[^1];
        var step = TimeSteps.FirstOrDefault(step => (to - from) / step <= wanted, Math.Ceiling((to - from) / wanted / longest) * longest);
        var marks = new List<(double, string)>();
        for (var i = Math.Ceiling(from / step); i * step <= to && marks.Count < MostMarks; i++)
        {
            var time = DateTimeOffset.FromUnixTimeSeconds((long)(i * step));
            var format = step >= 28 * Day ? "MMM yyyy" : i * step % Day == 0 ? "d MMM" : step < 60 ? "HH:mm:ss" : "HH:mm";
            marks.Add((i * step, time.ToString(format, CultureInfo.InvariantCulture)));
        }

        return marks;
    }

    /// <summary>A number as short as the distance of the marks allows: <c>0.25</c>, <c>1.5k</c>, <c>3e-09</c>.</summary>
    public static string Text(double value, double step)
    {
        var size = Math.Max(Math.Abs(value), step);
        if (value == 0)
        {
            return "0";
        }

        if (size is < 1e-4 or >= 1e21)
        {
            return value.ToString("0.###e0", CultureInfo.InvariantCulture);
        }

        var thousands = size < 10_000 ? 0 : (int)Math.Floor(Math.Log10(size) / 3);
        var scale = Math.Pow(1000, thousands);
        var decimals = (int)Math.Clamp(Math.Ceiling(-Math.Log10(step / scale) - 1e-9), 0, 8);
        var format = "0." + new string('0', decimals);
        return Math.Round(value / scale, decimals).ToString(format, CultureInfo.InvariantCulture) + Suffixes[thousands];
    }
}
