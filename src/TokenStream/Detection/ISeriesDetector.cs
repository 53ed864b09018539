namespace TokenStream.Detection;

/// <summary>
/// Scores the points of series one after the other. A detector is made for one length of step and holds no series: what is remembered of a
/// series lies in a span of bytes that the caller keeps, so that a copy of the bytes is a copy of the series, and a checkpoint of them goes on
/// bit for bit. A score is a function of the points up to its own and of nothing else: no later point, no clock, no randomness. For one thread.
/// </summary>
public interface ISeriesDetector
{
    /// <summary>As people choose it: <c>evidence</c>, <c>sr</c>, <c>srcnn</c>.</summary>
    string Name { get; }

    /// <summary>Raised whenever the same points give other scores, or the bytes mean something else.</summary>
    int Version { get; }

    /// <summary>Bytes that a series takes, the same for every series.</summary>
    int StateBytes { get; }

    /// <summary>Makes the bytes those of a series without points.</summary>
    void Start(Span<byte> state);

    /// <summary>
    /// Scores a point and remembers it. Steps of a series must rise; those left out are missing points.
    /// </summary>
    /// <param name="state">The series, <see cref="StateBytes"/> long.</param>
    /// <param name="stepIndex">Time since the Unix epoch in steps of the detector's length; so the step of the UTC day follows from it.</param>
    /// <param name="value">NaN for a missing point, which has no score.</param>
    PointScore Score(Span<byte> state, long stepIndex, double value);

    /// <summary>
    /// What the series was expected to be at a step, from the points before it: to be asked before <see cref="Score"/> of that step.
    /// </summary>
    Expectation Expect(ReadOnlySpan<byte> state, long stepIndex);
}
