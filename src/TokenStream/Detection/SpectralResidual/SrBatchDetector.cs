namespace TokenStream.Detection.SpectralResidual;

/// <summary>
/// ML.NET's <c>DetectEntireAnomalyBySrCnn</c>: anomalies of a whole series that is known to its end, batch by batch. Unlike the detectors of
/// the stream it looks ahead; it is for files and for people who know its figures.
/// </summary>
public static class SrBatchDetector
{
    /// <summary>A point's figures for each value.</summary>
    /// <exception cref="ArgumentException">Too few points, or options that do not go together; the message names the cause.</exception>
    public static SrBatchPoint[] Detect(ReadOnlySpan<double> values, SrBatchOptions? options = null)
    {
        options ??= new SrBatchOptions();
        options.Validate();
        if (values.Length < SrBatchOptions.FewestPoints)
        {
            throw new ArgumentException($"fewer than {SrBatchOptions.FewestPoints} points: {values.Length}");
        }

        foreach (var value in values)
        {
            if (Math.Abs(value) > SrBatch.LargestValue)
            {
                throw new ArgumentException("a value beyond 1e100, whose transform would overflow");
            }
        }

        var size = options.BatchSize == -1 ? values.Length : Math.Min(options.BatchSize, values.Length);
        var fewest = FewestPoints(values, options);
        if (size < fewest)
        {
            throw new ArgumentException($"fewer than three periods of {options.Period} points: {size}");
        }

        var points = new SrBatchPoint[values.Length];
        for (var start = 0; start < values.Length; start += size)
        {
            var count = Math.Min(size, values.Length - start);

            // A last batch that is too short is filled up with the points before it, and only its own are kept.
            var first = count < fewest ? values.Length - size : start;
            new SrBatch(values[first..(start + count)], options).Detect().AsSpan(start - first).CopyTo(points.AsSpan(start));
        }

        return points;
    }

    /// <summary>Loess has no line through fewer than three points of a phase; upstream fails there, here such an end is filled up too.</summary>
    private static int FewestPoints(ReadOnlySpan<double> values, SrBatchOptions options) =>
        options.Period > 0 && options.Deseasonality == Deseasonality.Stl && !values.ContainsNaN()
            ? Math.Max(SrBatchOptions.FewestPoints, checked(3 * options.Period))
            : SrBatchOptions.FewestPoints;

    private static bool ContainsNaN(this ReadOnlySpan<double> values)
    {
        foreach (var value in values)
        {
            if (double.IsNaN(value))
            {
                return true;
            }
        }

        return false;
    }
}
