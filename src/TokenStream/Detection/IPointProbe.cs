namespace TokenStream.Detection;

/// <summary>
/// Asks what a point would have scored with another value, all else equal: it works on a copy of the series as it was before the point. Only
/// valid during the call that hands it over.
/// </summary>
public interface IPointProbe
{
    PointScore Score(double value);
}
