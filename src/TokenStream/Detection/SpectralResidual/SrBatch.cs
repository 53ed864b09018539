namespace TokenStream.Detection.SpectralResidual;

/// <summary>
/// One batch of <see cref="SrBatchDetector"/>, step by step as ML.NET takes them. Where upstream is at fault and its figures are public, the
/// fault is kept and named: who knows the figures gets them.
/// </summary>
internal sealed class SrBatch
{
    public const double LargestValue = 1e100;

    private const int BackAdd = 5;
    private const int Lookahead = 5;
    private const int AveragedSaliencies = 40;
    private const int FirstAverages = 11;
    private const double OutlierScore = 0.35;
    private const double Nothing = 1e-8;

    private readonly SrBatchOptions _options;
    private readonly double[] _values;

    /// <summary>What the saliency is of: the values, or what the season has left of them.</summary>
    private readonly double[] _looked;
    private readonly bool[] _detected;
    private readonly double[] _scores;
    private readonly double[] _magnitudes;
    private readonly double[] _realParts;

    public SrBatch(ReadOnlySpan<double> values, SrBatchOptions options)
    {
        _options = options;
        _values = values.ToArray();
        _looked = options.Period > 0 ? Seasons.Remove(_values, options.Period, options.Deseasonality) : _values;
        _detected = new bool[_values.Length];
        _scores = new double[_values.Length];
        _magnitudes = new double[_values.Length];
        _realParts = new double[_values.Length];
    }

    public SrBatchPoint[] Detect()
    {
        var count = _values.Length;
        ScoreSaliency();
        DropOrdinary();
        if (_options.Mode == SrBatchMode.AnomalyOnly)
        {
            return Points((_, point) => point);
        }

        var centres = _options.Period > 0 ? Subtract(_values, _looked) : WithoutFastChanges(WithoutOutliers());
        var expected = Array.ConvertAll(centres, WithinSign(_values));
        if (_options.Mode == SrBatchMode.AnomalyAndExpectedValue)
        {
            return Points((i, point) => point with { ExpectedValue = expected[i] });
        }

        var units = Units();
        var reach = SrBoundary.Factor(_options.Sensitivity);
        var middles = _options.Period > 0 ? expected : centres;
        var upper = new double[count];
        var lower = new double[count];
        for (var i = 0; i < count; i++)
        {
            upper[i] = middles[i] + (reach * units[i]);
            lower[i] = middles[i] - (reach * units[i]);
        }

        ScoreMargins(centres, units, upper, lower);
        return Points((i, point) =>
        {
            if (_detected[i])
            {
                return point with { ExpectedValue = expected[i], BoundaryUnit = units[i], UpperBoundary = upper[i], LowerBoundary = lower[i] };
            }

            // What is no anomaly is drawn inside: the expected value goes towards the point, and its margins with it.
            var quiet = SrBoundary.QuietFactor * units[i];
            var margin = _options.Period > 0 ? upper[i] - expected[i] : reach * units[i];
            var moved = double.IsNaN(expected[i]) ? expected[i] : Math.Min(Math.Max(expected[i], _values[i] - quiet), _values[i] + quiet);
            return point with { ExpectedValue = moved, BoundaryUnit = units[i], UpperBoundary = moved + margin, LowerBoundary = moved - margin };
        });
    }

    private static double[] Subtract(double[] left, double[] right) => [.. left.Zip(right, (a, b) => a - b)];

    /// <summary>Series that are never negative, or never positive, are not expected to be.</summary>
    private static Converter<double, double> WithinSign(double[] values)
    {
        var (least, most) = (values.Min(), values.Max());
        return value =>
        {
            value = least >= 0 ? Math.Max(value, 0) : value;
            return most <= 0 ? Math.Min(value, 0) : value;
        };
    }

    private SrBatchPoint[] Points(Func<int, SrBatchPoint, SrBatchPoint> fill)
    {
        var points = new SrBatchPoint[_values.Length];
        for (var i = 0; i < points.Length; i++)
        {
            var point = new SrBatchPoint(
                _detected[i], _scores[i], _magnitudes[i], double.NaN, double.NaN, double.NaN, double.NaN);
            points[i] = fill(i, point);
        }

        return points;
    }

    private void ScoreSaliency()
    {
        var count = _looked.Length;
        var extended = new double[count + BackAdd];
        _looked.CopyTo(extended.AsSpan());
        extended.AsSpan(count).Fill(Saliency.PredictNext(_looked.AsSpan(count - 2 - Lookahead, Lookahead + 1)));
        var saliency = new Saliency(extended.Length, keepsRealParts: true);
        var map = new double[extended.Length];
        saliency.Map(extended, map);
        map.AsSpan(0, count).CopyTo(_magnitudes);
        saliency.RealParts[..count].CopyTo(_realParts);

        var averages = new double[map.Length];
        Saliency.TrailingMean(map, Math.Min(map.Length, AveragedSaliencies), averages);
        var first = Math.Min(map.Length, FirstAverages);
        averages.AsSpan(0, Math.Min(first + 1, map.Length)).Fill(averages[first - 1]);
        for (var i = 0; i < count; i++)
        {
            var average = Math.Abs(averages[i]) < Nothing ? Nothing : averages[i];
            _scores[i] = Math.Clamp(Math.Abs(map[i] - averages[i]) / average / 10, 0, 1);
            _detected[i] = _scores[i] > _options.Threshold;
        }
    }

