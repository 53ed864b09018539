using TokenStream.Detection.SpectralResidual;

namespace TokenStream.Detection.SrCnn;

/// <summary>
/// What the network sees of a window: 123 points scaled to 0..3 and five times the value that the points before the newest foretell, as a
/// saliency map. The same for training and for scoring. Keeps its room, for one thread.
/// </summary>
internal sealed class SrCnnWindow
{
    /// <summary>Points of a map, the width of the network's input and output.</summary>
    public const int Length = 128;

    /// <summary>Points of a series.</summary>
    public const int Points = 123;

    /// <summary>Index of the newest of them, in a window and among the outputs.</summary>
    public const int Newest = Points - 1;

    private const int Lookahead = 5;
    private const double Range = 3;

    /// <summary>A window that varies by less of its size is constant: what varies is rounding.</summary>
    private const double Rounding = 1e-12;

    /// <summary>The map of noise is about 1 / sqrt(128); networks learn fastest from inputs of about 1.</summary>
    private const double InputScale = 8;

    private readonly Saliency _saliency = new(Length);
    private readonly double[] _window = new double[Length];
    private readonly double[] _map = new double[Length];

    /// <summary>Of the last window, before it was scaled for the network.</summary>
    public ReadOnlySpan<double> Map => _map;

    /// <summary>Scales points to 0..3; false where they are all the same.</summary>
    public static bool TryScale(ReadOnlySpan<double> points, Span<double> scaled)
    {
        var (least, most) = (points[0], points[0]);
        foreach (var point in points)
        {
            least = Math.Min(least, point);
            most = Math.Max(most, point);
        }

        var range = most - least;
        if (!(range > Rounding * Math.Max(Math.Abs(least), Math.Abs(most))))
        {
            return false;
        }

        for (var i = 0; i < points.Length; i++)
        {
            scaled[i] = Range * ((points[i] - least) / range);
        }

        return true;
    }

    /// <summary>Makes the network's input of points; false where they are all the same, and nothing can stand out.</summary>
    public bool TryMap(ReadOnlySpan<double> points, Span<float> input)
    {
        if (!TryScale(points[..Points], _window))
        {
            return false;
        }

        // The newest point has no part in the prediction, or a spike would foretell itself.
        var predicted = Saliency.PredictNext(_window.AsSpan(Points - 2 - Lookahead, Lookahead + 1));
        _window.AsSpan(Points).Fill(predicted);
        _saliency.Map(_window, _map);
        for (var i = 0; i < Length; i++)
        {
            input[i] = (float)(InputScale * _map[i]);
        }

        return true;
    }
}
