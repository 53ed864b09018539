using System.Globalization;

namespace TokenStream.Detection.SpectralResidual;

/// <summary>The parameters of ML.NET's <c>DetectEntireAnomalyBySrCnn</c>, with its defaults.</summary>
public sealed record SrBatchOptions
{
    /// <summary>Score above which a point may be an anomaly, 0 to 1.</summary>
    public double Threshold { get; init; } = 0.3;

    /// <summary>Points that are looked at together; -1 for all.</summary>
    public int BatchSize { get; init; } = 1024;

    /// <summary>0 to 100: the higher, the narrower the margin around what is expected.</summary>
    public double Sensitivity { get; init; } = 99;

    public SrBatchMode Mode { get; init; } = SrBatchMode.AnomalyOnly;

    /// <summary>Points after which the series repeats itself; 0 where it does not.</summary>
    public int Period { get; init; }

    /// <summary>How the season is taken out where there is a period.</summary>
    public Deseasonality Deseasonality { get; init; } = Deseasonality.Stl;

    /// <summary>Fewest points that can be looked at.</summary>
    internal const int FewestPoints = 12;

    /// <summary>Throws, naming every parameter that cannot be.</summary>
    internal void Validate()
    {
        var errors = new List<string>();
        if (!(Threshold is >= 0 and <= 1))
        {
            errors.Add(string.Create(CultureInfo.InvariantCulture, $"threshold {Threshold} is not in 0 to 1"));
        }

        if (!(Sensitivity is >= 0 and <= 100))
        {
            errors.Add(string.Create(CultureInfo.InvariantCulture, $"sensitivity {Sensitivity} is not in 0 to 100"));
        }

        if (BatchSize is < -1 or (>= 0 and < FewestPoints))
        {
            errors.Add($"batch size {BatchSize} is neither -1 (all points) nor at least {FewestPoints}");
        }

        if (Period < 0)
        {
            errors.Add($"period {Period} is below 0");
        }

        if (BatchSize >= FewestPoints && BatchSize < 4L * Period)
        {
            errors.Add($"batch size {BatchSize} holds fewer than four periods of {Period} points");
        }

        if (errors.Count > 0)
        {
            throw new ArgumentException(string.Join("; ", errors));
        }
    }
}

/// <summary>How much is said of each point.</summary>
public enum SrBatchMode
{
    /// <summary>Whether it is an anomaly, raw score, saliency.</summary>
    AnomalyOnly,

    /// <summary>The expected value too.</summary>
    AnomalyAndExpectedValue,

    /// <summary>Margins too, which an anomaly must be outside of; the score then says by how much.</summary>
    AnomalyAndMargin,
}

/// <summary>How a season is taken out of a series.</summary>
public enum Deseasonality
{
    /// <summary>Seasonal and trend decomposition by loess: its residual is looked at.</summary>
    Stl,

    /// <summary>Less the mean of the phase.</summary>
    Mean,

    /// <summary>Less the median of the phase.</summary>
    Median,
}
