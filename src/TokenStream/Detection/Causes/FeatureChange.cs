namespace TokenStream.Detection.Causes;

/// <summary>A feature as it was expected to be over some minutes, and as it was.</summary>
internal sealed class FeatureChange
{
    private FeatureChange(SeriesPath path, List<CauseCell> before, List<CauseCell> after, bool areFailuresBilled)
    {
        (Path, Before, After, AreFailuresBilled) = (path, before, after, areFailuresBilled);
        (BeforeSum, AfterSum) = (Sum(before), Sum(after));
    }

    public SeriesPath Path { get; }

    /// <summary>What is usual, scaled to what was expected to be spent.</summary>
    public List<CauseCell> Before { get; }

    public List<CauseCell> After { get; }

    public UsageSums BeforeSum { get; }

    public UsageSums AfterSum { get; }

    /// <summary>Whether attempts that failed used tokens: then they count like others, else they used nothing.</summary>
    public bool AreFailuresBilled { get; }

    /// <summary>What each player has done to the cost, picodollars.</summary>
    public double[] Shares { get; private init; } = [];

    /// <summary>Attempts that a provider was paid for.</summary>
    public double Used(in UsageSums sums) => Used(sums, AreFailuresBilled);

    /// <summary>Compares a feature's minutes with its baseline.</summary>
    /// <param name="path">The feature.</param>
    /// <param name="usual">Its baseline, of any volume; empty where there is none.</param>
    /// <param name="after">What was used in the minutes looked at.</param>
    /// <param name="expectedCost">What was expected to be spent in them, picodollars.</param>
    public static FeatureChange Of(SeriesPath path, IReadOnlyList<CauseCell> usual, List<CauseCell> after, double expectedCost)
    {
        var (usualSum, afterSum) = (Sum(usual), Sum(after));
        var areBilled = AreBilled(usualSum, afterSum);

        // Without a baseline the request of today is the usual one, and all of the change is that there are more or fewer of them.
        var known = Used(usualSum, areBilled) > 0 ? usual : after;
        var knownSum = Sum(known);
        var usualCost = knownSum.TotalCost;
        var scale = usualCost > 0 ? Math.Max(0, expectedCost) / usualCost : ScaleOfRequests(knownSum, afterSum);
        var before = new List<CauseCell>(known.Count);
        foreach (var cell in known)
        {
            var scaled = cell;
            scaled.Sums.Multiply(scale);
            before.Add(scaled);
        }

        // The factors take what a request is like from the baseline as it is: scaled to nothing it would not be known.
        return new FeatureChange(path, before, after, areBilled) { Shares = CostModel.Divide(known, after, scale, areBilled) };
    }

    public static UsageSums Sum(IReadOnlyList<CauseCell> cells)
    {
        var sum = default(UsageSums);
        foreach (var cell in cells)
        {
            sum.Add(cell.Sums);
        }

        return sum;
    }

    internal static double Used(in UsageSums sums, bool areFailuresBilled) =>
        Math.Max(0, sums[UsageSums.Attempts] - sums[UsageSums.Hits] - (areFailuresBilled ? 0 : sums[UsageSums.Failed]));

    /// <summary>A baseline that cost nothing, since it had no prices, says nothing of volume in money: as many requests as came.</summary>
    private static double ScaleOfRequests(in UsageSums usual, in UsageSums after) =>
        usual[UsageSums.Requests] > 0 ? after[UsageSums.Requests] / usual[UsageSums.Requests] : 0;

    /// <summary>
    /// Rollups do not say which attempts used the tokens. Failing changes nothing about how long an input is, so that reading is taken under
    /// which the input of an attempt that used something has changed less.
    /// </summary>
    private static bool AreBilled(in UsageSums usual, in UsageSums after)
    {
        double Change(in UsageSums was, in UsageSums isNow, bool areBilled)
        {
            var (before, now) = (was[UsageSums.TokensIn] / Used(was, areBilled), isNow[UsageSums.TokensIn] / Used(isNow, areBilled));
            return before > 0 && now > 0 && double.IsFinite(before) && double.IsFinite(now) ? Math.Abs(Math.Log(now / before)) : double.NaN;
        }

        var (billed, unbilled) = (Change(usual, after, areBilled: true), Change(usual, after, areBilled: false));
        if (double.IsNaN(billed) || double.IsNaN(unbilled))
        {
            return after[UsageSums.TokensIn] + after[UsageSums.TokensOut] > 0 || after[UsageSums.Failed] <= 0;
        }

        return billed <= unbilled;
    }
}
