using TokenStream.Detection;

namespace TokenStream.Tests.Detection.Bench;

/// <summary>What the comparison of detectors looks at; NaN where a set does not have it.</summary>
internal sealed record BenchFigures(double RecallAtTenth, double RecallAtOne, double NabStandard, double NabLowFalse)
{
    /// <summary>Runs a detector over every series; of each step its score, 0 where there is no row.</summary>
    public static List<double[]> Run(IReadOnlyList<BenchSeries> set, string detector)
    {
        var all = new List<double[]>();
        foreach (var series in set)
        {
            var scoring = SeriesDetectors.Create(detector, series.StepSeconds);
            var state = new byte[scoring.StateBytes];
            scoring.Start(state);
            var scores = new double[series.Steps];
            var first = Math.DivRem(series.Times[0], series.StepSeconds).Quotient;
            for (var i = 0; i < series.Values.Length; i++)
            {
                scores[series.Index[i]] = scoring.Score(state, first + series.Index[i], series.Values[i]).Value;
            }

            all.Add(scores);
        }

        return all;
    }

    public static BenchFigures Of(IReadOnlyList<BenchSeries> set, IReadOnlyList<double[]> scores)
    {
        var parts = Parts(set, scores, series => series.Scored);
        var days = set.Sum(series => (series.Scored.To - series.Scored.From) * (double)series.StepSeconds / 86_400);
        var heads = parts.SelectMany(BenchRules.Heads).ToList();
        double Recall(double budget)
        {
            var threshold = BenchRules.ThresholdFor(parts, days, budget);
            return heads.Count(head => head >= threshold) / (double)heads.Count;
        }

        var windows = set.Any(series => series.Windows.Count > 0);
        var files = set.Zip(scores, (series, score) => (series.Times, series.Windows, score)).ToList();
        return new BenchFigures(
            Recall(0.1), Recall(1), windows ? NabScore.Best(files, 0.11) : double.NaN, windows ? NabScore.Best(files, 0.22) : double.NaN);
    }

    public static List<BenchPart> Parts(
        IReadOnlyList<BenchSeries> set, IReadOnlyList<double[]> scores, Func<BenchSeries, (int From, int To)> part) =>
        [.. set.Zip(scores, (series, score) =>
        {
            var (from, to) = part(series);
            return new BenchPart(series.Labels[from..to], score[from..to], series.Delay);
        })];
}
