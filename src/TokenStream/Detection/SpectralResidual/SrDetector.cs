using System.Runtime.InteropServices;

namespace TokenStream.Detection.SpectralResidual;

/// <summary>
/// The detector <c>sr</c>: <see cref="SrScorer"/> at its defaults over the points of a series. A missing point has no score, and the window
/// holds the value before it in its place; as many missing points as the window has start it anew. The score has no direction.
/// </summary>
public sealed class SrDetector : ISeriesDetector
{
    public const string DetectorName = "sr";

    /// <summary>Beyond it a value is no measurement, and its transform would overflow.</summary>
    private const double Largest = 1e100;

    private const double Smallest = 1e-100;
    private const int HeaderDoubles = 2;

    private readonly SrOptions _options = new();
    private readonly SrScorer _scorer;
    private readonly double[] _window;
    private readonly double[] _sorted;

    public SrDetector()
    {
        _scorer = new SrScorer(_options);
        _window = new double[_options.WindowSize];
        _sorted = new double[_options.JudgementWindowSize];
    }

    public string Name => DetectorName;

    public int Version => 1;

    /// <summary>The step of the newest value, how many values there were, and a ring of them.</summary>
    public int StateBytes => (HeaderDoubles + _options.WindowSize) * sizeof(double);

    public void Start(Span<byte> state) => state[..StateBytes].Clear();

    public PointScore Score(Span<byte> state, long stepIndex, double value)
    {
        if (!(Math.Abs(value) <= Largest))
        {
            return PointScore.None;
        }

        var header = MemoryMarshal.Cast<byte, long>(state[..(HeaderDoubles * sizeof(double))]);
        var ring = Ring(state);
        ref var step = ref header[0];
        ref var count = ref header[1];
        if (count > 0 && stepIndex - step > ring.Length)
        {
            count = 0;
        }

        if (count > 0)
        {
            var last = ring[(int)((count - 1) % ring.Length)];
            for (var missing = stepIndex - step - 1; missing > 0; missing--)
            {
                ring[(int)(count++ % ring.Length)] = last;
            }
        }

        ring[(int)(count++ % ring.Length)] = Math.Abs(value) < Smallest ? 0 : value;
        step = stepIndex;
        if (count < ring.Length)
        {
            return PointScore.None;
        }

        CopyNewest(ring, count, _window);
        var score = _scorer.Score(_window).Score;
        return new PointScore(score, score, score);
    }

    /// <summary>The median of the points that the next is judged against.</summary>
    public Expectation Expect(ReadOnlySpan<byte> state, long stepIndex)
    {
        var header = MemoryMarshal.Cast<byte, long>(state[..(HeaderDoubles * sizeof(double))]);
        var ring = MemoryMarshal.Cast<byte, double>(state.Slice(HeaderDoubles * sizeof(double), _options.WindowSize * sizeof(double)));
        if (header[1] < _sorted.Length || stepIndex - header[0] > ring.Length)
        {
            return Expectation.Unknown;
        }

        CopyNewest(ring, header[1], _sorted);
        _sorted.AsSpan().Sort();
        var median = _sorted[_sorted.Length / 2];
        return new Expectation(median, median);
    }

    private static void CopyNewest(ReadOnlySpan<double> ring, long count, Span<double> newest)
    {
        var first = (int)((count - newest.Length) % ring.Length);
        var straight = Math.Min(newest.Length, ring.Length - first);
        ring.Slice(first, straight).CopyTo(newest);
        ring[..(newest.Length - straight)].CopyTo(newest[straight..]);
    }

    private Span<double> Ring(Span<byte> state) =>
        MemoryMarshal.Cast<byte, double>(state.Slice(HeaderDoubles * sizeof(double), _options.WindowSize * sizeof(double)));
}
