using System.Globalization;
using System.Numerics;

namespace TokenStream.Pricing;

/// <summary>
/// Prices as people write them, decimals of US dollars for a number of units, to exact rates and back. No floating point.
/// </summary>
internal static class PriceText
{
    /// <summary>Longest number that is read; no price needs a tenth of it.</summary>
    public const int MaxLength = 64;

    private const int MaxExponent = 40;
    private const int PicodollarDigits = 12;

    /// <summary>
    /// Reads <c>2.5</c> or <c>3e-06</c> US dollars for <paramref name="units"/> units (a power of ten). False with a reason that completes
    /// the sentence "'2.5x' ..".
    /// </summary>
    public static bool TryParse(string text, long units, out Rate rate, out string reason)
    {
        rate = default;
        if (!TryParseDecimal(text, out var mantissa, out var exponent))
        {
            reason = "is not a decimal number";
            return false;
        }

        if (mantissa.Sign < 0)
        {
            reason = "is negative; a price is zero or more";
            return false;
        }

        exponent += PicodollarDigits;
        var numerator = mantissa * BigInteger.Pow(10, Math.Max(exponent, 0));
        var denominator = BigInteger.Pow(10, Math.Max(-exponent, 0)) * units;
        if (!TryCreate(numerator, denominator, out rate))
        {
            reason = "is too large or has too many digits to be kept exactly";
            return false;
        }

        reason = string.Empty;
        return true;
    }

    /// <summary>Reads a discount such as <c>12.5%</c> and gives what remains of the price, 875/1000.</summary>
    public static bool TryParseDiscount(string text, out Rate factor, out string reason)
    {
        factor = default;
        reason = "is not a percentage from 0% to 100%, such as 12.5%";
        if (!text.EndsWith('%') || !TryParseDecimal(text[..^1].TrimEnd(), out var mantissa, out var exponent) || mantissa.Sign < 0)
        {
            return false;
        }

        var whole = 100 * BigInteger.Pow(10, Math.Max(-exponent, 0));
        return TryCreate(whole - (mantissa * BigInteger.Pow(10, Math.Max(exponent, 0))), whole, out factor);
    }

    /// <summary>The rate in US dollars for <paramref name="units"/> units: every rate that was read is a finite decimal.</summary>
    public static string Format(Rate rate, long units)
    {
        var numerator = (BigInteger)rate.Numerator * units;
        var denominator = (BigInteger)rate.Denominator * BigInteger.Pow(10, PicodollarDigits);
        var digits = 0;
        while (numerator % denominator != 0 && digits < MaxLength)
        {
            numerator *= 10;
            digits++;
        }

        return FormatDecimal(numerator / denominator, digits);
    }

    /// <summary>The discount, as <see cref="TryParseDiscount"/> reads it, that leaves this factor of a price.</summary>
    public static string FormatDiscount(Rate factor)
    {
        var numerator = 100 * (BigInteger)(factor.Denominator - factor.Numerator);
        var digits = 0;
        while (numerator % factor.Denominator != 0)
        {
            numerator *= 10;
            digits++;
        }

        return $"{FormatDecimal(numerator / factor.Denominator, digits)}%";
    }

    /// <summary>A whole number divided by a power of ten, without trailing zeros.</summary>
    public static string FormatDecimal(BigInteger mantissa, int digits)
    {
        var text = BigInteger.Abs(mantissa).ToString(CultureInfo.InvariantCulture).PadLeft(digits + 1, '0');
        var fraction = text[^digits..].TrimEnd('0');
        return (mantissa.Sign < 0 ? "-" : string.Empty) + text[..^digits] + (fraction.Length > 0 ? $".{fraction}" : string.Empty);
    }

    /// <summary>A decimal number as mantissa and power of ten; an exponent is allowed, since other price maps write <c>3e-06</c>.</summary>
    private static bool TryParseDecimal(string text, out BigInteger mantissa, out int exponent)
    {
        mantissa = default;
        exponent = 0;
        if (text.Length is 0 or > MaxLength)
        {
            return false;
        }

        var e = text.AsSpan().IndexOfAny('e', 'E');
        if (e >= 0 &&
            (!int.TryParse(text.AsSpan(e + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out exponent) ||
            Math.Abs(exponent) > MaxExponent))
        {
            return false;
        }

        var number = e >= 0 ? text[..e] : text;
        var point = number.IndexOf('.', StringComparison.Ordinal);
        if (point >= 0)
        {
            // Digits on both sides, so that '1.' and '.5' are typing errors, as they are in JSON.
            if (point == number.Length - 1 || point == 0 || !char.IsAsciiDigit(number[point - 1]))
            {
                return false;
            }

            exponent -= number.Length - point - 1;
            number = number.Remove(point, 1);
        }

        return BigInteger.TryParse(number, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out mantissa);
    }

    private static bool TryCreate(BigInteger numerator, BigInteger denominator, out Rate rate)
    {
        rate = default;
        if (numerator.Sign < 0)
        {
            return false;
        }

        var divisor = BigInteger.GreatestCommonDivisor(numerator, denominator);
        numerator /= divisor;
        denominator /= divisor;
        return numerator <= long.MaxValue && denominator <= long.MaxValue &&
            Rate.TryCreate((Int128)numerator, (Int128)denominator, out rate);
    }
}
