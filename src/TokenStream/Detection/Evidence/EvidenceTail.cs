using System.Runtime.InteropServices;

namespace TokenStream.Detection.Evidence;

/// <summary>
/// Turns a feature into -log10 of the probability that the series' own past gives to a value this large: a generalised Pareto tail behind
/// the
/// threshold that a share of the values exceeds, fitted by moments, all of it learnt from the values as they come.
/// </summary>
[StructLayout(LayoutKind.Sequential, Pack = 4)]
internal struct EvidenceTail
{
    /// <summary>Values that only set the first threshold.</summary>
    private const int First = 30;

    /// <summary>How many excesses the first guess of their mean weighs.</summary>
    private const int Prior = 5;

    private const double Cap = 15;
    private static readonly double LogTen = Math.Log(10);

    private double _threshold;
    private double _meanExcess;
    private double _meanSquare;
    private int _excesses;
    private int _values;

    /// <summary>Takes a value of the feature, 0 or above, and says how strange it is.</summary>
    /// <param name="value">The feature.</param>
    /// <param name="share">The share of the values that the tail is fitted to, the same for all values.</param>
    /// <param name="speaksFirst">Whether the first value above zero of a feature that was always zero is evidence.</param>
    public double Take(double value, double share, bool speaksFirst)
    {
        _values++;
        if (_values <= First)
        {
            _threshold = Math.Max(_threshold, value);
            if (_values == First)
            {
                _meanExcess = _threshold / 2;
                _meanSquare = 3 * _meanExcess * _meanExcess;
                _excesses = Prior;
            }

            return 0;
        }

        var above = value > _threshold;
        var evidence = 0d;
        if (above)
        {
            var excess = value - _threshold;
            evidence = Judge(excess, share, speaksFirst);
            Learn(excess);
        }

        var step = Math.Max(1d / (_values + 10), 0.0005) * 5 * (above ? 1 - share : -share);
        _threshold = Math.Max(0, _threshold + ((_meanExcess > 0 ? _meanExcess : _threshold) * step));
        return evidence;
    }

    private readonly double Judge(double excess, double share, bool speaksFirst)
    {
        if (!(_meanExcess > 0))
        {
            return speaksFirst ? Math.Log10(_values) : 0;
        }

        var square = _meanExcess * _meanExcess;
        var shape = Math.Clamp((1 - (square / Math.Max(_meanSquare - square, 1e-12 * _meanSquare))) / 2, 0.1, 0.5);
        var far = Math.Log(1 + (shape * excess / (_meanExcess * (1 - shape)))) / shape;
        return Math.Min((far - Math.Log(share)) / LogTen, Cap);
    }

    private void Learn(double excess)
    {
        var weight = Math.Max(1d / (_excesses + 1), 0.002);
        if (_meanExcess > 0)
        {
            excess = Math.Min(excess, 10 * _meanExcess);
        }

        _meanExcess += weight * (excess - _meanExcess);
        _meanSquare += weight * ((excess * excess) - _meanSquare);
        _excesses++;
    }
}
