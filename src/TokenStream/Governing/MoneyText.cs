using System.Globalization;
using TokenStream.Budgets;

namespace TokenStream.Governing;

/// <summary>Amounts, shares and spans in sentences for people.</summary>
internal static class MoneyText
{
    private const decimal PicosOfDollar = 1e12m;

    /// <summary>Picodollars as dollars and cents, rounded; tokens as they are.</summary>
    public static string Of(Int128 amount, bool isTokens) => isTokens
        ? string.Create(CultureInfo.InvariantCulture, $"{amount} tokens")
        : string.Create(CultureInfo.InvariantCulture, $"{(decimal)amount / PicosOfDollar:0.00} USD");

    public static string Trigger(LadderStep step) => step.Trigger switch
    {
        LadderTrigger.BurnRate => string.Create(CultureInfo.InvariantCulture, $"burn {step.Level}"),
        LadderTrigger.Spent => string.Create(CultureInfo.InvariantCulture, $"spent {step.Level} %"),
        _ => "exhausted",
    };

    /// <summary>Completes "budget NAME ..": how it stands.</summary>
    public static string Standing(BudgetEvaluation evaluation)
    {
        var isTokens = evaluation.Budget.Amount.IsTokens;
        var bound = evaluation.UnpricedBound > 0 ? $" and at most {Of(evaluation.UnpricedBound, isTokens)} of usage without a price" : "";
        return $"has spent {Of(evaluation.Spent, isTokens)}{bound} of {Of(evaluation.Limit, isTokens)}";
    }

    /// <summary>Completes "budget NAME ..": the worst pair of a severity.</summary>
    public static string Burning(BudgetEvaluation evaluation, AlertSeverity severity)
    {
        var pair = evaluation.Pairs.FirstOrDefault(pair => (pair.Fires || pair.FiresWithBound) && BudgetRules.SeverityOf(pair.Factor) == severity);
        return pair is null
            ? "burned too fast"
            : string.Create(
                CultureInfo.InvariantCulture,
                $"burns {pair.LongRate:0.0} times as fast as its amount lasts (over {pair.LongMs / 60_000} min, {pair.ShortRate:0.0} over {pair.ShortMs / 60_000} min)");
    }
}
