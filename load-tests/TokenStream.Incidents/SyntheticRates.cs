namespace TokenStream.Incidents;

/// <summary>
/// Curves of the shape that real clients' have: office hours, evenings or round the clock; weekends for some; a level that wanders from ten
/// minutes to ten minutes; counts burstier than chance.
/// </summary>
internal sealed class SyntheticRates : IRateCurves
{
    private const double Memory = 0.9;

    public RateCurve Draw(Draws draws, FleetCalendar calendar, bool hasWeekends)
    {
        var (shape, peakHour) = (draws.Below(3), draws.Between(10, 16));
        var wander = draws.Between(0.04, 0.14);
        var level = 0.0;
        var levels = new double[calendar.Minutes];
        for (var minute = 0; minute < levels.Length; minute++)
        {
            if (minute % 10 == 0)
            {
                level = (Memory * level) + (wander * draws.Normal());
            }

            var hour = minute % FleetCalendar.MinutesPerDay / 60.0;
            var day = shape switch
            {
                0 => 0.1 + (0.9 * Bell(hour, peakHour, 3.5)),
                1 => 0.2 + (0.8 * Bell(hour, peakHour + 7, 3)),
                _ => 1 + (0.25 * Math.Sin(2 * Math.PI * (hour - peakHour) / 24)),
            };
            levels[minute] = day * Math.Exp(level) * (hasWeekends && calendar.IsWeekend(minute) ? 0.4 : 1);
        }

        return new RateCurve(Normalized(levels), draws.LogBetween(1, 4));
    }

    /// <summary>Of mean 1.</summary>
    public static double[] Normalized(double[] levels)
    {
        var mean = levels.Average();
        return mean > 0 ? Array.ConvertAll(levels, level => level / mean) : levels;
    }

    private static double Bell(double hour, double peak, double width)
    {
        var distance = Math.Abs(hour - peak) % 24;
        distance = Math.Min(distance, 24 - distance);
        return Math.Exp(-distance * distance / (2 * width * width));
    }
}
