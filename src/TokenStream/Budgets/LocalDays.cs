namespace TokenStream.Budgets;

/// <summary>
/// The days of a time zone. A day begins at the first instant whose local time is not before the day's midnight: where the clock jumps over
/// midnight, the instant of the jump; where it shows midnight twice, the first time. A day that a zone leaves out has no length.
/// </summary>
internal sealed class LocalDays
{
    /// <summary>No zone is further from UTC.</summary>
    private const long ReachMs = 16 * 3_600_000;

    /// <summary>No zone changes its offset and changes it back within so short a time.</summary>
    private const long StepMs = 8 * 3_600_000;

    private const long DayMs = 86_400_000;

    private static readonly DateOnly Epoch = new(1970, 1, 1);

    private readonly TimeZoneInfo _zone;

    /// <exception cref="TimeZoneNotFoundException">The system knows no such zone.</exception>
    public LocalDays(string timeZone) => _zone = TimeZoneInfo.FindSystemTimeZoneById(timeZone);

    /// <summary>Local time minus UTC at an instant.</summary>
    public long OffsetMs(long timeMs) => (long)_zone.GetUtcOffset(DateTimeOffset.FromUnixTimeMilliseconds(timeMs)).TotalMilliseconds;

    /// <summary>The date that a calendar on the wall shows.</summary>
    public DateOnly DateAt(long timeMs) =>
        DateOnly.FromDateTime(DateTimeOffset.FromUnixTimeMilliseconds(timeMs + OffsetMs(timeMs)).UtcDateTime);

    public long StartOf(DateOnly date)
    {
        // Walks the stretches of one offset around midnight UTC of the date; in the first that reaches local midnight lies the answer.
        var midnight = (date.DayNumber - Epoch.DayNumber) * DayMs;
        var start = midnight - ReachMs;
        for (var offset = OffsetMs(start); ; offset = OffsetMs(start))
        {
            var end = NextChange(start, offset, midnight + ReachMs);
            var candidate = Math.Max(start, midnight - offset);
            if (candidate < end || end >= midnight + ReachMs)
            {
                return candidate;
            }

            start = end;
        }
    }

    /// <summary>The first instant after one of this offset that has another; or the limit.</summary>
    private long NextChange(long fromMs, long offset, long limitMs)
    {
        var same = fromMs;
        while (same < limitMs)
        {
            var other = Math.Min(same + StepMs, limitMs);
            if (OffsetMs(other) == offset)
            {
                same = other;
                continue;
            }

            while (other - same > 1)
            {
                var middle = same + ((other - same) / 2);
                (same, other) = OffsetMs(middle) == offset ? (middle, other) : (same, middle);
            }

            return other;
        }

        return limitMs;
    }
}
