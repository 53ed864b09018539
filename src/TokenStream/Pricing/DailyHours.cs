using System.Globalization;

namespace TokenStream.Pricing;

/// <summary>
/// A part of every day in UTC, <c>[start, end)</c> in minutes from midnight; one whose end lies before its start runs over midnight. The
/// default value is the whole day.
/// </summary>
public readonly record struct DailyHours
{
    private const int MinutesADay = 24 * 60;
    private const long MillisecondsAMinute = 60_000;

    private DailyHours(int startMinute, int endMinute)
    {
        StartMinute = startMinute;
        EndMinute = endMinute;
    }

    public int StartMinute { get; }

    public int EndMinute { get; }

    public bool IsWholeDay => StartMinute == EndMinute;

    /// <summary>Reads <c>00:30-16:30</c>.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out DailyHours hours)
    {
        hours = default;
        var dash = text.IndexOf('-');
        if (dash < 0 || !TryParseMinute(text[..dash], out var start) || !TryParseMinute(text[(dash + 1)..], out var end) || start == end)
        {
            return false;
        }

        hours = new DailyHours(start, end);
        return true;
    }

    public bool Contains(long timeMs)
    {
        var minuteOfEpoch = timeMs >= 0 ? timeMs / MillisecondsAMinute : ((timeMs + 1) / MillisecondsAMinute) - 1;
        var minute = (int)(((minuteOfEpoch % MinutesADay) + MinutesADay) % MinutesADay);
        return StartMinute < EndMinute ? minute >= StartMinute && minute < EndMinute : minute >= StartMinute || minute < EndMinute;
    }

    /// <summary>Whether some minute of the day lies in both: then the start of one lies in the other.</summary>
    public bool Overlaps(DailyHours other) =>
        IsWholeDay || other.IsWholeDay ||
        Contains(other.StartMinute * MillisecondsAMinute) || other.Contains(StartMinute * MillisecondsAMinute);

    public override string ToString() => IsWholeDay
        ? "00:00-24:00"
        : string.Create(
            CultureInfo.InvariantCulture, $"{StartMinute / 60:00}:{StartMinute % 60:00}-{EndMinute / 60:00}:{EndMinute % 60:00}");

    private static bool TryParseMinute(ReadOnlySpan<char> text, out int minute)
    {
        minute = 0;
        if (text.Length != 5 || text[2] != ':' ||
            !int.TryParse(text[..2], NumberStyles.None, CultureInfo.InvariantCulture, out var hours) ||
            !int.TryParse(text[3..], NumberStyles.None, CultureInfo.InvariantCulture, out var minutes) ||
            hours > 24 || minutes > 59 || (hours == 24 && minutes > 0))
        {
            return false;
        }

        minute = ((hours * 60) + minutes) % MinutesADay;
        return true;
    }
}
