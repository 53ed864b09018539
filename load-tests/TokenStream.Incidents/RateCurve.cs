namespace TokenStream.Incidents;

/// <summary>
/// How busy a feature is: for every minute a multiple of its mean rate, and how much burstier than chance its requests come.
/// </summary>
internal sealed record RateCurve(double[] Levels, double Dispersion);

/// <summary>Gives features their curves.</summary>
internal interface IRateCurves
{
    /// <param name="hasWeekends">Whether the feature rests at weekends.</param>
    RateCurve Draw(Draws draws, FleetCalendar calendar, bool hasWeekends);
}

/// <summary>Which days a run has: history, and then the day on which something happens.</summary>
internal sealed record FleetCalendar(int HistoryDays, DateTimeOffset Start)
{
    public const int MinutesPerDay = 1_440;

    public int Minutes => (HistoryDays + 1) * MinutesPerDay;

    public int LastDay => HistoryDays * MinutesPerDay;

    public long TimeMs(int minute) => Start.AddMinutes(minute).ToUnixTimeMilliseconds();

    public bool IsWeekend(int minute) => Start.AddMinutes(minute).DayOfWeek is DayOfWeek.Saturday or DayOfWeek.Sunday;

    /// <summary>The last day is a Saturday with even seeds, a Monday with odd ones.</summary>
    public static FleetCalendar Of(int seed, int historyDays)
    {
        var saturday = new DateTimeOffset(2026, 3, 14, 0, 0, 0, TimeSpan.Zero);
        return new FleetCalendar(historyDays, saturday.AddDays((seed % 2 == 0 ? 0 : 2) - historyDays));
    }
}
