namespace TokenStream.Budgets;

/// <summary>
/// A factor of the burn rate with the lookbacks that it is measured over in a period of a certain length. The long one stands for the
/// factor's share of the amount: share x period / factor; the short one, a twelfth, says whether it goes on.
/// </summary>
/// <param name="SharePercent">What the long lookback stands for after rounding: factor x long / period.</param>
public sealed record BurnRatePair(BurnFactor Factor, long LongMs, long ShortMs, decimal SharePercent)
{
    private const long SecondsMs = 10_000;
    private const long MinuteMs = 60_000;
    private const long HourMs = 60 * MinuteMs;
    private const long DayMs = 24 * HourMs;
    private const long LeastLongMs = 5 * MinuteMs;
    private const long LeastShortMs = MinuteMs;
    private const decimal MostSharePercent = 25;

    /// <summary>
    /// The pairs in a period of this true length, in the order of the factors. One whose least lookback would stand for more than a quarter
    /// of the amount is left out: it would speak when it is too late.
    /// </summary>
    public static IReadOnlyList<BurnRatePair> Of(IReadOnlyList<BurnFactor> factors, long periodMs) =>
        [.. factors.Select(factor => Of(factor, periodMs)).OfType<BurnRatePair>()];

    /// <summary>
    /// Sums that lie far back are kept in coarser steps, to bound the ledger's memory: lookbacks are whole numbers of such steps.
    /// </summary>
    public static long RoundUp(long lookbackMs)
    {
        var unit = lookbackMs <= HourMs ? SecondsMs : lookbackMs <= DayMs ? MinuteMs : 10 * MinuteMs;
        return (lookbackMs + unit - 1) / unit * unit;
    }

    private static BurnRatePair? Of(BurnFactor factor, long periodMs)
    {
        var asked = Ceiling(factor.SharePercent * periodMs, 100 * factor.Factor);
        var longMs = RoundUp(Math.Max(asked, LeastLongMs));
        var shortMs = RoundUp(Math.Max((longMs + 11) / 12, LeastShortMs));
        var share = 100 * factor.Factor * longMs / periodMs;
        return asked < LeastLongMs && share > MostSharePercent ? null : new BurnRatePair(factor, longMs, shortMs, share);
    }

    /// <summary>
    /// The quotient rounded up to whole numbers, exactly: a decimal quotient may be rounded in its last digit, products are not.
    /// </summary>
    private static long Ceiling(decimal dividend, decimal divisor)
    {
        var quotient = (long)(dividend / divisor);
        while (quotient * divisor >= dividend)
        {
            quotient--;
        }

        while (quotient * divisor < dividend)
        {
            quotient++;
        }

        return quotient;
    }
}
