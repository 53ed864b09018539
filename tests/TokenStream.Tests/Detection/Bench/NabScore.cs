namespace TokenStream.Tests.Detection.Bench;

/// <summary>The score of the Numenta benchmark with the threshold that is best for the set, as its leaderboard has it.</summary>
internal static class NabScore
{
    /// <param name="files">Times, windows and scores.</param>
    /// <param name="falseWeight">What a false alarm costs: 0.11 in the standard profile, 0.22 in the one for few false alarms.</param>
    public static double Best(IEnumerable<(long[] Times, IReadOnlyList<(long Start, long End)> Windows, double[] Scores)> files, double falseWeight)
    {
        var points = new List<(double Score, double Weight, int Window)>();
        var windows = 0;
        var scorable = 0;
        foreach (var file in files)
        {
            var (weights, window) = Weigh(file.Times, file.Windows, falseWeight);
            var probation = Math.Min((int)Math.Floor(0.15 * file.Times.Length), 750);
            var seen = new HashSet<int>();
            for (var i = probation; i < file.Times.Length; i++)
            {
                points.Add((file.Scores[i], weights[i], window[i] < 0 ? -1 : windows + window[i]));
                if (window[i] >= 0)
                {
                    seen.Add(window[i]);
                }
            }

            windows += file.Windows.Count;
            scorable += seen.Count;
        }

        points.Sort((a, b) => b.Score.CompareTo(a.Score));
        var best = new double?[windows];
        double raw = -scorable, result = -scorable;
        for (var i = 0; i < points.Count;)
        {
            var threshold = points[i].Score;
            for (; i < points.Count && points[i].Score == threshold; i++)
            {
                var (_, weight, window) = points[i];
                if (window < 0)
                {
                    raw += weight;
                }
                else if (best[window] is not { } known || weight > known)
                {
                    raw += best[window] is { } old ? weight - old : Math.Max(1 + weight, 0);
                    best[window] = weight;
                }
            }

            result = Math.Max(result, raw);
        }

        return 100 * (result + windows) / (2 * windows);
    }

    private static (double[] Weights, int[] Window) Weigh(long[] times, IReadOnlyList<(long Start, long End)> windows, double falseWeight)
    {
        var weights = new double[times.Length];
        var window = new int[times.Length];
        Array.Fill(weights, -falseWeight);
        Array.Fill(window, -1);
        (int End, double Width)? before = null;
        var ordered = windows.Select((w, j) => (A: First(times, w.Start), B: First(times, w.End), J: j)).Order();
        foreach (var (a, b, j) in ordered)
        {
            Decay(weights, before, a, falseWeight);
            double width = b - a + 1;
            for (var i = a; i <= b && i < times.Length; i++)
            {
                weights[i] = Sigmoid(-(b - i + 1) / width) / Sigmoid(-1);
                window[i] = j;
            }

            before = (b, width);
        }

        Decay(weights, before, times.Length, falseWeight);
        return (weights, window);
    }

    /// <summary>Behind a window a false alarm costs less the nearer it is.</summary>
    private static void Decay(double[] weights, (int End, double Width)? before, int to, double falseWeight)
    {
        for (var i = (before?.End ?? to) + 1; i < to; i++)
        {
            weights[i] = Sigmoid((i - before!.Value.End) / (before.Value.Width - 1)) * falseWeight;
        }
    }

    private static double Sigmoid(double x) => x > 3 ? -1 : (2 / (1 + Math.Exp(5 * x))) - 1;

    private static int First(long[] times, long time)
    {
        var at = Array.FindIndex(times, t => t >= time);
        return at < 0 ? times.Length : at;
    }
}
