namespace TokenStream.Detection;

/// <summary>A point of a series when it is scored.</summary>
/// <param name="Series">Number of the series within its partition; stays the same for its life and over a restart.</param>
/// <param name="Path">Where it stands.</param>
/// <param name="Measure">What it is of.</param>
/// <param name="MinuteMs">Start of the minute.</param>
/// <param name="Value">NaN where the minute is missing.</param>
/// <param name="Score">What the detector says of it.</param>
/// <param name="Expected">What it was expected to be.</param>
/// <param name="CostPerUnit">
/// Picodollars that a unit of the measure costs at this place, so that money is value less expected, times this: 1 for cost, the mean price of
/// a token or request in this minute and the last ones for counts, the requests of the minute for cost per request; negative for the cache
/// share, of which less costs more; 0 where it cannot be said.
/// </param>
/// <param name="Requests">Requests at this place in this minute; NaN where the minute is missing.</param>
public readonly record struct ScoredPoint(
    int Series, SeriesPath Path, SeriesMeasure Measure, long MinuteMs, double Value, PointScore Score, Expectation Expected, double CostPerUnit,
    double Requests);
