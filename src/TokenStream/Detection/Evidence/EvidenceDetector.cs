using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace TokenStream.Detection.Evidence;

/// <summary>
/// Four features look at the newest point: how much the error of a short prediction widens, how far the point is from a level of an hour,
/// how
/// much it exceeds level and season, and how much the last three fall short of them. Each becomes evidence against the series' own past,
/// and
/// evidence in the same direction is added. Nothing is trained, no period is chosen, and a series times a constant scores the same.
/// </summary>
public sealed class EvidenceDetector : ISeriesDetector
{
    public const string DetectorName = "evidence";

    /// <summary>The threshold until enough of a fleet has been seen to calibrate one.</summary>
    public const double UncalibratedThreshold = 13;

    /// <summary>The share of the values of each feature that its tail is fitted to.</summary>
    internal const double TailShare = 0.02;

    private const int SlotsWanted = 144;
    private const double ZMost = 50;
    private const int LongestGap = 10;
    internal const int LevelFrom = 60;
    private const int ExcessPoints = 1;
    private const int ShortfallPoints = 3;
    private const double FloorShare = 0.2;
    private static readonly double LevelWeight = 1 - Math.Pow(0.5, 1d / 60);
    private static readonly double[] PredictionWeights = Weights();

    private readonly DayClock _clock;
    private readonly int _slots;
    private readonly int _seasonBytes;
    private readonly bool _exactSeason;
    private readonly double _tailShare;

    public EvidenceDetector(int stepSeconds)
        : this(stepSeconds, TailShare, exactSeason: false)
    {
    }

    /// <summary>With a season of doubles the state is four times as large, and the results are those of published vectors to the last
    /// digits.</summary>
    internal EvidenceDetector(int stepSeconds, bool exactSeason)
        : this(stepSeconds, TailShare, exactSeason)
    {
    }

    /// <param name="stepSeconds">The length of a step.</param>
    /// <param name="tailShare">The share of the values of each feature that its tail is fitted to.</param>
    /// <param name="exactSeason">Whether the season is kept as doubles.</param>
    internal EvidenceDetector(int stepSeconds, double tailShare, bool exactSeason)
    {
        _tailShare = tailShare;
        _clock = new DayClock(stepSeconds, SlotsWanted);
        _slots = _clock.Slots;
        _exactSeason = exactSeason;
        _seasonBytes = SeasonRing.BytesOf(_slots, exactSeason);
    }

    public string Name => DetectorName;

    public int Version => 1;

    public int StateBytes => Unsafe.SizeOf<EvidenceState>() + _seasonBytes;

    public void Start(Span<byte> state)
    {
        state.Clear();
        SeasonOf(state).Clear();
        StateOf(state).Season = double.NaN;
    }

    public PointScore Score(Span<byte> state, long stepIndex, double value) => Score(state, stepIndex, value, out _);

    public Expectation Expect(ReadOnlySpan<byte> state, long stepIndex)
    {
        ref readonly var known = ref MemoryMarshal.AsRef<EvidenceState>(state);
        if (known.Seen < EvidenceState.Short)
        {
            return Expectation.Unknown;
        }

        var season = known.Season;
        if (_clock.SlotOf(stepIndex) != known.Slot || stepIndex - known.Step > _clock.PointsPerDay / 2)
        {
            Span<byte> copy = stackalloc byte[StateBytes];
            state.CopyTo(copy);
            Advance(ref StateOf(copy), SeasonOf(copy), stepIndex);
            season = StateOf(copy).Season;
        }

        return double.IsNaN(season)
            ? new Expectation(known.Mean, known.Mean)
            : new Expectation(Math.Max(known.Mean, season), Math.Min(known.Mean, season));
    }

    /// <summary>Every feature sees the state from before its point, so the order of the steps matters.</summary>
    internal PointScore Score(Span<byte> bytes, long stepIndex, double value, out EvidenceParts parts)
    {
        ref var state = ref StateOf(bytes);
        parts = default;
        Advance(ref state, SeasonOf(bytes), stepIndex);
        if (!(Math.Abs(value) <= 1e100))
        {
            state.Missing++;
            return PointScore.None;
        }

        value = Math.Abs(value) < 1e-100 ? 0 : value;
        if (state.Missing > LongestGap)
        {
            state.Values.Clear();
            state.Errors.Clear();
            state.Levels.Clear();
        }

        state.Missing = 0;
        state.Seen++;
        state.SlotSum += value;
        state.SlotCount++;
        var fluctuation = Fluctuation(ref state, value);
        var level = Level(ref state, value);
        state.Values.Add(value);
        state.LongRun += Math.Max(1d / state.Seen, 1d / (5d * _clock.PointsPerDay)) * (value - state.LongRun);
        var excess = CanSum(in state, ExcessPoints)
            ? state.ExcessTail.Take(Beyond(in state, ExcessPoints, ExcessPoints, 1), _tailShare, speaksFirst: true)
            : 0;
        var shortfall = CanSum(in state, ShortfallPoints)
            ? state.ShortfallTail.Take(Beyond(in state, ShortfallPoints, ShortfallPoints, -1), _tailShare, speaksFirst: true)
            : 0;
        state.Levels.Add(state.Mean);
        parts = new EvidenceParts(fluctuation, level, excess, shortfall);
        return parts.Sum();
    }

