namespace TokenStream.Detection.SpectralResidual;

/// <summary>A line through weighted points by least squares; flat where all of them share one place.</summary>
internal struct LineFit
{
    private double _weight;
    private double _place;
    private double _value;
    private double _placeSquare;
    private double _placeValue;

    public int Count { get; private set; }

    public void Add(double place, double value, double weight)
    {
        Count++;
        _weight += weight;
        _place += weight * place;
        _value += weight * value;
        _placeSquare += weight * place * place;
        _placeValue += weight * place * value;
    }

    /// <summary>The line's value; NaN without any weight.</summary>
    public readonly double At(double place)
    {
        var mean = _place / _weight;
        var spread = _placeSquare - (mean * _place);
        var flat = _value / _weight;
        return spread <= 1e-12 * _placeSquare ? flat : flat + ((_placeValue - (mean * _value)) / spread * (place - mean));
    }
}
