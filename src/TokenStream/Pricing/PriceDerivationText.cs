using System.Globalization;
using System.Text;

namespace TokenStream.Pricing;

/// <summary>Writes a derivation for people.</summary>
public static class PriceDerivationText
{
    private const int NameWidth = 22;
    private const int PicodollarDigits = 12;

    public static string Render(PriceDerivation derivation)
    {
        var text = new StringBuilder();
        var book = derivation.Book;
        Line(text, $"Price book {book.Name} of {book.Effective:yyyy-MM-dd}, {book.Hash[..12]}");
        if (book.Source.Length > 0)
        {
            Line(text, $"  from {book.Source}");
        }

        Line(text, $"Look-up");
        foreach (var step in derivation.Steps)
        {
            Line(text, $"  {step.Tried}: {step.Outcome}");
        }

        Line(text, $"Arithmetic, each class rounded once to a picodollar (1e-12 USD), half to even");
        foreach (var line in derivation.Lines)
        {
            Line(text, $"  {line.What.PadRight(NameWidth)} {Arithmetic(line)}");
        }

        if (derivation.Lines.Count == 0)
        {
            Line(text, $"  nothing was used");
        }

        Line(text, $"Total {Dollars(derivation.TotalCost)} USD = {derivation.TotalCost} picodollars");
        if (derivation.ListCost != derivation.TotalCost)
        {
            Line(text, $"At list prices {Dollars(derivation.ListCost)} USD");
        }

        var unpriced = derivation.Lines.Where(line => !line.Rate.IsKnown).ToList();
        if (unpriced.Count > 0)
        {
            var what = string.Join(", ", unpriced.Select(line => string.Create(CultureInfo.InvariantCulture, $"{line.Count} {line.What}")));
            Line(text, $"Unpriced: {what}. The book has no price for this, so its cost is unknown and not within the total.");
        }

        return text.ToString();
    }

    private static string Arithmetic(PriceLine line)
    {
        if (!line.Rate.IsKnown)
        {
            return string.Create(CultureInfo.InvariantCulture, $"{line.Count} unpriced");
        }

        var price = line.IsTokens
            ? $"{PriceText.Format(line.Rate, RateUnits.Million)} USD per million"
            : $"{PriceText.Format(line.Rate, 1)} USD each";
        var rounding = IsExact(line) ? string.Empty : ", rounded";
        return string.Create(CultureInfo.InvariantCulture, $"{line.Count} x {price} = {Dollars(line.Cost)} USD{rounding}");
    }

    private static bool IsExact(PriceLine line) => (Int128)line.Count * line.Rate.Numerator % line.Rate.Denominator == 0;

    private static string Dollars(long picodollars) => PriceText.FormatDecimal(picodollars, PicodollarDigits);

    private static void Line(StringBuilder text, FormattableString line) => text.Append(FormattableString.Invariant(line)).Append('\n');
}
