using TokenStream.Pricing;

namespace TokenStream.Detection.Episodes;

/// <summary>What turns scores into alerts. The defaults are those of docs/detection.md.</summary>
public sealed record EpisodeOptions
{
    /// <summary>False episodes a series and day that thresholds are calibrated to.</summary>
    public double TargetRate { get; init; } = 0.1;

    /// <summary>Thresholds until enough has been seen to calibrate them; null for what the detector's scale says.</summary>
    public double? StartThreshold { get; init; }

    /// <summary>An episode ends after so many minutes that do not belong to it.</summary>
    public int QuietMinutes { get; init; } = 10;

    /// <summary>What was expected stays frozen for so long; what lasts longer is a shift, and ends as one.</summary>
    public int FrozenMinutes { get; init; } = 120;

    /// <summary>A series without a value for so long is no longer waited for.</summary>
    public int MissingMinutes { get; init; } = 60;

    /// <summary>An alert is sent when so many minutes belong to it: a burst of a single one is normal.</summary>
    public int ConfirmMinutes { get; init; } = 2;

    /// <summary>Floor of what an excess must have cost, picodollars ..</summary>
    public Int128 LeastCost { get; init; } = Picodollars.PerUsd;

    /// <summary>.. and in thousandths of what the tenant spent in the last 24 hours; the larger of the two counts.</summary>
    public int LeastCostPerMille { get; init; } = 1;

    /// <summary>Requests that must be missing, or be hit by what costs nothing: slowness, failures.</summary>
    public int LeastRequests { get; init; } = 100;

    /// <summary>A shortfall must be this much of what was expected, percent.</summary>
    public int LeastShortfallPercent { get; init; } = 50;

    /// <summary>Money at risk in an hour from which on an anomaly is a warning, percent of the tenant's daily budget.</summary>
    public double WarningPercent { get; init; } = 1;

    /// <summary>.. and from which on it is critical.</summary>
    public double CriticalPercent { get; init; } = 10;

    /// <summary>Anomalies of a tenant that open within so many minutes are one alert.</summary>
    public int GroupMinutes { get; init; } = 3;

    /// <summary>The place of an alert is the smallest that holds this much of the excess, percent.</summary>
    public int GroupPercent { get; init; } = 80;

    /// <summary>An excess spread over so many features is the tenant's.</summary>
    public int GroupFeatures { get; init; } = 3;

    /// <summary>An excess spread over so many tenants of one model or provider is that model's or provider's.</summary>
    public int GroupTenants { get; init; } = 5;

    /// <summary>Most alerts an hour and environment that one book sends; the last quarter of them is kept for critical ones.</summary>
    public int MaxAlertsPerHour { get; init; } = 20;

    /// <summary>
    /// Most episodes held, those that have ended within an alert that lasts included; further ones are counted and dropped.
    /// </summary>
    public int MaxEpisodes { get; init; } = 20_000;

    /// <summary>Most places an anomaly names as its members.</summary>
    public int MaxMembersTold { get; init; } = 50;
}
