using TokenStream.Events;

namespace TokenStream.Mapping;

/// <summary>Reads times that are written as seconds since 1970 with a fraction, exactly: no binary fraction lies in between.</summary>
internal static class EpochTime
{
    private const int MicrosecondDigits = 6;

    /// <summary>
    /// Microseconds since the Unix epoch of a JSON number of seconds; further digits are cut. False for what is negative, has an exponent
    /// that is not small, or lies outside what an event's time can be.
    /// </summary>
    public static bool TrySeconds(ReadOnlySpan<byte> number, out long microseconds)
    {
        microseconds = 0;
        var exponentAt = number.IndexOfAny((byte)'e', (byte)'E');
        var exponent = 0;
        if (exponentAt >= 0 && !TryExponent(number[(exponentAt + 1)..], out exponent))
        {
            return false;
        }

        var mantissa = exponentAt < 0 ? number : number[..exponentAt];
        var point = mantissa.IndexOf((byte)'.');
        var whole = (point < 0 ? mantissa.Length : point) + exponent + MicrosecondDigits;
        var digits = 0;
        foreach (var character in mantissa)
        {
            if (character == '.')
            {
                continue;
            }

            // Beyond eighteen digits the time is far after the year 9999.
            if (character is < (byte)'0' or > (byte)'9' || (digits < whole && microseconds >= 100_000_000_000_000_000))
            {
                return false;
            }

            microseconds = digits < whole ? (microseconds * 10) + (character - '0') : microseconds;
            digits++;
        }

        for (; digits < whole; digits++)
        {
            if (microseconds >= 100_000_000_000_000_000)
            {
                return false;
            }

            microseconds *= 10;
        }

        return microseconds / 1000 is >= EventLimits.EarliestTimeMs and <= EventLimits.LatestTimeMs;
    }

    /// <summary>Microseconds of an RFC 3339 text or of a number of seconds.</summary>
    public static bool TryRead(ReadOnlySpan<byte> payload, in JsonValue value, out long microseconds)
    {
        microseconds = 0;
        if (value.Kind == JsonKind.Number)
        {
            return TrySeconds(value.Of(payload), out microseconds);
        }

        if (value.Kind != JsonKind.Text || !EventTime.TryParse(value.Of(payload), out var timeMs)
            || timeMs is < EventLimits.EarliestTimeMs or > EventLimits.LatestTimeMs)
        {
            return false;
        }

        microseconds = timeMs * 1000;
        return true;
    }

    /// <summary>An exponent of at most two digits: more is no time.</summary>
    private static bool TryExponent(ReadOnlySpan<byte> text, out int exponent)
    {
        exponent = 0;
        var negative = text.Length > 0 && text[0] == '-';
        var digits = text.Length > 0 && text[0] is (byte)'-' or (byte)'+' ? text[1..] : text;
        if (digits.Length is 0 or > 2)
        {
            return false;
        }

        foreach (var digit in digits)
        {
            exponent = (exponent * 10) + (digit - '0');
        }

        exponent = negative ? -exponent : exponent;
        return true;
    }
}