    /// <summary>
    /// Moves a series on to a step: what lies between are missing points. After eight days without a point nothing is left of the season,
    /// so
    /// no gap takes longer than that.
    /// </summary>
    private void Advance(ref EvidenceState state, SeasonRing ring, long step)
    {
        if (state.HasStep == 0)
        {
            state.HasStep = 1;
            state.Step = step;
            state.Slot = (short)_clock.SlotOf(step);
            return;
        }

        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(step, state.Step);
        var between = step - state.Step - 1;
        state.Missing = (int)Math.Min(int.MaxValue / 2, state.Missing + between);
        if (between > (SeasonRing.Days + 1) * (long)_clock.PointsPerDay)
        {
            ring.Clear();
            state.Row = (byte)((state.Row + (_slots > 1 ? _clock.DaysBetween(state.Step, step) : 0)) % SeasonRing.Days);
            state.Step = step;
            Enter(ref state, _clock.SlotOf(step));
            state.Season = double.NaN;
            return;
        }

        var changed = false;
        while (state.Step < step)
        {
            var slot = _clock.SlotOf(++state.Step);
            if (slot != state.Slot)
            {
                ring.Store(state.Row, state.Slot, state.SlotCount > 0 ? state.SlotSum / state.SlotCount : double.NaN);
                state.Row = (byte)(slot < state.Slot ? (state.Row + 1) % SeasonRing.Days : state.Row);
                Enter(ref state, slot);
                changed = true;
            }
        }

        if (changed)
        {
            state.Season = ring.At(state.Row, state.Slot);
        }
    }

    private static void Enter(ref EvidenceState state, int slot)
    {
        state.Slot = (short)slot;
        state.SlotSum = 0;
        state.SlotCount = 0;
    }

    /// <summary>Evidence that errors of short predictions spread more with the newest one than without, with the error's sign.</summary>
    private double Fluctuation(ref EvidenceState state, double value)
    {
        if (!state.Values.IsFull)
        {
            return 0;
        }

        var predicted = 0d;
        var values = state.Values.Numbers;
        for (var i = 0; i < values.Length; i++)
        {
            predicted += PredictionWeights[i] * values[i];
        }

        var error = value - predicted;
        var evidence = 0d;
        if (state.Errors.IsFull)
        {
            Span<double> errors = stackalloc double[EvidenceState.Short + 1];
            state.Errors.Numbers.CopyTo(errors);
            errors[^1] = error;
            evidence = state.FluctuationTail.Take(Math.Max(0, Deviation(errors) - Deviation(errors[..^1])), _tailShare, speaksFirst: false);
        }

        state.Errors.Add(error);
        return error >= 0 ? evidence : -evidence;
    }

    /// <summary>Evidence that the value is far from the level of an hour, and the level learnt from it.</summary>
    private double Level(ref EvidenceState state, double value)
    {
        var distance = value - state.Mean;
        var evidence = 0d;
        if (state.Seen > LevelFrom)
        {
            var deviations = distance == 0 ? 0 : state.Variance > 0 ? distance / Math.Sqrt(state.Variance) : Math.CopySign(ZMost, distance);
            evidence = state.LevelTail.Take(Math.Min(Math.Abs(deviations), ZMost), _tailShare, speaksFirst: false);
        }

        var weight = Math.Max(LevelWeight, 1d / state.Seen);
        state.Mean += weight * distance;
        state.Variance = (1 - weight) * (state.Variance + (weight * distance * distance));
        return distance >= 0 ? evidence : -evidence;
    }

    /// <summary>Whether the newest points can be compared with the level before them: half an hour after half a day at the
    /// earliest.</summary>
    private bool CanSum(in EvidenceState state, int points) =>
        state.Seen > LevelFrom + points && state.Seen > _clock.PointsPerDay / 2 && state.Values.Count > points && state.Levels.Count >= points;

    /// <summary>How far the newest points together lie beyond level and season, in something like standard deviations of counts.</summary>
    /// <param name="state">The series.</param>
    /// <param name="points">How many points.</param>
    /// <param name="levelsBack">Which of the levels is that before the first of them.</param>
    /// <param name="sign">1 for what exceeds the larger of both, -1 for what falls short of the smaller.</param>
    internal static double Beyond(in EvidenceState state, int points, int levelsBack, int sign)
    {
        var sum = 0d;
        for (var back = points; back >= 1; back--)
        {
            sum += state.Values.Back(back);
        }

        var expected = state.Levels.Back(levelsBack);
        if (!double.IsNaN(state.Season))
        {
            expected = sign > 0 ? Math.Max(expected, state.Season) : Math.Min(expected, state.Season);
        }

        expected *= points;
        var spread = Math.Sqrt(Math.Abs(expected + (FloorShare * points * state.LongRun)));
        return spread == 0 ? 0 : Math.Max(0, sign * (sum - expected)) / spread;
    }

    private static double Deviation(ReadOnlySpan<double> numbers)
    {
        var sum = 0d;
        foreach (var number in numbers)
        {
            sum += number;
        }

        var mean = sum / numbers.Length;
        var squares = 0d;
        foreach (var number in numbers)
        {
            squares += (number - mean) * (number - mean);
        }

        return Math.Sqrt(squares / numbers.Length);
    }

    private static ref EvidenceState StateOf(Span<byte> state) => ref MemoryMarshal.AsRef<EvidenceState>(state);

    private SeasonRing SeasonOf(Span<byte> state) => new(state.Slice(Unsafe.SizeOf<EvidenceState>(), _seasonBytes), _slots, _exactSeason);

    private static double[] Weights()
    {
        var weights = new double[EvidenceState.Short];
        var sum = 0d;
        for (var i = weights.Length - 1; i >= 0; i--)
        {
            weights[i] = i == weights.Length - 1 ? 1 : weights[i + 1] * 0.7;
            sum += weights[i];
        }

        for (var i = 0; i < weights.Length; i++)
        {
            weights[i] /= sum;
        }

        return weights;
    }
}
