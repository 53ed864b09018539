namespace TokenStream.Detection.SpectralResidual;

/// <summary>The parameters of ML.NET's <c>DetectAnomalyBySrCnn</c>, with its defaults.</summary>
public sealed record SrOptions
{
    /// <summary>Upstream's threshold.</summary>
    public const double DefaultThreshold = 0.3;

    /// <summary>Points that a score is made from, the newest included.</summary>
    public int WindowSize { get; init; } = 64;

    /// <summary>Predicted points that are put behind them.</summary>
    public int BackAddWindowSize { get; init; } = 5;

    /// <summary>Points before the newest whose slopes make the prediction, less one.</summary>
    public int LookaheadWindowSize { get; init; } = 5;

    /// <summary>Bins that the log magnitudes are averaged over.</summary>
    public int AveragingWindowSize { get; init; } = 3;

    /// <summary>Newest points whose mean saliency the newest is held against.</summary>
    public int JudgementWindowSize { get; init; } = 21;

    /// <summary>Score above which a point is an alert.</summary>
    public double Threshold { get; init; } = DefaultThreshold;

    /// <summary>Throws, naming every parameter that cannot be.</summary>
    internal void Validate()
    {
        var errors = new List<string>();
        if (WindowSize < 2 || WindowSize > 1 << 20)
        {
            errors.Add($"window size {WindowSize} is not in 2 to {1 << 20}");
        }

        if (BackAddWindowSize < 0 || BackAddWindowSize > 1 << 20)
        {
            errors.Add($"back-add window size {BackAddWindowSize} is not in 0 to {1 << 20}");
        }

        if (LookaheadWindowSize < 1 || LookaheadWindowSize + 2 > WindowSize)
        {
            errors.Add($"lookahead window size {LookaheadWindowSize} is not in 1 to the window size less 2, {WindowSize - 2}");
        }

        if (AveragingWindowSize < 1)
        {
            errors.Add($"averaging window size {AveragingWindowSize} is below 1");
        }

        if (JudgementWindowSize < 1 || JudgementWindowSize > WindowSize)
        {
            errors.Add($"judgement window size {JudgementWindowSize} is not in 1 to the window size, {WindowSize}");
        }

        if (!(Threshold is >= 0 and <= 1))
        {
            errors.Add($"threshold {Threshold.ToString(System.Globalization.CultureInfo.InvariantCulture)} is not in 0 to 1");
        }

        if (errors.Count > 0)
        {
            throw new ArgumentException(string.Join("; ", errors));
        }
    }
}
