namespace TokenStream.Detection.SpectralResidual;

/// <summary>
/// The saliency map of windows of one length (Ren et al., KDD 2019, as ML.NET computes it): what is left of a window once the log magnitudes
/// of its spectrum have lost their running mean, so that a point stands out by how little the rest of the window foretells it. Keeps its
/// tables and its room: no allocation a window, for one thread.
/// </summary>
internal sealed class Saliency
{
    /// <summary>A bin that is no stronger counts as zero.</summary>
    public const double EmptyBin = 1e-8;

    /// <summary>
    /// Share of the window's absolute sum under which a bin is the rounding of the transform: a constant window of large values has bins
    /// like these, and each would be lifted to the strength of a real one.
    /// </summary>
    private const double Rounding = 1e-13;

    private readonly int _averagingWindow;
    private readonly FoldedTransform? _folded;
    private readonly FourierTransform? _fourier;
    private readonly double[] _real;
    private readonly double[] _imaginary;
    private readonly double[] _logs;
    private readonly double[] _factors;
    private readonly double[] _sumReal = [];
    private readonly double[] _sumImaginary = [];
    private readonly double[] _differenceReal = [];
    private readonly double[] _differenceImaginary = [];

    /// <param name="length">Points of a window.</param>
    /// <param name="averagingWindow">Bins that the running mean of the log magnitudes is taken over.</param>
    /// <param name="keepsRealParts">Whether <see cref="RealParts"/> is asked for: short windows have them only so, and take longer.</param>
    public Saliency(int length, int averagingWindow = 3, bool keepsRealParts = false)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(length, 2);
        ArgumentOutOfRangeException.ThrowIfLessThan(averagingWindow, 1);
        Length = length;
        _averagingWindow = averagingWindow;
        var half = length / 2;
        if (!keepsRealParts && length <= FoldedTransform.MostPoints && half + averagingWindow <= length)
        {
            _folded = new FoldedTransform(length);
            var width = FoldedTransform.Padded(half + 1);
            (_real, _imaginary) = (new double[width], new double[width]);
            (_sumReal, _sumImaginary) = (new double[half], new double[half]);
            (_differenceReal, _differenceImaginary) = (new double[half], new double[half]);
        }
        else
        {
            _fourier = new FourierTransform(length);
            (_real, _imaginary) = (new double[length], new double[length]);
        }

