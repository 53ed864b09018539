using System.Globalization;
using TokenStream.Events;

namespace TokenStream.Detection;

/// <summary>Anomalies for people: places, measures and the sentence that an alert is read by. Nothing is computed from what comes out.</summary>
public static class AnomalyText
{
    private const double PicoPerUsd = 1e12;

    /// <summary><c>tenant acme, feature chat in prod</c>; what is summed over is left out.</summary>
    public static string Place(SeriesPath path)
    {
        List<string> parts = [];
        if (path.Tenant is { } tenant)
        {
            parts.Add($"tenant {Name(tenant)}");
        }

        if (path.Feature is { } feature)
        {
            parts.Add(feature.Length == 0 ? "requests without a feature" : $"feature {feature}");
        }

        if (path.Model is { } model)
        {
            parts.Add(model.Length == 0 ? "requests without a model" : $"model {model}");
        }

        if (path.Provider is { } provider)
        {
            parts.Add($"provider {Name(provider)}");
        }

        if (path.Gateway is { } gateway)
        {
            parts.Add($"source {Name(gateway)}");
        }

        return parts.Count == 0 ? $"environment {Name(path.Environment)}" : $"{string.Join(", ", parts)} in {Name(path.Environment)}";
    }

    /// <summary>What a series is of, as the subject of a sentence.</summary>
    public static string Subject(SeriesMeasure measure) => measure switch
    {
        SeriesMeasure.Cost => "Cost",
        SeriesMeasure.Requests => "Requests",
        SeriesMeasure.TokensIn => "Input tokens",
        SeriesMeasure.TokensOut => "Output tokens",
        SeriesMeasure.Errors => "Errors",
        SeriesMeasure.CostPerRequest => "Cost per request",
        SeriesMeasure.CacheShare => "Cached share of the input",
        SeriesMeasure.ErrorShare => "Share of failed attempts",
        SeriesMeasure.TokensOutPerRequest => "Output tokens per request",
        SeriesMeasure.LatencyP95 => "Latency (95th percentile)",
        SeriesMeasure.TtftP95 => "Time to first token (95th percentile)",
        _ => measure.ToString(),
    };

    /// <summary>A value with its unit: <c>12.35 USD a minute</c>, <c>92 %</c>, <c>1,200 ms</c>; <c>unknown</c> where there is none.</summary>
    public static string Quantity(SeriesMeasure measure, double value)
    {
        if (!double.IsFinite(value))
        {
            return "unknown";
        }

        return measure switch
        {
            SeriesMeasure.Cost => $"{Usd(value / PicoPerUsd)} a minute",
            SeriesMeasure.CostPerRequest => Usd(value / PicoPerUsd),
            SeriesMeasure.CacheShare or SeriesMeasure.ErrorShare => string.Create(CultureInfo.InvariantCulture, $"{value * 100:0.#} %"),
            SeriesMeasure.TokensOutPerRequest => Number(value),
            SeriesMeasure.LatencyP95 or SeriesMeasure.TtftP95 => $"{Number(value)} ms",
            _ => $"{Number(value)} a minute",
        };
    }

    /// <summary>Money with its sign: <c>+38.00 USD</c>.</summary>
    public static string Change(Int128 picodollars)
    {
        // Without a decimal, which does not hold 128 bits.
        var cents = Int128.Abs(picodollars / 10_000_000_000);
        return string.Create(CultureInfo.InvariantCulture, $"{(picodollars < 0 ? '-' : '+')}{cents / 100}.{(int)(cents % 100):00} USD");
    }

    /// <summary>What, where, since when, expected against seen, what it costs, and why.</summary>
    public static string Summary(Anomaly anomaly)
    {
        var place = Place(anomaly.Scope);
        var since = $"since {UtcText.Of(anomaly.OpenedMs)}";
        var what = anomaly.Kind switch
        {
            AnomalyKind.Silence =>
                $"Silence of {place} {since}: {Quantity(anomaly.Measure, anomaly.Value)}, expected {Quantity(anomaly.Measure, anomaly.Expected)}.",
            AnomalyKind.ClockDrift => $"The clock of {place} is ahead {since}: times of its events are adjusted.",
            AnomalyKind.Digest =>
                $"{anomaly.Members.Count + anomaly.FurtherMembers} more places of {place} are out of the ordinary {since}; they are told as one, " +
                "since too many were within an hour.",
            _ => $"{Subject(anomaly.Measure)} of {place} {(anomaly.Direction == AnomalyDirection.Up ? "up" : "down")} {since}: " +
                $"{Quantity(anomaly.Measure, anomaly.Value)}, expected {Quantity(anomaly.Measure, anomaly.Expected)}.",
        };
        var money = anomaly.CostPerHour == 0 ? "" : $" {Change(anomaly.CostPerHour)} an hour, {Change(anomaly.ExcessCost)} so far.";
        var cause = anomaly.Cause is { Sentence.Length: > 0 } known ? $" Cause: {known.Sentence.TrimEnd('.')}." : "";
        var note = anomaly.Note is { Length: > 0 } text ? $" {text.TrimEnd('.')}." : "";
        return what + money + cause + note;
    }

    private static string Name(string name) => name.Length == 0 ? "(none)" : name;

    private static string Usd(double usd) => Math.Abs(usd) >= 0.01
        ? string.Create(CultureInfo.InvariantCulture, $"{usd:0.00} USD")
        : string.Create(CultureInfo.InvariantCulture, $"{usd:0.########} USD");

    private static string Number(double value) => Math.Abs(value) >= 100
        ? string.Create(CultureInfo.InvariantCulture, $"{value:#,0}")
        : string.Create(CultureInfo.InvariantCulture, $"{value:0.##}");
}
