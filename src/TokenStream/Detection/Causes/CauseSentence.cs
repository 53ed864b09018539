using System.Globalization;
using TokenStream.Pricing;

namespace TokenStream.Detection.Causes;

/// <summary>A cause for people: what changed, from what to what, where, and what it costs an hour.</summary>
internal static class CauseSentence
{
    public static string Of(CauseShare share, int minutes, bool isOfGateway, TokenClass priceClass, string? remark)
    {
        var text = What(share, isOfGateway, priceClass);
        if (share.Value is not null && share.Factor != CauseFactor.ModelMix)
        {
            text += $" at {share.Dimension} {share.Value}";
        }

        var anHour = share.Cost * 60 / Math.Max(1, minutes);
        var sign = anHour < 0 ? string.Empty : "+";
        return $"{text}: {sign}{Picodollars.Cents(anHour)} an hour{(remark is null ? string.Empty : "; " + remark)}";
    }

    private static string What(CauseShare share, bool isOfGateway, TokenClass priceClass) => share.Factor switch
    {
        CauseFactor.Volume => Change("requests", share, Amount, " a minute"),
        CauseFactor.ContextLength => Change("input tokens an attempt", share, Amount, string.Empty),
        CauseFactor.OutputLength => Change("output tokens an attempt", share, Amount, string.Empty),
        CauseFactor.ModelMix => Change($"share of model {share.Value ?? "unknown"}", share, Percent, " % of the attempts"),
        CauseFactor.CacheShare => Change(isOfGateway ? "share answered by the gateway's cache" : "cache share", share, Percent, " %"),
        CauseFactor.Price => Change($"price of {ClassName(priceClass)} tokens", share, UsdOfMillion, " USD a million"),
        CauseFactor.Retries => Change("attempts a request", share, Ratio, string.Empty),
        _ => "something beside tokens and their prices changed",
    };

    private static string Change(string what, CauseShare share, Func<double, string> format, string unit)
    {
        if (double.IsNaN(share.After))
        {
            return $"{what} changed";
        }

        var verb = share.After > share.Before ? "rose" : share.After < share.Before ? "fell" : "stayed";
        return double.IsNaN(share.Before) ? $"{what} now {format(share.After)}{unit}" : $"{what} {verb} {format(share.Before)} to {format(share.After)}{unit}";
    }

    private static string ClassName(TokenClass kind) => kind switch
    {
        TokenClass.Input => "input",
        TokenClass.CacheRead => "cached",
        TokenClass.CacheWrite5m or TokenClass.CacheWrite1h => "cache write",
        TokenClass.Reasoning => "reasoning",
        _ => "output",
    };

    private static string Amount(double value) => value.ToString(value < 10 ? "0.#" : "#,0", CultureInfo.InvariantCulture);

    private static string Percent(double value) => (100 * value).ToString("0", CultureInfo.InvariantCulture);

    private static string Ratio(double value) => value.ToString("0.00", CultureInfo.InvariantCulture);

    private static string UsdOfMillion(double value) =>
        (value * 1_000_000 / Picodollars.PerUsd).ToString("0.00##", CultureInfo.InvariantCulture);
}
