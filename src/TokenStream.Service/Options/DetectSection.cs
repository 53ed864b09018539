using System.Text.Json;
using TokenStream.Detection;
using TokenStream.Detection.Episodes;
using TokenStream.Pricing;
using TokenStream.Yaml;

namespace TokenStream.Service.Options;

/// <summary>Reads <c>detect:</c> of a node's configuration.</summary>
internal static class DetectSection
{
    private static readonly IReadOnlyList<SeriesMeasure> Measures = Enum.GetValues<SeriesMeasure>();

    public static DetectSettings Read(YamlReader? section, DetectSettings settings, TextErrors errors)
    {
        if (section is null)
        {
            return settings;
        }

        settings = settings with
        {
            Detector = Detector(section, "detector", errors) ?? settings.Detector,
            Detectors = ReadDetectors(section.Child("detectors"), errors) ?? settings.Detectors,
            Episodes = ReadEpisodes(section, settings.Episodes, errors),
            MaxSeries = (int?)ConfigValues.Number(section, "max_series", errors, 100, 10_000_000) ?? settings.MaxSeries,
        };
        section.Close();
        return settings;
    }

    private static EpisodeOptions ReadEpisodes(YamlReader section, EpisodeOptions options, TextErrors errors) => options with
    {
        TargetRate = ConfigValues.Number(section, "false_alarms_per_1000_series_days", errors, 1, 10_000) / 1000.0 ?? options.TargetRate,
        MaxAlertsPerHour = (int?)ConfigValues.Number(section, "max_alerts_per_hour", errors, 1, 10_000) ?? options.MaxAlertsPerHour,
        LeastCost = ConfigValues.Number(section, "least_usd", errors, 0, 1_000_000) * (Int128)Picodollars.PerUsd ?? options.LeastCost,
        LeastRequests = (int?)ConfigValues.Number(section, "least_requests", errors, 0, 1_000_000_000) ?? options.LeastRequests,
        WarningPercent = ConfigValues.Number(section, "warning_percent", errors, 0, 10_000) ?? options.WarningPercent,
        CriticalPercent = ConfigValues.Number(section, "critical_percent", errors, 0, 10_000) ?? options.CriticalPercent,
    };

    /// <summary>A measure as people write it: <c>cost_per_request</c>.</summary>
    private static string NameOf(SeriesMeasure measure) => JsonNamingPolicy.SnakeCaseLower.ConvertName(measure.ToString());

    private static Dictionary<SeriesMeasure, string>? ReadDetectors(YamlReader? section, TextErrors errors)
    {
        if (section is null)
        {
            return null;
        }

        var detectors = new Dictionary<SeriesMeasure, string>();
        foreach (var measure in Measures)
        {
            if (Detector(section, NameOf(measure), errors) is { } name)
            {
                detectors[measure] = name;
            }
        }

        section.Close();
        return detectors;
    }

    private static string? Detector(YamlReader section, string key, TextErrors errors)
    {
        var value = section.Scalar(key);
        if (value is not null && SeriesDetectors.Find(value.Text) is null)
        {
            errors.Add(value, $"'{key}' is '{value.Text}'; the detectors are {string.Join(", ", SeriesDetectors.All.Select(known => known.Name))}");
        }

        return value?.Text;
    }
}
