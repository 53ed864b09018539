using TokenStream.Events;

namespace TokenStream.Mapping;

/// <summary>
/// Reads counts as people and other programs write them: as numbers or as texts, with a fraction of zeros, or with an exponent. What they
/// mean is exact, or is refused.
/// </summary>
internal static class CountText
{
    private const long MostBeforeDigit = (long.MaxValue - 9) / 10;

    /// <summary>Reads a count; what is absent or null, an empty text and a dash are unknown.</summary>
    public static MappingReason Read(ReadOnlySpan<byte> payload, in JsonValue value, out TokenCount count)
    {
        if (value.Kind == JsonKind.Number && value.IsPlain)
        {
            return TokenCount.Read(in value, out count);
        }

        count = default;
        var text = value.Of(payload);
        if (!value.IsThere || (value.Kind == JsonKind.Text && (text.IsEmpty || text.SequenceEqual("-"u8))))
        {
            return MappingReason.None;
        }

        if (value.Kind is not (JsonKind.Number or JsonKind.Text))
        {
            return MappingReason.WrongType;
        }

        var reason = Parse(text, isCut: false, out var number);
        count = reason == MappingReason.None ? TokenCount.Of(number) : default;
        return reason;
    }

    /// <summary>
    /// A duration, of which what is less than one is cut; unknown where it cannot be read: it is no reason to lose a request.
    /// </summary>
    public static TokenCount Duration(ReadOnlySpan<byte> payload, in JsonValue value)
    {
        var isReadable = value.Kind is JsonKind.Number or JsonKind.Text && value.Length > 0;
        return isReadable && Parse(value.Of(payload), isCut: true, out var number) == MappingReason.None ? TokenCount.Of(number) : default;
    }

    private static MappingReason Parse(ReadOnlySpan<byte> text, bool isCut, out long number)
    {
        number = 0;
        if (text.Length > 1 && text[0] == '-')
        {
            return MappingReason.CountOutOfRange;
        }

        var exponentAt = text.IndexOfAny((byte)'e', (byte)'E');
        var exponent = 0;
        var mantissa = exponentAt < 0 ? text : text[..exponentAt];
        if (exponentAt >= 0 && !TryExponent(text[(exponentAt + 1)..], out exponent))
        {
            return MappingReason.WrongType;
        }

        var reason = ParseMantissa(mantissa, isCut, out number, out var fraction);
        return reason == MappingReason.None ? Shift(ref number, exponent - fraction, isCut) : reason;
    }

    /// <summary>The digits as one number, and how many of them stand behind the point.</summary>
    private static MappingReason ParseMantissa(ReadOnlySpan<byte> text, bool isCut, out long number, out int fraction)
    {
        (number, fraction) = (0, 0);
        var point = text.IndexOf((byte)'.');
        if (text.IsEmpty || point == 0 || point == text.Length - 1)
        {
            return MappingReason.WrongType;
        }

        for (var at = 0; at < text.Length; at++)
        {
            if (at == point)
            {
                continue;
            }

            if (text[at] is < (byte)'0' or > (byte)'9')
            {
                return MappingReason.WrongType;
            }

            var isBehind = point >= 0 && at > point;
            if (number > MostBeforeDigit)
            {
                if (!isBehind || (!isCut && text[at] != '0'))
                {
                    return isBehind ? MappingReason.NotAnInteger : MappingReason.CountOutOfRange;
                }

                continue;
            }

            number = (number * 10) + (text[at] - '0');
            fraction += isBehind ? 1 : 0;
        }

        return MappingReason.None;
    }

    private static MappingReason Shift(ref long number, int places, bool isCut)
    {
        for (; places > 0 && number != 0; places--)
        {
            if (number > EventLimits.Count)
            {
                return MappingReason.CountOutOfRange;
            }

            number *= 10;
        }

        for (; places < 0 && number != 0; places++)
        {
            if (!isCut && number % 10 != 0)
            {
                return MappingReason.NotAnInteger;
            }

            number /= 10;
        }

        return number > EventLimits.Count ? MappingReason.CountOutOfRange : MappingReason.None;
    }

    /// <summary>An exponent of at most two digits: more is no count.</summary>
    private static bool TryExponent(ReadOnlySpan<byte> text, out int exponent)
    {
        exponent = 0;
        var isNegative = text.Length > 0 && text[0] == '-';
        var digits = text.Length > 0 && text[0] is (byte)'-' or (byte)'+' ? text[1..] : text;
        if (digits.Length is 0 or > 2)
        {
            return false;
        }

        foreach (var digit in digits)
        {
            if (digit is < (byte)'0' or > (byte)'9')
            {
                return false;
            }

            exponent = (exponent * 10) + (digit - '0');
        }

        exponent = isNegative ? -exponent : exponent;
        return true;
    }
}
