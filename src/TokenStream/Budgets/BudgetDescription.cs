using System.Globalization;
using System.Text;
using TokenStream.Events;
using TokenStream.Pricing;

namespace TokenStream.Budgets;

/// <summary>A budget for people: its text, the running period, and the burn-rate pairs that result in minutes and money.</summary>
internal static class BudgetDescription
{
    public static string Of(Budget budget, long nowMs)
    {
        var text = new StringBuilder();
        text.AppendJoin('\n', BudgetWriter.Lines(budget)).Append('\n');
        var span = new PeriodCalendar(budget).At(nowMs);
        if (budget.Held is { } held && nowMs < held.UntilMs)
        {
            text.Append(CultureInfo.InvariantCulture, $"# holds to its running period until {UtcText.Of(held.UntilMs)}\n");
        }

        text.Append(
            CultureInfo.InvariantCulture, $"# this period: {UtcText.Of(span.StartMs)} to {UtcText.Of(span.EndMs)}, {Span(span.LengthMs)}\n");
        foreach (var pair in BurnRatePair.Of(budget.BurnFactors, span.LengthMs))
        {
            var informs = pair.Factor.Informs ? ", informs only" : "";
            text.Append(
                CultureInfo.InvariantCulture,
                $"# burn {BudgetText.FormatNumber(pair.Factor.Factor)}: more than " +
                $"{Part(budget.Amount, pair.Factor.Factor, pair.LongMs, span)} in {Minutes(pair.LongMs)}, and " +
                $"{Part(budget.Amount, pair.Factor.Factor, pair.ShortMs, span)} in {Minutes(pair.ShortMs)} ({pair.SharePercent:0.##} " +
                $"%{informs})\n");
        }

        foreach (var step in budget.Ladder)
        {
            if (step.WhenAnomaly is { } severity)
            {
                var worse = severity == Detection.AnomalySeverity.Critical ? "a critical anomaly" : "an anomaly of warning or worse";
                text.Append(
                    CultureInfo.InvariantCulture,
                    $"# {LadderReader.Trigger(step)}, {LadderReader.Word(step)}: only while {worse} of rising spend lasts in the scope\n");
            }
        }

        var left = budget.BurnFactors.Count - BurnRatePair.Of(budget.BurnFactors, span.LengthMs).Count;
        return left == 0
            ? text.ToString()
            : text.Append(CultureInfo.InvariantCulture, $"# left out, too coarse for so short a period: {left} burn rates\n").ToString();
    }

    /// <summary>What a lookback at the factor's speed spends.</summary>
    private static string Part(BudgetAmount amount, decimal factor, long lookbackMs, PeriodSpan span)
    {
        var part = factor * lookbackMs / span.LengthMs * (decimal)amount.Value;
        return amount.IsTokens
            ? string.Create(CultureInfo.InvariantCulture, $"{part:0} tokens")
            : Picodollars.Millionths((Int128)part);
    }

    private static string Minutes(long lookbackMs) => string.Create(CultureInfo.InvariantCulture, $"{lookbackMs / 60_000m:0.##} min");

    private static string Span(long lengthMs) => string.Create(CultureInfo.InvariantCulture, $"{lengthMs / 3_600_000m:0.##} hours");
}
