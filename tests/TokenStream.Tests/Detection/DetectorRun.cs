using TokenStream.Detection;

namespace TokenStream.Tests.Detection;

/// <summary>Runs a detector over a series.</summary>
internal static class DetectorRun
{
    /// <param name="detector">The detector.</param>
    /// <param name="values">The points.</param>
    /// <param name="state">Takes the state after the last point.</param>
    public static PointScore[] Fold(ISeriesDetector detector, ReadOnlySpan<double> values, out byte[] state)
    {
        state = new byte[detector.StateBytes];
        detector.Start(state);
        var scores = new PointScore[values.Length];
        for (var i = 0; i < values.Length; i++)
        {
            scores[i] = detector.Score(state, i, values[i]);
        }

        return scores;
    }

    public static PointScore[] Fold(ISeriesDetector detector, ReadOnlySpan<double> values) => Fold(detector, values, out _);

    /// <summary>Runs of scores at the threshold or above; those at most seven points apart are one.</summary>
    public static int Episodes(ReadOnlySpan<PointScore> scores, double threshold)
    {
        var count = 0;
        var last = int.MinValue / 2;
        for (var i = 0; i < scores.Length; i++)
        {
            if (scores[i].Value >= threshold)
            {
                count += i - last > 7 ? 1 : 0;
                last = i;
            }
        }

        return count;
    }
}
