using System.Globalization;
using System.Text;
using TokenStream.Pricing;
using TokenStream.Scopes;
using static TokenStream.Yaml.YamlText;

namespace TokenStream.Budgets;

/// <summary>
/// Writes budgets as the text that <see cref="BudgetFile"/> reads, in one fixed layout and without what is a default: budgets of the same
/// text are the same, and it is what travels between nodes.
/// </summary>
internal static class BudgetWriter
{
    public static string Write(BudgetDocument document)
    {
        var text = new StringBuilder("version: 1\n");
        if (document.UnpricedBound.Count > 0)
        {
            text.Append("unpriced_bound: ").Append(Bound(document.UnpricedBound)).Append('\n');
        }

        text.Append(document.Budgets.Count > 0 ? "budgets:\n" : "budgets: []\n");
        foreach (var budget in document.Budgets)
        {
            text.Append(Write(budget));
        }

        return text.ToString();
    }

    /// <summary>One budget, as an item of the list.</summary>
    public static string Write(Budget budget)
    {
        var lines = Lines(budget).ToList();
        return $"  - {string.Join("\n    ", lines)}\n";
    }

    /// <summary>The configured bound on usage without a price.</summary>
    public static string Bound(RateSet bound) => $"{{{string.Join(", ", RateSet.ClassKeys.Where(key => bound[key].IsKnown)
        .Select(key => $"{key}: {PriceText.Format(bound[key], RateUnits.Million)}"))}}}";

    /// <summary>The lines of one budget without their indentation.</summary>
    public static IEnumerable<string> Lines(Budget budget)
    {
        yield return $"name: {Quote(budget.Name)}";
        yield return $"scope: {Scope(budget.Scope)}";
        yield return $"amount: {BudgetText.FormatAmount(budget.Amount)}";
        foreach (var line in Period(budget.Period).Concat(Choices(budget)))
        {
            yield return line;
        }

        if (!budget.Thresholds.SequenceEqual([50, 80, 100]))
        {
            yield return $"thresholds: [{string.Join(", ", budget.Thresholds.Select(BudgetText.FormatNumber))}]";
        }

        if (!budget.BurnFactors.SequenceEqual(BurnFactor.Defaults))
        {
            yield return $"burn_rates: [{string.Join(", ", budget.BurnFactors.Select(Pair))}]";
        }

        if (budget.Ladder.Count > 0)
        {
            yield return "ladder:";
        }

        foreach (var step in budget.Ladder)
        {
            yield return $"  - {{{string.Join(", ", Fields(step))}}}";
        }
    }

    private static string Scope(ScopePattern scope)
    {
        List<string> terms = [];
        foreach (var dimension in Enum.GetValues<ScopeDimension>())
        {
            var term = scope[dimension];
            if (term.Kind == ScopeTermKind.Any)
            {
                continue;
            }

            if (term.Kind != ScopeTermKind.Each &&
                (term.Text == "each" || (term.Kind == ScopeTermKind.Exact && term.Text.Contains('*', StringComparison.Ordinal))))
            {
                // The mapping would read it as something else; the pattern's own text says it.
                return Quote(scope.Text);
            }

            terms.Add($"{dimension.ToString().ToLowerInvariant()}: {(term.Kind == ScopeTermKind.Each ? "each" : Quote(term.Text))}");
        }

        return terms.Count > 0 ? $"{{{string.Join(", ", terms)}}}" : "all";
    }

    private static IEnumerable<string> Period(BudgetPeriod period)
    {
        yield return $"period: {PeriodReader.Kinds[(int)period.Kind]}";
        if (period.Kind == PeriodKind.FiscalMonth)
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"start_day: {period.StartDay}");
        }

        if (period.Kind == PeriodKind.Rolling)
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"hours: {period.Hours}");
        }

        if (period.TimeZone != "UTC")
        {
            yield return $"time_zone: {Quote(period.TimeZone)}";
        }
    }

    private static IEnumerable<string> Choices(Budget budget)
    {
        (bool IsSaid, string Line)[] choices =
        [
            (budget.Mode != BudgetMode.Observe, $"mode: {budget.Mode.ToString().ToLowerInvariant()}"),
            (budget.CarryOver, "carry_over: true"),
            (budget.EnforceUnpriced, "unpriced: enforce"),
            (budget.BatchInBurnRates, "batch_in_burn_rates: true"),
            (budget.Owner is not null, $"owner: {Quote(budget.Owner ?? "")}"),
            (budget.Route is not null, $"route: {Quote(budget.Route ?? "")}"),
            (budget.EachLimit != Budget.DefaultEachLimit, string.Create(CultureInfo.InvariantCulture, $"each_limit: {budget.EachLimit}")),
            (budget.PassesBreaker, "passes_breaker: true"),
            (budget.Leases, "leases: true"),
        ];
        return choices.Where(choice => choice.IsSaid).Select(choice => choice.Line);
    }

    private static string Pair(BurnFactor factor)
    {
        var informs = factor.Informs == factor.Factor <= 1 ? "" : $", informs: {(factor.Informs ? "true" : "false")}";
        return $"{{factor: {BudgetText.FormatNumber(factor.Factor)}, share: {BudgetText.FormatNumber(factor.SharePercent)}{informs}}}";
    }

    private static IEnumerable<string> Fields(LadderStep step)
    {
        yield return $"at: {LadderReader.Trigger(step)}";
        if (step.WhenAnomaly is { } severity)
        {
            yield return $"when_anomaly: {LadderReader.Severities.First(candidate => candidate.Severity == severity).Word}";
        }

        yield return $"action: {LadderReader.Word(step)}";
        (string Key, string? Value)[] parameters =
        [
            ("max_output_tokens", step.Parameters.MaxOutputTokens?.ToString(CultureInfo.InvariantCulture)),
            ("model", step.Parameters.Model is { } model ? Quote(model) : null),
            ("provider", step.Parameters.Provider is { } provider ? Quote(provider) : null),
            ("tokens_per_minute", step.Parameters.TokensPerMinute?.ToString(CultureInfo.InvariantCulture)),
            ("requests_per_minute", step.Parameters.RequestsPerMinute?.ToString(CultureInfo.InvariantCulture)),
            ("abort_streams", step.Parameters.AbortStreams ? "true" : null),
        ];
        foreach (var (key, value) in parameters.Where(parameter => parameter.Value is not null))
        {
            yield return $"{key}: {value}";
        }

        yield return $"hold: {BudgetText.FormatDuration(step.HoldMs)}";
    }
}
