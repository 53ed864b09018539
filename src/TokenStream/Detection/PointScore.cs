namespace TokenStream.Detection;

/// <summary>How strange a point is. Any scale, but one for all series of a detector; 0 and above, higher is stranger.</summary>
/// <param name="Value">The larger of the two.</param>
/// <param name="Up">Evidence that the point is too high.</param>
/// <param name="Down">Evidence that it is too low; a detector that does not tell the two apart sets both to the score.</param>
public readonly record struct PointScore(double Value, double Up, double Down)
{
    public static PointScore None => default;

    /// <summary>Up where both are equal.</summary>
    public AnomalyDirection Direction => Down > Up ? AnomalyDirection.Down : AnomalyDirection.Up;
}

/// <summary>What a point was expected to be; NaN where nothing is known yet.</summary>
/// <param name="High">What an excess is measured from: the larger of what season and level say.</param>
/// <param name="Low">What a shortfall is measured from: the smaller.</param>
public readonly record struct Expectation(double High, double Low)
{
    public static Expectation Unknown => new(double.NaN, double.NaN);
}

/// <summary>Which way an anomaly goes.</summary>
public enum AnomalyDirection
{
    Up,
    Down,
}
