using System.Runtime.InteropServices;

namespace TokenStream.Detection.SpectralResidual;

/// <summary>
/// What a detector that looks at windows remembers of a series: the step of the newest value, how many values there were, and a ring of the
/// newest. A missing point holds the value before it; as many missing points as the ring has start it anew. For one thread.
/// </summary>
/// <param name="points">Values that the ring holds.</param>
internal sealed class PointRing(int points)
{
    /// <summary>Beyond it a value is no measurement, and its transform would overflow.</summary>
    private const double Largest = 1e100;

    private const double Smallest = 1e-100;
    private const int HeaderBytes = 2 * sizeof(long);

    /// <summary>Newest points whose median is what the next is expected to be.</summary>
    private const int ExpectedFrom = 21;

    private readonly double[] _sorted = new double[Math.Min(ExpectedFrom, points)];

    public int Bytes => HeaderBytes + (points * sizeof(double));

    public void Start(Span<byte> state) => state[..Bytes].Clear();

    /// <summary>Takes a value in; false where it counts as missing, or the ring is not full yet.</summary>
    public bool TryAdd(Span<byte> state, long stepIndex, double value)
    {
        if (!(Math.Abs(value) <= Largest))
        {
            return false;
        }

        var header = MemoryMarshal.Cast<byte, long>(state[..HeaderBytes]);
        var ring = MemoryMarshal.Cast<byte, double>(state[HeaderBytes..Bytes]);
        ref var step = ref header[0];
        ref var count = ref header[1];
        if (count > 0 && stepIndex - step > points)
        {
            count = 0;
        }

        if (count > 0)
        {
            var last = ring[(int)((count - 1) % points)];
            for (var missing = stepIndex - step - 1; missing > 0; missing--)
            {
                ring[(int)(count++ % points)] = last;
            }
        }

        ring[(int)(count++ % points)] = Math.Abs(value) < Smallest ? 0 : value;
        step = stepIndex;
        return count >= points;
    }

    /// <summary>The newest points, oldest first; there must have been as many.</summary>
    public void CopyNewest(ReadOnlySpan<byte> state, Span<double> newest)
    {
        var count = MemoryMarshal.Cast<byte, long>(state[..HeaderBytes])[1];
        var ring = MemoryMarshal.Cast<byte, double>(state[HeaderBytes..Bytes]);
        var first = (int)((count - newest.Length) % points);
        var straight = Math.Min(newest.Length, points - first);
        ring.Slice(first, straight).CopyTo(newest);
        ring[..(newest.Length - straight)].CopyTo(newest[straight..]);
    }

    /// <summary>The median of the newest points.</summary>
    public Expectation Expect(ReadOnlySpan<byte> state, long stepIndex)
    {
        var header = MemoryMarshal.Cast<byte, long>(state[..HeaderBytes]);
        if (header[1] < _sorted.Length || stepIndex - header[0] > points)
        {
            return Expectation.Unknown;
        }

        CopyNewest(state, _sorted);
        _sorted.AsSpan().Sort();
        var median = _sorted[_sorted.Length / 2];
        return new Expectation(median, median);
    }
}
