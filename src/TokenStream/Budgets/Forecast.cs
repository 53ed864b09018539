namespace TokenStream.Budgets;

/// <summary>What a forecast is made from. Amounts are picodollars, or tokens where the budget counts tokens.</summary>
public readonly record struct ForecastInput
{
    /// <summary>The running period; of a rolling budget, as <see cref="PeriodCalendar.At"/> gives it.</summary>
    public required PeriodSpan Period { get; init; }

    public required long NowMs { get; init; }

    public required Int128 Limit { get; init; }

    /// <summary>Spent in the period.</summary>
    public required Int128 Spent { get; init; }

    /// <summary>Spent in the last <see cref="Forecast.RecentMs"/>, over the period's start if need be.</summary>
    public required Int128 Recent { get; init; }

    /// <summary>Spent in the last 60 minutes, over the period's start if need be.</summary>
    public required Int128 LastHour { get; init; }

    /// <summary>What is usual for the scope; null where two weeks are not known.</summary>
    public SpendProfile? Profile { get; init; }
}

/// <summary>
/// When more than the limit is spent: the expected instant, and an interval around it. Each is null where it lies beyond the period's end.
/// </summary>
public readonly record struct SpendForecast(long? ExhaustedAtMs, long? EarliestMs, long? LatestMs)
{
    /// <summary>Whether even the slow end of the interval runs out within the period: what a burn-rate pair asks before it fires.</summary>
    public bool RunsOut => LatestMs is not null;
}

/// <summary>
/// Forecasts when a budget runs out. With two weeks of history: what is usual for each hour of the week, and on top, for as long as the
/// period lasts, whatever the last hour spent beyond its usual. Without: the recent speed goes on. <c>docs/budgets.md</c> tells why.
/// </summary>
public static class Forecast
{
    /// <summary>
    /// The 90th percentile of the normal distribution: the interval holds 80 % (Hyndman and Athanasopoulos, Forecasting: Principles and
    /// Practice, 3rd edition, section 5.5). Residuals are taken as independent, so those of n hours add up with the root of n.
    /// </summary>
    private const double Quantile = 1.2816;

    /// <summary>
    /// Whether the next weeks are like the last is not in the residuals. What spends a budget to the end each month grows by 31/28 from one
    /// month to the next where it works every day, by 23/20 where it works on working days, so usual spend is known to 15 % only.
    /// </summary>
    private const double LevelMargin = 0.15;

    /// <summary>For the same reason an hour of up to so many times the usual is a usual one.</summary>
    private const double UsualFactor = 1.3;

    /// <summary>Of a recent speed nothing tells the spread.</summary>
    private const double RecentMargin = 0.25;

    private const long HourMs = 3_600_000;
    private const long DayMs = 24 * HourMs;
    private const int RecentShare = 30;

    /// <summary>
    /// How far back the recent speed is measured: a thirtieth of the period, but an hour at least, and whole days from one day on. In the
    /// 24.8 hours of a month of 31 days a nightly batch would count twice.
    /// </summary>
    public static long RecentMs(long periodMs)
    {
        var share = periodMs / RecentShare;
        return BurnRatePair.RoundUp(Math.Max(HourMs, share > DayMs ? share - (share % DayMs) : share));
    }

    public static SpendForecast Of(in ForecastInput input)
    {
        // A rolling period ends now and has no next: its whole length is looked ahead, and what leaves it is taken off, evenly.
        var isRolling = input.Period.EndMs <= input.NowMs;
        var endMs = isRolling ? input.NowMs + input.Period.LengthMs : input.Period.EndMs;
        var leaving = isRolling ? (double)input.Spent / input.Period.LengthMs : 0;
        var left = (double)(input.Limit - input.Spent);
        if (left < 0)
        {
            return new SpendForecast(input.NowMs, input.NowMs, input.NowMs);
        }

        if (input.Profile is { } profile)
        {
            return Seasonal(input, profile, left, endMs, leaving);
        }

        var speed = (double)input.Recent / RecentMs(input.Period.LengthMs);
        return new SpendForecast(
            Reached(input.NowMs, left, speed - leaving, endMs),
            Reached(input.NowMs, left, (speed * (1 + RecentMargin)) - leaving, endMs),
            Reached(input.NowMs, left, (speed * (1 - RecentMargin)) - leaving, endMs));
    }

    private static SpendForecast Seasonal(in ForecastInput input, SpendProfile profile, double left, long endMs, double leaving)
    {
        var usual = profile.MostAround(input.NowMs - 1) + (Quantile * profile.Deviation);
        var last = (double)input.LastHour;
        var excess = (last > UsualFactor * usual ? (last - usual) / HourMs : 0) - leaving;
        return new SpendForecast(
            Walk(input.NowMs, profile, left, endMs, excess, 1, 0),
            Walk(input.NowMs, profile, left, endMs, excess, 1 + LevelMargin, Quantile * profile.Deviation),
            Walk(input.NowMs, profile, left, endMs, excess, 1 - LevelMargin, -Quantile * profile.Deviation));
    }

    /// <summary>Goes from hour to hour until the sum, with the spread of that many hours, reaches what is left.</summary>
    private static long? Walk(long nowMs, SpendProfile profile, double left, long endMs, double excess, double level, double spread)
    {
        var (sum, passed, before) = (0.0, 0.0, 0.0);
        for (var at = nowMs; at < endMs;)
        {
            // The clock is asked once a day: a change of it within the day moves the usual hours of that day's rest by one.
            var hour = profile.HourOfWeek(at);
            for (var i = 0; i < 24 && at < endMs; i++)
            {
                var next = Math.Min(endMs, at - (at % HourMs) + HourMs);
                var part = (double)(next - at);
                sum += part * ((level * profile.Mean(hour + i) / HourMs) + excess);
                passed += part / HourMs;
                var total = sum + (spread * Math.Sqrt(passed));
                if (total > left)
                {
                    return at + (long)(part * Math.Clamp((left - before) / (total - before), 0, 1));
                }

                before = Math.Max(before, total);
                at = next;
            }
        }

        return null;
    }

    private static long? Reached(long nowMs, double left, double speed, long endMs)
    {
        var needed = speed > 0 ? Math.Round(left / speed) : double.PositiveInfinity;
        return needed < endMs - nowMs ? nowMs + (long)needed : null;
    }
}
