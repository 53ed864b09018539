using System.Globalization;
using TokenStream.Budgets;
using TokenStream.Detection;
using TokenStream.Pricing;

namespace TokenStream.Governing.Evaluation;

/// <summary>Amounts, shares and spans in sentences for people.</summary>
internal static class MoneyText
{
    /// <summary>Picodollars as dollars and cents, rounded; tokens as they are.</summary>
    public static string Of(Int128 amount, bool isTokens) => isTokens
        ? string.Create(CultureInfo.InvariantCulture, $"{amount} tokens")
        : Picodollars.Cents(amount);

    public static string Trigger(LadderStep step)
    {
        var trigger = step.Trigger switch
        {
            LadderTrigger.BurnRate => string.Create(CultureInfo.InvariantCulture, $"burn {step.Level}"),
            LadderTrigger.Spent => string.Create(CultureInfo.InvariantCulture, $"spent {step.Level} %"),
            _ => "exhausted",
        };
        return step.WhenAnomaly switch
        {
            null => trigger,
            AnomalySeverity.Critical => trigger + " and a critical anomaly",
            _ => trigger + " and an anomaly",
        };
    }

    /// <summary>Completes "budget NAME ..": how it stands.</summary>
    public static string Standing(BudgetEvaluation evaluation)
    {
        var isTokens = evaluation.Budget.Amount.IsTokens;
        var bound = evaluation.UnpricedBound > 0 ? $" and at most {Of(evaluation.UnpricedBound, isTokens)} of usage without a price" : "";
        return $"has spent {Of(evaluation.Spent, isTokens)}{bound} of {Of(evaluation.Limit, isTokens)}";
    }
}
