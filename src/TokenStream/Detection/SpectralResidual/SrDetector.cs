namespace TokenStream.Detection.SpectralResidual;

/// <summary>
/// The detector <c>sr</c>: <see cref="SrScorer"/> at its defaults over the points of a series. A missing point has no score, and the window
/// holds the value before it in its place; as many missing points as the window has start it anew. The score has no direction.
/// </summary>
public sealed class SrDetector : ISeriesDetector
{
    public const string DetectorName = "sr";

    private readonly SrScorer _scorer;
    private readonly PointRing _ring;
    private readonly double[] _window;

    public SrDetector()
    {
        var options = new SrOptions();
        _scorer = new SrScorer(options);
        _ring = new PointRing(options.WindowSize);
        _window = new double[options.WindowSize];
    }

    public string Name => DetectorName;

    public int Version => 1;

    public int StateBytes => _ring.Bytes;

    public void Start(Span<byte> state) => _ring.Start(state);

    public PointScore Score(Span<byte> state, long stepIndex, double value)
    {
        if (!_ring.TryAdd(state, stepIndex, value))
        {
            return PointScore.None;
        }

        _ring.CopyNewest(state, _window);
        var score = _scorer.Score(_window).Score;
        return new PointScore(score, score, score);
    }

    /// <summary>The median of the points that the next is judged against.</summary>
    public Expectation Expect(ReadOnlySpan<byte> state, long stepIndex) => _ring.Expect(state, stepIndex);
}
