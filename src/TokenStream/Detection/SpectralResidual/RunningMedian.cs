namespace TokenStream.Detection.SpectralResidual;

/// <summary>The median of each value's neighbourhood.</summary>
internal static class RunningMedian
{
    /// <summary>Of up to <paramref name="half"/> values on either side, fewer at the ends; of an even number the mean of the middle two.</summary>
    public static double[] Of(ReadOnlySpan<double> values, int half)
    {
        var medians = new double[values.Length];
        var sorted = new List<double>((2 * half) + 1);
        var added = 0;
        for (var i = 0; i < values.Length; i++)
        {
            for (; added < values.Length && added <= i + half; added++)
            {
                var at = sorted.BinarySearch(values[added]);
                sorted.Insert(at < 0 ? ~at : at, values[added]);
            }

            if (i - half > 0)
            {
                sorted.RemoveAt(sorted.BinarySearch(values[i - half - 1]));
            }

            medians[i] = OfSorted(sorted);
        }

        return medians;
    }

    public static double OfSorted(List<double> sorted)
    {
        var middle = sorted.Count / 2;
        return sorted.Count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}
