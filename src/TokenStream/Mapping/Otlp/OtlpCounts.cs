using System.Globalization;
using TokenStream.Events;

namespace TokenStream.Mapping.Otlp;

/// <summary>Reads numbers of attributes.</summary>
internal static class OtlpCounts
{
    private const double LargestWhole = 1L << 53;

    /// <summary>
    /// Reads a count; what is absent is unknown. Some languages have no integers, and some exporters write numbers as texts: both are taken
    /// where they are whole.
    /// </summary>
    public static MappingReason Read(in OtlpSpanView span, in OtlpValue value, out TokenCount count)
    {
        count = default;
        long number;
        switch (value.Kind)
        {
            case OtlpKind.Absent:
                return MappingReason.None;
            case OtlpKind.Integer:
                number = value.Number;
                break;
            case OtlpKind.Double when Math.Abs(value.Real) <= LargestWhole && Math.Floor(value.Real) == value.Real:
                number = (long)value.Real;
                break;
            case OtlpKind.Double:
                return MappingReason.NotAnInteger;
            case OtlpKind.Text
                when long.TryParse(span.Text(in value), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number):
                break;
            default:
                return MappingReason.WrongType;
        }

        if (number is < 0 or > EventLimits.Count)
        {
            return MappingReason.CountOutOfRange;
        }

        count = TokenCount.Of(number);
        return MappingReason.None;
    }

    /// <summary>Milliseconds of a number of seconds; unknown where it is none, negative or longer than an event can say.</summary>
    public static TokenCount Milliseconds(in OtlpValue seconds)
    {
        var real = seconds.Kind switch
        {
            OtlpKind.Double => seconds.Real,
            OtlpKind.Integer => seconds.Number,
            _ => -1,
        };
        return real >= 0 && real * 1000 <= EventLimits.Count ? TokenCount.Of((long)(real * 1000)) : default;
    }

    /// <summary>Milliseconds from one time to another, both nanoseconds; unknown where the clock was set back in between.</summary>
    public static TokenCount Milliseconds(ulong startNs, ulong endNs) =>
        startNs != 0 && endNs >= startNs && (endNs - startNs) / 1_000_000 <= (ulong)EventLimits.Count
            ? TokenCount.Of((long)((endNs - startNs) / 1_000_000))
            : default;
}
