using System.Globalization;
using TokenStream.Pricing;

namespace TokenStream.Detection.Episodes;

/// <summary>Whether an anomaly is worth a person's time, by what it costs, and how much so.</summary>
internal static class Materiality
{
    /// <summary>No real money comes near; a double beyond it does not fit 128 bits.</summary>
    private const double MostMoney = 1e37;

    /// <summary>Why it is not worth a person's time; null where it is.</summary>
    public static string? Doubt(in GroupFigures figures, double dailyCost, EpisodeOptions options)
    {
        var lead = figures.Lead;
        if (lead.IsImprovement)
        {
            return "an improvement";
        }

        if (double.IsNaN(lead.Expected))
        {
            return "nothing is known yet of what to expect";
        }

        if (lead.Direction == AnomalyDirection.Down && lead.Measure is not SeriesMeasure.CacheShare)
        {
            return Shortfall(figures, dailyCost, options);
        }

        return lead.LastCostPerUnit != 0 ? TooCheap(figures, dailyCost, options) : TooFew(figures, options, "hit");
    }

    /// <summary>Money at risk in an hour: what the excess costs or, where that is nothing, what the requests cost that it hits.</summary>
    public static double RiskPerHour(in GroupFigures figures, double costPerRequest) =>
        Math.Max(Math.Abs(figures.CostPerHour), figures.Lead.LastCostPerUnit != 0 ? 0 : figures.AffectedPerHour * costPerRequest);

    public static AnomalySeverity Severity(double riskPerHour, double daily, EpisodeOptions options)
    {
        if (!(riskPerHour > 0))
        {
            // Usage without a price has an unknown cost, not none.
            return daily > 0 ? AnomalySeverity.Info : AnomalySeverity.Warning;
        }

        return riskPerHour * 100 >= daily * options.CriticalPercent ? AnomalySeverity.Critical
            : riskPerHour * 100 >= daily * options.WarningPercent ? AnomalySeverity.Warning
            : AnomalySeverity.Info;
    }

    public static Int128 Money(double picodollars) => Math.Abs(picodollars) < MostMoney ? (Int128)Math.Round(picodollars) : 0;

    private static string? Shortfall(in GroupFigures figures, double dailyCost, EpisodeOptions options)
    {
        var lead = figures.Lead;
        var missing = lead.ExpectedSum > 0 ? -lead.Excess / lead.ExpectedSum * 100 : 0;
        if (missing < options.LeastShortfallPercent)
        {
            return string.Create(CultureInfo.InvariantCulture, $"{missing:0} % are missing, under {options.LeastShortfallPercent} %");
        }

        return lead.Measure switch
        {
            SeriesMeasure.Requests => TooFew(figures, options, "missing"),
            SeriesMeasure.TokensOutPerRequest => TooFew(figures, options, "hit"),
            _ => lead.LastCostPerUnit != 0 ? TooCheap(figures, dailyCost, options) : "what is missing has no price",
        };
    }

    private static string? TooCheap(in GroupFigures figures, double dailyCost, EpisodeOptions options)
    {
        var least = Math.Max((double)options.LeastCost, dailyCost * options.LeastCostPerMille / 1_000);
        var cost = Math.Abs(figures.Cost);
        return cost >= least ? null : $"{Picodollars.Cents(Money(cost))}, under {Picodollars.Cents(Money(least))}";
    }

    private static string? TooFew(in GroupFigures figures, EpisodeOptions options, string what) => figures.Affected >= options.LeastRequests
        ? null
        : string.Create(CultureInfo.InvariantCulture, $"{figures.Affected:0} requests {what}, under {options.LeastRequests}");
}
