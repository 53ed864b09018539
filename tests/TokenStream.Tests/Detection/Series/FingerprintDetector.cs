using System.Numerics;
using System.Runtime.InteropServices;
using TokenStream.Detection;

namespace TokenStream.Tests.Detection.Series;

/// <summary>
/// Scores with a fingerprint of every point of the series so far, so that two series with one point different differ from there on, between
/// 0 and 20: some points open an episode. It refuses a step that does not rise.
/// </summary>
internal sealed class FingerprintDetector(string name = "fingerprint", int version = 1) : ISeriesDetector
{
    public string Name => name;

    public int Version => version;

    public int StateBytes => 20;

    public void Start(Span<byte> state) => state.Clear();

    public PointScore Score(Span<byte> state, long stepIndex, double value)
    {
        ref var series = ref MemoryMarshal.AsRef<State>(state);
        if (stepIndex <= series.Step || double.IsNaN(value))
        {
            throw new InvalidOperationException($"step {stepIndex} after {series.Step}, value {value}");
        }

        series.Step = stepIndex;
        series.Count++;
        series.Hash = unchecked((BitOperations.RotateLeft(series.Hash ^ (ulong)BitConverter.DoubleToInt64Bits(value), 27) * 0x9E3779B97F4A7C15) + (ulong)stepIndex);
        series.Hash ^= series.Hash >> 32;
        var up = (series.Hash >> 12) * (20.0 / (1L << 52));
        return new PointScore(up, up, 0);
    }

    public Expectation Expect(ReadOnlySpan<byte> state, long stepIndex)
    {
        var series = MemoryMarshal.Read<State>(state);
        return new Expectation(series.Count, series.Hash % 100);
    }

    [StructLayout(LayoutKind.Sequential, Pack = 4)]
    private struct State
    {
        public long Step;
        public int Count;
        public ulong Hash;
    }
}
