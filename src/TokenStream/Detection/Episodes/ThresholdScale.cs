namespace TokenStream.Detection.Episodes;

/// <summary>Where the scores of a detector lie: the bounds of its thresholds.</summary>
/// <param name="Floor">Peaks are counted from here on.</param>
/// <param name="Step">Width of a bin; thresholds are edges of bins.</param>
/// <param name="Bins">How many; the last edge is <c>Floor + Bins * Step</c>.</param>
/// <param name="Start">The threshold until enough has been seen.</param>
/// <param name="Least">The lowest threshold.</param>
/// <param name="DailyMove">Most that a threshold moves in a day.</param>
/// <param name="Sure">A score that is this much over the threshold opens an episode alone; others need two of three minutes.</param>
public sealed record ThresholdScale(double Floor, double Step, int Bins, double Start, double Least, double DailyMove, double Sure)
{
    /// <summary>
    /// Sums of negative decimal logarithms of probabilities: <c>evidence</c>, and what is built like it. It begins where real token traffic
    /// without incidents opens 0.1 episodes a series and day: at 10.7 under the rule for opening, at 13 were each minute for itself.
    /// </summary>
    public static ThresholdScale Evidence { get; } = new(Floor: 4, Step: 0.25, Bins: 144, Start: 10.75, Least: 6, DailyMove: 0.5, Sure: 3);

    /// <summary>The raw score of the spectral residual, which ends at 2 by construction.</summary>
    public static ThresholdScale SpectralResidual { get; } =
        new(Floor: 0.2, Step: 0.0125, Bins: 144, Start: 1, Least: 0.3, DailyMove: 0.1, Sure: 0.2);

    /// <summary>A network's log odds.</summary>
    public static ThresholdScale LogOdds { get; } = new(Floor: 0, Step: 0.25, Bins: 144, Start: 6, Least: 1, DailyMove: 0.5, Sure: 2);

    public static ThresholdScale Of(string detector) => detector switch
    {
        "sr" => SpectralResidual,
        "srcnn" => LogOdds,
        _ => Evidence,
    };
}
