namespace TokenStream.Detection.Silence;

/// <summary>When silence is news.</summary>
public sealed record SilenceOptions
{
    /// <summary>Tenants and gateways of a partition that are watched, about 2 KB each; beyond, those that were silent for longest leave.</summary>
    public int MaxPlaces { get; init; } = 20_000;

    /// <summary>Probability of so few events below which an alert opens.</summary>
    public double Probability { get; init; } = 1e-6;

    /// <summary>Hours after which what stayed silent is the new usual.</summary>
    public int ShiftHours { get; init; } = 24;

    /// <summary>Share of a source's events ahead of the clock, beyond its usual one, that opens an alert.</summary>
    public double DriftShare { get; init; } = 0.2;
}
