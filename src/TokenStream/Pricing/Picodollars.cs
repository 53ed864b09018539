using System.Globalization;

namespace TokenStream.Pricing;

/// <summary>Picodollars, the unit of all money here, as dollars for people. Nothing is computed from what comes out.</summary>
public static class Picodollars
{
    public const long PerUsd = 1_000_000_000_000;

    private const int Digits = 12;

    public static decimal ToUsd(Int128 picodollars) => (decimal)picodollars / PerUsd;

    /// <summary>Dollars and cents, rounded: <c>12.35 USD</c>.</summary>
    public static string Cents(Int128 picodollars) => string.Create(CultureInfo.InvariantCulture, $"{ToUsd(picodollars):0.00} USD");

    /// <summary>Rounded to millionths, which single requests are counted in: <c>12.345678 USD</c>, <c>12.30 USD</c>.</summary>
    public static string Millionths(Int128 picodollars) =>
        string.Create(CultureInfo.InvariantCulture, $"{ToUsd(picodollars):0.00####} USD");

    /// <summary>Every digit that is not zero: <c>12.345678901234 USD</c>, <c>12 USD</c>.</summary>
    public static string Exact(Int128 picodollars) => PriceText.FormatDecimal(picodollars, Digits) + " USD";
}
