namespace TokenStream.Detection.SpectralResidual;

/// <summary>
/// Locally weighted lines through equally spaced values (Cleveland 1979), with the neighbourhoods and the two passes of robust weights that
/// ML.NET takes. Of more than a hundred values only a hundred, evenly apart, are looked at; a place takes the line of the nearest.
/// </summary>
internal sealed class Loess
{
    public const int FewestValues = 3;

    private const int MostModels = 100;
    private const int FewestNeighbours = 4;
    private const int Passes = 2;
    private const double Tie = 1e-10;

    private readonly int[] _places;
    private readonly LineFit[] _lines;

    public Loess(ReadOnlySpan<double> values, int neighbours)
    {
        var count = values.Length;
        if (count < FewestValues)
        {
            throw new ArgumentException($"fewer than {FewestValues} values to smooth: {count}");
        }

        var models = Math.Min(count, MostModels);
        var taken = new double[models];
        _places = new int[models];
        for (var i = 0; i < models; i++)
        {
            _places[i] = (int)((long)i * count / models);
            taken[i] = values[_places[i]];
        }

        neighbours = neighbours >= models ? models - 1 : Math.Max(neighbours, FewestNeighbours);
        neighbours = Math.Min(neighbours, models - 1);
        _lines = new LineFit[models];
        var errors = new double[neighbours + 1];
        var weights = new double[neighbours + 1];
        for (var i = 0; i < models; i++)
        {
            _lines[i] = Fit(taken, i, weights, errors);
        }
    }

    /// <summary>The smooth value at a place, before the first and behind the last one too.</summary>
    public double At(double place)
    {
        var above = 0;
        var below = _places.Length;
        while (above < below)
        {
            var middle = (above + below) / 2;
            (above, below) = _places[middle] < place ? (middle + 1, below) : (above, middle);
        }

        if (above == _places.Length || (above > 0 && place - _places[above - 1] <= _places[above] - place + Tie))
        {
            above--;
        }

        return _lines[above].At(place - _places[above]);
    }

    /// <summary>The line around a value, whose place is its origin.</summary>
    private LineFit Fit(ReadOnlySpan<double> values, int at, double[] weights, double[] errors)
    {
        var place = _places[at];
        var (first, last) = (at, at);
        while (last - first + 1 < weights.Length)
        {
            // The nearer neighbour as often as there are some to take; of two as near, the left one.
            if (first > 0 && (last == values.Length - 1 || place - _places[first - 1] <= _places[last + 1] - place))
            {
                first--;
            }
            else
            {
                last++;
            }
        }

        var places = _places.AsSpan(first, weights.Length);
        values = values.Slice(first, weights.Length);
        var range = (double)Math.Max(place - places[0], places[^1] - place);
        for (var i = 0; i < weights.Length; i++)
        {
            var distance = Math.Abs(places[i] - place) / range;
            var weight = 1 - (distance * distance * distance);
            weights[i] = weight * weight * weight;
        }

        var line = default(LineFit);
        for (var pass = 0; pass < Passes; pass++)
        {
            if (pass > 0)
            {
                WeighErrors(values, places, place, line, weights, errors);
            }

            line = default;
            for (var i = 0; i < weights.Length; i++)
            {
                line.Add(places[i] - place, values[i], weights[i]);
            }
        }

        return line;
    }

    /// <summary>Points far from the line, by the median of the errors, lose their weight.</summary>
    private static void WeighErrors(
        ReadOnlySpan<double> values, ReadOnlySpan<int> places, int origin, LineFit line, double[] weights, double[] errors)
    {
        for (var i = 0; i < errors.Length; i++)
        {
            errors[i] = Math.Abs(values[i] - line.At(places[i] - origin));
        }

        var sorted = (double[])errors.Clone();
        Array.Sort(sorted);
        var reach = 6 * sorted[sorted.Length / 2];
        for (var i = 0; i < errors.Length; i++)
        {
            if (reach == 0)
            {
                weights[i] = errors[i] == 0 ? weights[i] : 0;
                continue;
            }

            var share = errors[i] / reach;
            weights[i] *= share >= 1 ? 0 : (1 - (share * share)) * (1 - (share * share));
        }
    }
}
