namespace TokenStream.Detection.SpectralResidual;

/// <summary>
/// ML.NET's streaming transform <c>DetectAnomalyBySrCnn</c> in double: the score of the newest point of a window, and of every row of a
/// series. For one thread; a window is scored without allocation.
/// </summary>
public sealed class SrScorer
{
    private readonly SrOptions _options;
    private readonly Saliency _saliency;
    private readonly double[] _extended;
    private readonly double[] _judged;

    public SrScorer(SrOptions? options = null)
    {
        _options = options ?? new SrOptions();
        _options.Validate();
        _saliency = new Saliency(_options.WindowSize + _options.BackAddWindowSize, _options.AveragingWindowSize);
        _extended = new double[_saliency.Length];
        _judged = new double[_options.JudgementWindowSize];
    }

    /// <summary>Every row of a series; those before the first full window are zeros.</summary>
    public static SrPoint[] Detect(ReadOnlySpan<double> values, SrOptions? options = null)
    {
        var scorer = new SrScorer(options);
        var size = scorer._options.WindowSize;
        var points = new SrPoint[values.Length];
        for (var row = size - 1; row < values.Length; row++)
        {
            points[row] = scorer.Score(values.Slice(row - size + 1, size));
        }

        return points;
    }

    /// <summary>The newest point of a window, oldest first; with a NaN in the window its score is NaN and no alert.</summary>
    public SrPoint Score(ReadOnlySpan<double> window)
    {
        var size = _options.WindowSize;
        window.CopyTo(_extended);

        // The newest point has no part in the prediction, or a spike would foretell itself.
        var predicted = Saliency.PredictNext(window.Slice(size - 2 - _options.LookaheadWindowSize, _options.LookaheadWindowSize + 1));
        _extended.AsSpan(size).Fill(predicted);
        _saliency.Map(_extended, size - _judged.Length, _judged);

        // The mean by its distance to the newest: of equal magnitudes it is exactly none, and a constant series scores 0.
        var newest = _judged[^1];
        var distances = 0.0;
        foreach (var magnitude in _judged)
        {
            distances += magnitude - newest;
        }

        var distance = distances / _judged.Length;
        var score = Math.Abs(distance) / Math.Max(newest + distance, Saliency.EmptyBin) / 10;
        return new SrPoint(Math.Min(score, 1) > _options.Threshold, score, newest);
    }
}
