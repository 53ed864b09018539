namespace TokenStream.Tests.Detection.Bench;

/// <summary>Steps with labels and scores, and the delay in which an event counts as found.</summary>
internal readonly record struct BenchPart(bool[] Labels, double[] Scores, int Delay);

/// <summary>The rules that detectors are compared by: point adjustment with delay, false episodes, recall at a budget of them,
/// NAB.</summary>
internal static class BenchRules
{
    /// <summary>First and last step of every event.</summary>
    public static List<(int Start, int End)> Events(bool[] labels)
    {
        var events = new List<(int, int)>();
        for (var i = 0; i < labels.Length; i++)
        {
            if (labels[i])
            {
                var start = i;
                while (i + 1 < labels.Length && labels[i + 1])
                {
                    i++;
                }

                events.Add((start, i));
            }
        }

        return events;
    }

    /// <summary>Flags at most so many steps apart are one episode; it is false where it touches no event.</summary>
    public static int FalseEpisodes(List<(int Start, int End)> events, double[] scores, double threshold, int merge)
    {
        var count = 0;
        var next = 0;
        var start = -1;
        var end = -1;
        void Close()
        {
            while (next < events.Count && events[next].End < start)
            {
                next++;
            }

            count += next < events.Count && events[next].Start <= end ? 0 : 1;
        }

        for (var i = 0; i < scores.Length; i++)
        {
            if (scores[i] >= threshold)
            {
                if (start >= 0 && i - end > merge)
                {
                    Close();
                    start = -1;
                }

                start = start < 0 ? i : start;
                end = i;
            }
        }

        if (start >= 0)
        {
            Close();
        }

        return count;
    }

    /// <summary>Best score within the delay of each event.</summary>
    public static List<double> Heads(BenchPart part) =>
        [.. Events(part.Labels).Select(e => part.Scores[e.Start..(Math.Min(e.Start + part.Delay, e.End) + 1)].Max())];

    /// <summary>
    /// Lowest threshold with at most so many false episodes a series and day, searched from the highest score down to the first violation;
    /// infinite where even the highest is too much.
    /// </summary>
    public static double ThresholdFor(IReadOnlyList<BenchPart> parts, double days, double budget)
    {
        var prepared = parts.Select(part => (Part: part, Events: Events(part.Labels))).ToList();
        var candidates = new SortedSet<double>();
        foreach (var part in parts)
        {
            var normal = part.Scores.Where((_, i) => !part.Labels[i]).ToArray();
            Array.Sort(normal);
            candidates.UnionWith(normal[Math.Max(0, normal.Length - Math.Max(2000, normal.Length / 20))..]);
            candidates.UnionWith(Heads(part));
        }

        double[] sorted = [.. candidates.Where(score => score > 0).Reverse()];
        bool Fits(int i) =>
            prepared.Sum(p => FalseEpisodes(p.Events, p.Part.Scores, sorted[i], p.Part.Delay)) <= budget * days;
        var good = -1;
        var step = 1;
        while (good + step < sorted.Length && Fits(good + step))
        {
            good += step;
            step *= 2;
        }

        var bad = Math.Min(good + step, sorted.Length);
        while (bad - good > 1)
        {
            var middle = (good + bad) / 2;
            (good, bad) = Fits(middle) ? (middle, bad) : (good, middle);
        }

        return good >= 0 ? sorted[good] : double.PositiveInfinity;
    }

    /// <summary>F1 over steps, where an event counts as found in all its steps if one of its first ones is flagged, else in none.</summary>
    public static double AdjustedF1(IEnumerable<BenchPart> parts, double threshold)
    {
        double found = 0, missed = 0, wrong = 0;
        foreach (var part in parts)
        {
            foreach (var (start, end) in Events(part.Labels))
            {
                var hit = part.Scores[start..(Math.Min(start + part.Delay, end) + 1)].Max() >= threshold;
                (found, missed) = hit ? (found + end - start + 1, missed) : (found, missed + end - start + 1);
            }

            wrong += part.Scores.Where((score, i) => !part.Labels[i] && score >= threshold).Count();
        }

        return found > 0 ? 2 * found / ((2 * found) + wrong + missed) : 0;
    }

    /// <summary>The threshold with the best <see cref="AdjustedF1"/>.</summary>
    public static double BestThreshold(IReadOnlyList<BenchPart> parts)
    {
        var heads = parts
            .SelectMany(part => Events(part.Labels).Zip(Heads(part), (e, head) => (Head: head, Length: e.End - e.Start + 1)))
            .OrderByDescending(head => head.Head).ToList();
        var normal = parts.SelectMany(part => part.Scores.Where((_, i) => !part.Labels[i])).ToArray();
        Array.Sort(normal);
        double total = heads.Sum(head => head.Length), found = 0, best = -1, threshold = double.PositiveInfinity;
        for (var i = 0; i < heads.Count; i++)
        {
            found += heads[i].Length;
            if (i + 1 < heads.Count && heads[i + 1].Head == heads[i].Head)
            {
                continue;
            }

            var wrong = normal.Length - LowerBound(normal, heads[i].Head);
            var f1 = 2 * found / (found + wrong + total);
            (best, threshold) = f1 > best ? (f1, heads[i].Head) : (best, threshold);
        }

        return threshold;
    }

    public static int LowerBound(double[] sorted, double value)
    {
        int low = 0, high = sorted.Length;
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = sorted[middle] < value ? (middle + 1, high) : (low, middle);
        }

        return low;
    }
}
