using TokenStream.Detection.SpectralResidual;

namespace TokenStream.Detection.SrCnn;

/// <summary>
/// The detector <c>srcnn</c> (Ren et al., KDD 2019): a small network looks at the saliency map of the newest 123 points and says how likely
/// the newest is an anomaly. The score is ln(1 + odds): in the order of the log odds, which it equals where they are large, and never
/// below 0. It has no direction. A missing point has no score, and the window holds the value before it in its place.
/// </summary>
public sealed class SrCnnDetector : ISeriesDetector
{
    public const string DetectorName = "srcnn";

    /// <summary>Until a threshold has been calibrated.</summary>
    public const double UncalibratedThreshold = 6;

    /// <summary>Log odds from which on their softening is below the rounding of a double.</summary>
    private const double Sure = 30;

    private readonly DenseNetwork _network;
    private readonly float[][] _room;
    private readonly SrCnnWindow _window = new();
    private readonly PointRing _ring = new(SrCnnWindow.Points);
    private readonly double[] _points = new double[SrCnnWindow.Points];

    /// <param name="weights">Those that ship where none are given.</param>
    public SrCnnDetector(SrCnnWeights? weights = null)
    {
        _network = (weights ?? SrCnnWeights.Shipped).Network;
        _room = _network.CreateRoom();
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

        _ring.CopyNewest(state, _points);
        if (!_window.TryMap(_points, _room[0]))
        {
            return PointScore.None;
        }

        var score = Soften(_network.ForwardOne(_room, SrCnnWindow.Newest));
        return new PointScore(score, score, score);
    }

    /// <summary>The median of the newest points.</summary>
    public Expectation Expect(ReadOnlySpan<byte> state, long stepIndex) => _ring.Expect(state, stepIndex);

    internal static double Soften(double logOdds) =>
        logOdds > Sure ? logOdds : logOdds < -Sure ? Math.Exp(logOdds) : Math.Log(1 + Math.Exp(logOdds));
}