        _logs = new double[length];
        _factors = new double[length];
    }

    public int Length { get; }

    /// <summary>The real parts of what the last map is the magnitude of.</summary>
    public ReadOnlySpan<double> RealParts =>
        _fourier is null ? throw new InvalidOperationException("This map was made without its real parts.") : _real;

    /// <summary>
    /// The value after the points by the mean of the slopes to the last of them, as ML.NET extends a window before it transforms it.
    /// </summary>
    public static double PredictNext(ReadOnlySpan<double> points)
    {
        var last = points.Length - 1;
        var sum = 0.0;
        for (var i = 0; i < last; i++)
        {
            sum += (points[last] - points[i]) / (last - i);
        }

        return points[1] + sum;
    }

    /// <summary>The mean of the last <paramref name="count"/> values up to each; of fewer at the start.</summary>
    public static void TrailingMean(ReadOnlySpan<double> values, int count, Span<double> means)
    {
        var sum = 0.0;
        for (var i = 0; i < values.Length; i++)
        {
            sum += values[i];
            if (i >= count)
            {
                sum -= values[i - count];
            }

            means[i] = sum / Math.Min(i + 1, count);
        }
    }

    /// <summary>The whole map of a window; NaN everywhere where the window holds a NaN.</summary>
    public void Map(ReadOnlySpan<double> window, Span<double> map) => Map(window, 0, map[..Length]);

    /// <summary>The map from one point on, as far as there is room for it.</summary>
    public void Map(ReadOnlySpan<double> window, int firstPoint, Span<double> map)
    {
        if (window.Length != Length)
        {
            throw new ArgumentException($"a window of {window.Length} points where {Length} are expected", nameof(window));
        }

        if (_folded is not null)
        {
            MapShort(_folded, window, firstPoint, map);
            return;
        }

        TransformLong(window);
        for (var i = 0; i < map.Length; i++)
        {
            map[i] = Magnitude(_real[firstPoint + i], _imaginary[firstPoint + i]);
        }
    }

    private static double Magnitude(double real, double imaginary) => Math.Sqrt((real * real) + (imaginary * imaginary));

    private static double SmallestBin(ReadOnlySpan<double> window)
    {
        var sum = 0.0;
        foreach (var value in window)
        {
            sum += Math.Abs(value);
        }

        // A NaN in the window reaches every bin by itself.
        return Math.Max(EmptyBin, Rounding * sum);
    }

    /// <summary>
    /// Magnitudes are symmetric, their trailing means are not: that of bin length - k is that of bin k + averaging - 1 of the lower half, so
    /// the factors of the lower half and a few beyond serve both.
    /// </summary>
    private void MapShort(FoldedTransform folded, ReadOnlySpan<double> window, int firstPoint, Span<double> map)
    {
        folded.Forward(window, _real, _imaginary);
        var half = Length / 2;
        var smallest = SmallestBin(window);
        for (var bin = 0; bin <= half; bin++)
        {
            var magnitude = Magnitude(_real[bin], _imaginary[bin]);
            _logs[bin] = magnitude <= smallest ? 0 : Math.Log(magnitude);
        }

        for (var bin = half + 1; bin < half + _averagingWindow; bin++)
        {
            _logs[bin] = _logs[Length - bin];
        }

        Factors(half + _averagingWindow);
        for (var bin = 1; bin <= half; bin++)
        {
            // A bin of magnitude 1 has the logarithm 0 too, and is dropped as upstream drops it.
            var isEmpty = _logs[bin] == 0;
            var factor = isEmpty ? 0 : _factors[bin];
            var mirrored = isEmpty || 2 * bin == Length ? 0 : _factors[bin + _averagingWindow - 1];
            _sumReal[bin - 1] = _real[bin] * (factor + mirrored);
            _sumImaginary[bin - 1] = _imaginary[bin] * (factor + mirrored);
            _differenceReal[bin - 1] = _real[bin] * (factor - mirrored);
            _differenceImaginary[bin - 1] = _imaginary[bin] * (factor - mirrored);
        }

        var zero = _logs[0] == 0 ? 0 : _real[0] * _factors[0];
        folded.InverseMagnitudes(_sumReal, _sumImaginary, _differenceReal, _differenceImaginary, zero, firstPoint, map);
    }

    /// <summary>What the residual makes of a bin: exp(log - mean) / magnitude, which is exp(-mean).</summary>
    private void Factors(int count)
    {
        for (var bin = 0; bin < count; bin++)
        {
            var first = Math.Max(0, bin - _averagingWindow + 1);
            var sum = 0.0;
            for (var i = first; i <= bin; i++)
            {
                sum += _logs[i];
            }

            _factors[bin] = Math.Exp(-sum / (bin - first + 1));
        }
    }

    private void TransformLong(ReadOnlySpan<double> window)
    {
        window.CopyTo(_real);
        _imaginary.AsSpan().Clear();
        _fourier!.Forward(_real, _imaginary);
        var smallest = SmallestBin(window);
        for (var bin = 0; bin < Length; bin++)
        {
            var magnitude = Magnitude(_real[bin], _imaginary[bin]);
            _logs[bin] = magnitude <= smallest ? 0 : Math.Log(magnitude);
        }

        Factors(Length);
        for (var bin = 0; bin < Length; bin++)
        {
            var factor = _logs[bin] == 0 ? 0 : _factors[bin];
            _real[bin] *= factor;
            _imaginary[bin] *= factor;
        }

        _fourier.Inverse(_real, _imaginary);
    }
}
