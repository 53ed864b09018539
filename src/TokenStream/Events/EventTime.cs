namespace TokenStream.Events;

/// <summary>Reads RFC 3339 times.</summary>
internal static class EventTime
{
    private const int MinuteMs = 60_000;

    /// <summary>
    /// Milliseconds since the Unix epoch of <c>yyyy-MM-ddTHH:mm:ss[.fraction](Z|+hh:mm|-hh:mm)</c>, case-blind, one to nine digits of
    /// fraction of which three count (cut, not rounded). The leap second 23:59:60 UTC is the second after it. False for anything else.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out long timeMs)
    {
        timeMs = 0;
        if (text.Length < 20 || !TryParseMinute(text[..16], out var minuteMs) || text[16] != ':' || !TryTwoDigits(text, 17, out var second))
        {
            return false;
        }

        var at = 19;
        if (!TryFraction(text, ref at, out var fractionMs) || !TryOffset(text[at..], out var offsetMinutes))
        {
            return false;
        }

        var utcMinuteMs = minuteMs - ((long)offsetMinutes * MinuteMs);
        if (second > 59 && (second > 60 || Modulo(utcMinuteMs, 24 * 60 * MinuteMs) != ((24 * 60) - 1) * MinuteMs))
        {
            return false;
        }

        timeMs = utcMinuteMs + (second * 1000) + fractionMs;
        return true;
    }

    /// <summary>Milliseconds since the Unix epoch of <c>yyyy-MM-ddTHH:mm</c>, as if in UTC.</summary>
    public static bool TryParseMinute(ReadOnlySpan<byte> text, out long minuteMs)
    {
        minuteMs = 0;
        var shaped = text[4] == '-' && text[7] == '-' && (text[10] | 0x20) == 't' && text[13] == ':';
        if (!shaped
            || !TryTwoDigits(text, 0, out var century) || !TryTwoDigits(text, 2, out var yearOfCentury)
            || !TryTwoDigits(text, 5, out var month) || !TryTwoDigits(text, 8, out var day)
            || !TryTwoDigits(text, 11, out var hour) || !TryTwoDigits(text, 14, out var minute))
        {
            return false;
        }

        var year = (century * 100) + yearOfCentury;
        if (month is < 1 or > 12 || day < 1 || day > DaysInMonth(year, month) || hour > 23 || minute > 59)
        {
            return false;
        }

        minuteMs = ((((DaysSinceEpoch(year, month, day) * 24) + hour) * 60) + minute) * MinuteMs;
        return true;
    }

    private static bool TryTwoDigits(ReadOnlySpan<byte> text, int at, out int value)
    {
        var tens = text[at] - '0';
        var ones = text[at + 1] - '0';
        value = (tens * 10) + ones;
        return tens is >= 0 and <= 9 && ones is >= 0 and <= 9;
    }

    private static bool TryFraction(ReadOnlySpan<byte> text, ref int at, out int fractionMs)
    {
        fractionMs = 0;
        if (text[at] != '.')
        {
            return true;
        }

        var weight = 100;
        var first = ++at;
        for (; at < text.Length && text[at] is >= (byte)'0' and <= (byte)'9'; at++)
        {
            fractionMs += weight * (text[at] - '0');
            weight /= 10;
        }

        return at - first is >= 1 and <= 9;
    }

    private static bool TryOffset(ReadOnlySpan<byte> text, out int minutes)
    {
        minutes = 0;
        if (text.Length == 1)
        {
            return (text[0] | 0x20) == 'z';
        }

        if (text.Length != 6 || text[0] is not ((byte)'+' or (byte)'-') || text[3] != ':'
            || !TryTwoDigits(text, 1, out var hour) || !TryTwoDigits(text, 4, out var minute) || hour > 23 || minute > 59)
        {
            return false;
        }

        minutes = (hour * 60) + minute;
        minutes = text[0] == '-' ? -minutes : minutes;
        return true;
    }

    private static int DaysInMonth(int year, int month) => month switch
    {
        2 => year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28,
        4 or 6 or 9 or 11 => 30,
        _ => 31,
    };

    /// <summary>Days of the proleptic Gregorian calendar, counted in years that begin in March so that the leap day comes last.</summary>
    private static long DaysSinceEpoch(int year, int month, int day)
    {
        const int DaysFromYearZeroToEpoch = 719_468;
        var marchYear = month <= 2 ? year - 1 : year;
        var marchMonth = month <= 2 ? month + 9 : month - 3;
        var leapDays = Floor(marchYear, 4) - Floor(marchYear, 100) + Floor(marchYear, 400);
        return (365L * marchYear) + leapDays + (((153 * marchMonth) + 2) / 5) + day - 1 - DaysFromYearZeroToEpoch;
    }

    private static int Floor(int value, int divisor) => value >= 0 ? value / divisor : -((divisor - 1 - value) / divisor);

    private static long Modulo(long value, long divisor) => ((value % divisor) + divisor) % divisor;
}