    /// <summary>
    /// A point within one and a half deviations of the mean is no anomaly. With a period upstream holds what the season left against the mean
    /// of the values themselves (dotnet/machinelearning pull 7610): kept.
    /// </summary>
    private void DropOrdinary()
    {
        var mean = _values.Average();
        var deviation = Math.Sqrt(_values.Average(value => (value - mean) * (value - mean)));
        for (var i = 0; i < _looked.Length; i++)
        {
            if (_detected[i] && (deviation < Nothing || Math.Abs(_looked[i] - mean) / deviation < 1.5))
            {
                _detected[i] = false;
                _scores[i] = 0;
            }
        }
    }

    /// <summary>The values, those far out replaced by a line through the good ones nearest to them.</summary>
    private double[] WithoutOutliers()
    {
        const int FewestGood = 4;
        var replaced = (double[])_values.Clone();
        for (var i = 0; i < replaced.Length; i++)
        {
            if (!(_scores[i] > OutlierScore))
            {
                continue;
            }

            var line = default(LineFit);
            for (var half = 1; ; half += 2)
            {
                var (first, last) = (Math.Max(0, i - half), Math.Min(_values.Length - 1, i + half));
                line = default;
                for (var j = first; j <= last; j++)
                {
                    if (!(_scores[j] > OutlierScore))
                    {
                        line.Add(j - i, _values[j], 1);
                    }
                }

                if (line.Count >= FewestGood || (first == 0 && last == _values.Length - 1))
                {
                    break;
                }
            }

            replaced[i] = line.Count > 1 ? line.At(0) : _values[i];
        }

        return replaced;
    }

    /// <summary>Without the quarter of the spectrum around its fastest changes.</summary>
    private static double[] WithoutFastChanges(double[] values)
    {
        var count = values.Length;
        var imaginary = new double[count];
        var transform = new FourierTransform(count);
        transform.Forward(values, imaginary);
        for (var bin = 0; bin < count; bin++)
        {
            if (8L * bin > 3L * count && 8L * bin < 5L * count)
            {
                (values[bin], imaginary[bin]) = (0, 0);
            }
        }

        transform.Inverse(values, imaginary);
        return values;
    }

    /// <summary>What margins are measured in: half of it the mean level of the quiet points, half the level around the point.</summary>
    private double[] Units()
    {
        const double Share = 0.5;
        const double WithoutLevel = 0.3;
        var levels = RunningMedian.Of(_values, Math.Min(_values.Length / 3, 512) / 2);
        var (sum, quiet, hasLevel) = (0.0, 0, false);
        for (var i = 0; i < levels.Length; i++)
        {
            if (!_detected[i])
            {
                sum += Math.Abs(levels[i]);
                quiet++;
                hasLevel |= !(levels[i] < Nothing);
            }
        }

        var mean = quiet == 0 ? 0 : sum / quiet;
        return Array.ConvertAll(levels, level => hasLevel ? (mean * (1 - Share)) + (Math.Abs(level) * Share) : WithoutLevel);
    }

    /// <summary>
    /// Scores what was detected by its distance in units, and keeps what lies outside the margins. Without a period the score comes first and
    /// stays with a point that is then dropped; with one, upstream measures the distance from the saliency's real part (pull 7610): kept.
    /// </summary>
    private void ScoreMargins(double[] centres, double[] units, double[] upper, double[] lower)
    {
        var isOutside = new bool[_values.Length];
        for (var i = 0; i < isOutside.Length; i++)
        {
            isOutside[i] = _values[i] < lower[i] || _values[i] > upper[i];
        }

        if (_options.Period > 0)
        {
            KeepOutside(isOutside);
            Join(isOutside);
        }

        var references = _options.Period > 0 ? _realParts : centres;
        for (var i = 0; i < _scores.Length; i++)
        {
            _scores[i] = _detected[i] ? SrBoundary.Score(Math.Abs(references[i] - _values[i]) / units[i]) : 0;
        }

        KeepOutside(isOutside);
    }

    private void KeepOutside(bool[] isOutside)
    {
        for (var i = 0; i < isOutside.Length; i++)
        {
            _detected[i] &= isOutside[i];
        }
    }

    /// <summary>Within a run of points outside, all between two detected ones are; a run from the first row on is not seen, as upstream.</summary>
    private void Join(bool[] isOutside)
    {
        var i = 0;
        while (i < isOutside.Length && isOutside[i])
        {
            i++;
        }

        var last = -1;
        for (; i < isOutside.Length; i++)
        {
            if (!isOutside[i])
            {
                last = -1;
            }
            else if (_detected[i])
            {
                if (last >= 0)
                {
                    _detected.AsSpan(last, i - last).Fill(true);
                }

                last = i;
            }
        }
    }
}
