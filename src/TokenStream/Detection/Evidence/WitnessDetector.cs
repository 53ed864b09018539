using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace TokenStream.Detection.Evidence;

/// <summary>
/// <see cref="EvidenceDetector"/> with longer eyes, for steps shorter than five minutes: its tails are fitted to more of the series'
/// values, so
/// that they are learnt sooner and hold better, and two witnesses may speak alone. One is the sum of five minutes against level and
/// season, for
/// what is spread over minutes; the other the improbability of a run of nearly empty minutes, for outages. The sum of three parts that
/// usually
/// say the same thing is hardly rarer than one of them, so a witness alone weighs as much as three or more of them together. For longer
/// steps,
/// where there was nothing to choose constants on, it is the same as <see cref="EvidenceDetector"/>.
/// </summary>
public sealed class WitnessDetector : ISeriesDetector
{
    public const string DetectorName = "witness";

    private const int LongSeconds = 300;
    private const double LongTailShare = 0.05;
    private const double ExcessWeight = 3;
    private const double OutageWeight = 3.5;
    private const double LowShare = 0.2;

    private readonly EvidenceDetector _evidence;
    private readonly int _longPoints;
    private readonly int _learnFrom;
    private readonly int _speakFrom;

    public WitnessDetector(int stepSeconds)
    {
        var isShort = stepSeconds < LongSeconds;
        _evidence = new EvidenceDetector(stepSeconds, isShort ? LongTailShare : EvidenceDetector.TailShare, exactSeason: false);
        _longPoints = isShort ? Math.Clamp(LongSeconds / stepSeconds, 2, EvidenceState.Short - 1) : 0;
        _learnFrom = Math.Max(EvidenceDetector.LevelFrom + _longPoints, DayClock.SecondsPerDay / stepSeconds / 2);

        // Without a season the morning of the first day is an excess of every five minutes over the hour before.
        _speakFrom = DayClock.SecondsPerDay / stepSeconds;
    }

    public string Name => DetectorName;

    public int Version => 1;

    public int StateBytes => _evidence.StateBytes + (_longPoints > 0 ? Unsafe.SizeOf<WitnessState>() : 0);

    public void Start(Span<byte> state)
    {
        state.Clear();
        _evidence.Start(state[.._evidence.StateBytes]);
    }

    public Expectation Expect(ReadOnlySpan<byte> state, long stepIndex) => _evidence.Expect(state[.._evidence.StateBytes], stepIndex);

    public PointScore Score(Span<byte> state, long stepIndex, double value)
    {
        var shared = state[.._evidence.StateBytes];
        ref var known = ref MemoryMarshal.AsRef<EvidenceState>(shared);
        var seen = known.Seen;
        var score = _evidence.Score(shared, stepIndex, value);
        if (_longPoints == 0 || known.Seen == seen)
        {
            return score;
        }

        ref var own = ref MemoryMarshal.AsRef<WitnessState>(state[_evidence.StateBytes..]);
        var low = LowRunOf(ref own, in known);
        if (known.Seen <= _learnFrom || known.Levels.Count <= _longPoints)
        {
            return score;
        }

        // Levels already hold the one after the newest point, so that before the first is one further back.
        var before = _longPoints + 1;
        var excess = own.LongExcessTail.Take(EvidenceDetector.Beyond(in known, _longPoints, before, 1), LongTailShare, speaksFirst: true);
        var shortfall =
            own.LongShortfallTail.Take(EvidenceDetector.Beyond(in known, _longPoints, before, -1), LongTailShare, speaksFirst: true);
        if (known.Seen <= _speakFrom)
        {
            return score;
        }

        var up = Math.Max(score.Up, ExcessWeight * excess);
        var down = Math.Max(score.Down, OutageWeight * Math.Min(shortfall, low));
        return new PointScore(Math.Max(up, down), up, down);
    }

    private static double LowRunOf(ref WitnessState own, in EvidenceState known)
    {
        if (known.Values.Count < 2)
        {
            own.Low.Break();
            return 0;
        }

        var expected = known.Levels.Back(2);
        if (!double.IsNaN(known.Season))
        {
            expected = Math.Min(expected, known.Season);
        }

        return own.Low.Take(known.Values.Back(1) <= LowShare * expected);
    }
}
