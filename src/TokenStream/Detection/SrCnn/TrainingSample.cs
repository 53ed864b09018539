using TokenStream.Detection.SpectralResidual;

namespace TokenStream.Detection.SrCnn;

/// <summary>
/// Makes a sample of a window: anomalies of random size at random points, and which of them stand out in the saliency map and so can be
/// learnt. Keeps its room, for one thread.
/// </summary>
internal sealed class TrainingSample
{
    private const int MostInjected = 9;
    private const double StrongestVariance = 10;
    private const double Faint = 0.001;

    private readonly SrCnnWindow _window = new();
    private readonly double[] _scaled = new double[SrCnnWindow.Points];
    private readonly double[] _changed = new double[SrCnnWindow.Points];
    private readonly double[] _means = new double[SrCnnWindow.Length];
    private readonly bool[] _injected = new bool[SrCnnWindow.Points];

    /// <summary>One to nine points anywhere, and in one window of four the newest.</summary>
    public bool TryMake(ReadOnlySpan<double> points, SeededRandom random, Span<float> input, Span<float> labels)
    {
        Array.Clear(_injected);
        for (var left = 1 + random.Below(MostInjected); left > 0; left--)
        {
            _injected[random.Below(SrCnnWindow.Points)] = true;
        }

        _injected[SrCnnWindow.Newest] |= random.IsOneOf(0.25);
        return TryInject(points, ref random, input, labels);
    }

    /// <summary>The newest point alone, to see whether it is found.</summary>
    public bool TryMakeNewest(ReadOnlySpan<double> points, SeededRandom random, Span<float> input, Span<float> labels)
    {
        Array.Clear(_injected);
        _injected[SrCnnWindow.Newest] = true;
        return TryInject(points, ref random, input, labels);
    }

    /// <summary>The window as it is.</summary>
    public bool TryMakeUntouched(ReadOnlySpan<double> points, Span<float> input) => _window.TryMap(points, input);

    private bool TryInject(ReadOnlySpan<double> points, ref SeededRandom random, Span<float> input, Span<float> labels)
    {
        if (!SrCnnWindow.TryScale(points[..SrCnnWindow.Points], _scaled))
        {
            return false;
        }

        var (mean, variance) = Moments(_scaled);
        var strength = Math.Min(1 + variance, StrongestVariance);
        _scaled.CopyTo(_changed, 0);
        for (var i = 0; i < _injected.Length; i++)
        {
            if (_injected[i])
            {
                var local = _scaled.AsSpan(Math.Max(0, i - 2), Math.Min(3, i + 1));
                _changed[i] += (Moments(local).Mean + mean) * strength * random.Normal();
            }
        }

        if (!_window.TryMap(_changed, input))
        {
            return false;
        }

        Label(labels);
        return true;
    }

    /// <summary>What was put in but does not stand out against the points before it cannot be told from the map.</summary>
    private void Label(Span<float> labels)
    {
        var map = _window.Map;
        Saliency.TrailingMean(map, 3, _means);
        labels.Clear();
        for (var i = 0; i < _injected.Length; i++)
        {
            var standsOut = map[i] >= _means[i] && (map[i] >= Faint || _means[i] >= Faint);
            labels[i] = _injected[i] && standsOut ? 1 : 0;
        }
    }

    private static (double Mean, double Variance) Moments(ReadOnlySpan<double> values)
    {
        double sum = 0, squares = 0;
        foreach (var value in values)
        {
            sum += value;
            squares += value * value;
        }

        var mean = sum / values.Length;
        return (mean, (squares / values.Length) - (mean * mean));
    }
}
