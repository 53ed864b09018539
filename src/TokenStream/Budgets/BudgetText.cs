using System.Globalization;
using System.Text.RegularExpressions;
using TokenStream.Pricing;

namespace TokenStream.Budgets;

/// <summary>
/// The values of budgets as people write them: amounts, percentages, durations. What refuses a text does so with a reason that completes
/// the sentence "'text' ..".
/// </summary>
internal static partial class BudgetText
{
    /// <summary>More than that is a typing error: a million millions.</summary>
    private const decimal MostUsd = 1_000_000_000_000;

    private const decimal MostTokens = 1_000_000_000_000_000;

    /// <summary>Longest number: within it a decimal keeps every digit.</summary>
    private const int MaxLength = 28;

    private static readonly (string Unit, long Ms)[] Units = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000)];

    public static bool TryParseAmount(string text, out BudgetAmount amount, out string reason)
    {
        amount = default;
        var match = AmountPattern().Match(text);
        if (!match.Success || !TryParseNumber(match.Groups[1].Value, out var number))
        {
            reason = "is no amount such as 500 USD or 2000000 tokens";
            return false;
        }

        var unit = match.Groups[2].Value;
        if (unit is not ("USD" or "tokens"))
        {
            reason = unit.Length == 0
                ? "does not say of what: 500 USD or 500 tokens"
                : $"is in '{unit}'; budgets are in USD, as prices are, or in tokens, so convert it first";
            return false;
        }

        var most = unit == "USD" ? MostUsd : MostTokens;
        if (number <= 0 || number > most)
        {
            reason = number <= 0
                ? "is not more than nothing"
                : string.Create(CultureInfo.InvariantCulture, $"is more than {most:0} {unit}");
            return false;
        }

        if (unit == "tokens" ? number != decimal.Truncate(number) : number * Picodollars.PerUsd != decimal.Truncate(
            number * Picodollars.PerUsd))
        {
            reason = unit == "tokens" ? "is no whole number of tokens" : "has more than 12 decimals";
            return false;
        }

        amount = new BudgetAmount((Int128)(unit == "USD" ? number * Picodollars.PerUsd : number), unit == "tokens");
        reason = "";
        return true;
    }

    public static string FormatAmount(BudgetAmount amount) =>
        amount.IsTokens ? string.Create(CultureInfo.InvariantCulture, $"{amount.Value} tokens") : Picodollars.Exact(amount.Value);

    /// <summary>A number without exponent, of so few digits that a decimal holds it exactly.</summary>
    public static bool TryParseNumber(string text, out decimal number)
    {
        number = 0;
        return text.Length <= MaxLength && NumberPattern().IsMatch(text) &&
            decimal.TryParse(
                text, NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number);
    }

    /// <summary><c>80</c> or <c>80%</c>.</summary>
    public static bool TryParsePercent(string text, out decimal percent) => TryParseNumber(text.TrimEnd('%').TrimEnd(), out percent);

    public static string FormatNumber(decimal number) => number.ToString("0.############################", CultureInfo.InvariantCulture);

    /// <summary><c>90s</c>, <c>10m</c>, <c>2h</c>, <c>1d</c>.</summary>
    public static bool TryParseDuration(string text, out long milliseconds)
    {
        milliseconds = 0;
        var match = DurationPattern().Match(text);
        if (!match.Success)
        {
            return false;
        }

        var unit = Units.First(candidate => candidate.Unit == match.Groups[2].Value).Ms;
        milliseconds = long.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture) * unit;
        return true;
    }

    public static string FormatDuration(long milliseconds)
    {
        var (unit, ms) = Units.First(candidate => milliseconds % candidate.Ms == 0);
        return string.Create(CultureInfo.InvariantCulture, $"{milliseconds / ms}{unit}");
    }

    [GeneratedRegex(@"^(-?[0-9.]+) ?([^\s0-9.]*)$")]
    private static partial Regex AmountPattern();

    [GeneratedRegex(@"^-?[0-9]+(\.[0-9]+)?$")]
    private static partial Regex NumberPattern();

    [GeneratedRegex("^([0-9]{1,6})([smhd])$")]
    private static partial Regex DurationPattern();
}
