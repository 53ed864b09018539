namespace TokenStream.Budgets;

/// <summary>
/// What a scope usually spends in each hour of the week, by the clock of a time zone: the means of its hourly history, and how far the
/// hours lie from them. Made once an hour; a forecast reads it. Estimates for people and for forecasts, hence floating point.
/// </summary>
public sealed class SpendProfile
{
    public const int HoursOfWeek = 168;

    /// <summary>Hours of history without which nothing is said: two weeks.</summary>
    public const int LeastHours = 2 * HoursOfWeek;

    private const long HourMs = 3_600_000;

    /// <summary>The Unix epoch was a Thursday.</summary>
    private const int EpochHour = 3 * 24;

    private readonly LocalDays _days;
    private readonly double[] _means = new double[HoursOfWeek];

    private SpendProfile(LocalDays days) => _days = days;

    /// <summary>Standard deviation of an hour around its mean.</summary>
    public double Deviation { get; private set; }

    /// <summary>The profile of a history; null where it is shorter than two weeks.</summary>
    /// <param name="hours">What was spent in each hour, oldest first, without gaps.</param>
    /// <param name="endMs">End of the last of them: a whole hour, milliseconds since the Unix epoch.</param>
    public static SpendProfile? Of(ReadOnlySpan<Int128> hours, long endMs, string timeZone)
    {
        if (hours.Length < LeastHours)
        {
            return null;
        }

        var profile = new SpendProfile(new LocalDays(timeZone));
        profile.Fill(hours, endMs - (hours.Length * HourMs));
        return profile;
    }

    /// <summary>Number of the hour of the week, from Monday's first, that the zone's clock shows.</summary>
    public int HourOfWeek(long timeMs)
    {
        // History is kept by hours of UTC: an hour belongs where it begins, in zones that are half an hour off too.
        var start = timeMs - (timeMs % HourMs);
        return (int)((((start + _days.OffsetMs(start)) / HourMs) + EpochHour) % HoursOfWeek);
    }

    /// <summary>What is usually spent in an hour of the week; hours beyond the week's end go on with its first.</summary>
    public double Mean(int hourOfWeek) => _means[hourOfWeek % HoursOfWeek];

    /// <summary>
    /// The most that is usual in the hour that holds an instant, the one before or the one after: habits move by some minutes.
    /// </summary>
    public double MostAround(long timeMs)
    {
        var hour = HourOfWeek(timeMs);
        return Math.Max(Mean(hour), Math.Max(Mean(hour + HoursOfWeek - 1), Mean(hour + 1)));
    }

    private void Fill(ReadOnlySpan<Int128> hours, long startMs)
    {
        var counts = new int[HoursOfWeek];
        var places = new int[hours.Length];
        for (var i = 0; i < hours.Length; i++)
        {
            places[i] = HourOfWeek(startMs + (i * HourMs));
            _means[places[i]] += (double)hours[i];
            counts[places[i]]++;
        }

        for (var i = 0; i < HoursOfWeek; i++)
        {
            _means[i] /= Math.Max(counts[i], 1);
        }

        var squares = 0.0;
        for (var i = 0; i < hours.Length; i++)
        {
            var residual = (double)hours[i] - _means[places[i]];
            squares += residual * residual;
        }

        // One mean for each hour of the week was taken from the same hours: that many degrees of freedom are gone.
        Deviation = Math.Sqrt(squares / (hours.Length - HoursOfWeek));
    }
}
