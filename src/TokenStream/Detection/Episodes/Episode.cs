using TokenStream.Windowing;

namespace TokenStream.Detection.Episodes;

/// <summary>A series that has left what was expected of it, from the first minute over the threshold until it is quiet again.</summary>
internal sealed class Episode
{
    /// <summary>Two minutes over the threshold open an episode where both lie within three.</summary>
    public const long PairMs = 2 * MinuteMs;

    public const long MinuteMs = 60_000;

    /// <summary>Of the rate: long enough to smooth a burst, short enough to follow a runaway.</summary>
    private const int RateMinutes = 10;

    /// <summary>A shortfall of which this much came late was none.</summary>
    private const double FilledShare = 0.8;

    private readonly double[] _recentCost = new double[RateMinutes];
    private readonly double[] _recentAffected = new double[RateMinutes];

    public Episode(int series, SeriesPath path, SeriesMeasure measure, double threshold, in OpeningPoint opening)
    {
        (Series, Path, Measure, Threshold) = (series, path, measure, threshold);
        (Direction, OpenedMs, Expected, Interval) = (opening.Direction, opening.MinuteMs, opening.Expected, opening.Interval);
        (LastSeenMs, LastValueMs, PeakScore) = (OpenedMs, OpenedMs, double.NegativeInfinity);
        Take(opening.MinuteMs, opening.Score, opening.Value, opening.CostPerUnit, opening.Requests);
    }

    private Episode(int series, SeriesPath path, SeriesMeasure measure) => (Series, Path, Measure) = (series, path, measure);

    public int Series { get; }

    public SeriesPath Path { get; }

    public SeriesMeasure Measure { get; }

    public AnomalyDirection Direction { get; private init; }

    public double Threshold { get; private init; }

    public long OpenedMs { get; private init; }

    /// <summary>Frozen: what lasts does not become its own baseline.</summary>
    public double Expected { get; private init; }

    public ValueInterval Interval { get; private init; }

    public long LastSeenMs { get; private set; }

    public long LastValueMs { get; private set; }

    public long PeakMs { get; private set; }

    public double PeakScore { get; private set; }

    public double PeakValue { get; private set; }

    /// <summary>Minutes that belong to it.</summary>
    public int Minutes { get; private set; }

    /// <summary>Minutes with a value since the last one that belonged to it.</summary>
    public int Quiet { get; private set; }

    /// <summary>Value less expected over the minutes that belong to it; NaN where nothing was expected.</summary>
    public double Excess { get; private set; }

    public double ExpectedSum { get; private set; }

    /// <summary>What the excess costs, picodollars; money of an estimate, and so a double.</summary>
    public double Cost { get; private set; }

    /// <summary>Requests that are missing, or were hit.</summary>
    public double Affected { get; private set; }

    public double LastCostPerUnit { get; private set; }

    public AnomalyEnd? End { get; set; }

    public long? EndedMs { get; set; }

    public string? Note { get; set; }

    public string Id => AnomalyId.Of("", Path, Measure, OpenedMs);

    /// <summary>Which way trouble goes: a cache share that falls and a cost that rises are one incident.</summary>
    public AnomalyDirection Pull => Measure == SeriesMeasure.CacheShare ? Opposite(Direction) : Direction;

    /// <summary>Nobody is called because something became cheaper, faster or better.</summary>
    public bool IsImprovement => Measure switch
    {
        SeriesMeasure.CacheShare => Direction == AnomalyDirection.Up,
        SeriesMeasure.Errors or SeriesMeasure.ErrorShare or SeriesMeasure.CostPerRequest or SeriesMeasure.LatencyP95 or
            SeriesMeasure.TtftP95 => Direction == AnomalyDirection.Down,
        _ => false,
    };

    public double CostPerHour => PerHour(_recentCost);

    public double AffectedPerHour => PerHour(_recentAffected);

    /// <summary>The next point of the series; a missing one changes nothing.</summary>
    public void Add(in ScoredPoint point, EpisodeOptions options)
    {
        if (double.IsNaN(point.Value) || End is not null)
        {
            return;
        }

        LastValueMs = point.MinuteMs;
        var score = Score(point);
        if (score >= Threshold / 2 || IsOutside(point.Value))
        {
            Quiet = 0;
            Take(point.MinuteMs, score, point.Value, point.CostPerUnit, point.Requests);
            End = point.MinuteMs - OpenedMs >= options.FrozenMinutes * MinuteMs ? AnomalyEnd.Shift : null;
        }
        else if (++Quiet >= options.QuietMinutes)
        {
            End = AnomalyEnd.Quiet;
        }
    }

    /// <summary>A correction of a minute that was scored before.</summary>
    public void Correct(long minuteMs, double change)
    {
        var isOfIt = End is null && minuteMs >= OpenedMs && minuteMs <= LastSeenMs;
        if (!isOfIt || !Measure.IsCount() || !double.IsFinite(change) || double.IsNaN(Expected))
        {
            return;
        }

        Excess += change;
        Cost += change * LastCostPerUnit;
        Affected -= Direction == AnomalyDirection.Down && Measure == SeriesMeasure.Requests ? change : 0;
        if (Direction == AnomalyDirection.Down && -Excess <= (1 - FilledShare) * ExpectedSum)
        {
            End = AnomalyEnd.LateData;
        }
    }

    public void Write(BlockBuffer to)
    {
        to.Signed(Series);
        to.Path(Path);
        to.Byte((byte)Measure);
        to.Byte((byte)Direction);
        foreach (var number in (ReadOnlySpan<double>)[
            Threshold, Expected, Interval.Lower, Interval.Upper, PeakScore, PeakValue, Excess, ExpectedSum, Cost, Affected, LastCostPerUnit,
            .. _recentCost, .. _recentAffected,
        ])
        {
            to.Double(number);
        }

        foreach (var number in (ReadOnlySpan<long>)
            [OpenedMs, LastSeenMs, LastValueMs, PeakMs, Minutes, Quiet, End is { } end ? (long)end : -1, EndedMs ?? -1])
        {
            to.Signed(number);
        }

        to.OptionalText(Note);
    }

    public static Episode Read(ref BlockReader from)
    {
        var (series, path, measure, direction) = (from.Int(), from.Path(), from.Measure(), (AnomalyDirection)from.Byte());
        var (threshold, expected, interval) = (from.Double(), from.Double(), new ValueInterval(from.Double(), from.Double()));
        var (peakScore, peakValue, excess, expectedSum) = (from.Double(), from.Double(), from.Double(), from.Double());
        var (cost, affected, costPerUnit) = (from.Double(), from.Double(), from.Double());
        Span<double> recent = stackalloc double[2 * RateMinutes];
        for (var i = 0; i < recent.Length; i++)
        {
            recent[i] = from.Double();
        }

        var episode = new Episode(series, path, measure)
        {
            Direction = direction, Threshold = threshold, Expected = expected, Interval = interval, PeakScore = peakScore,
            PeakValue = peakValue, Excess = excess, ExpectedSum = expectedSum, Cost = cost, Affected = affected,
            LastCostPerUnit = costPerUnit, OpenedMs = from.Long(), LastSeenMs = from.Long(), LastValueMs = from.Long(),
            PeakMs = from.Long(), Minutes = from.Int(), Quiet = from.Int(),
            End = from.Long() is >= 0 and var end ? (AnomalyEnd)end : null,
            EndedMs = from.Long() is >= 0 and var ended ? ended : null,
            Note = from.OptionalText(),
        };
        recent[..RateMinutes].CopyTo(episode._recentCost);
        recent[RateMinutes..].CopyTo(episode._recentAffected);
        return episode;
    }

    private static AnomalyDirection Opposite(AnomalyDirection direction) =>
        direction == AnomalyDirection.Up ? AnomalyDirection.Down : AnomalyDirection.Up;

    /// <summary>The score in the episode's direction; none for a value that is back, since coming back is strange, too.</summary>
    private double Score(in ScoredPoint point) => Direction == AnomalyDirection.Up
        ? point.Value <= Expected ? 0 : point.Score.Up
        : point.Value >= Expected ? 0 : point.Score.Down;

    private bool IsOutside(double value) => Direction == AnomalyDirection.Up ? value > Interval.Upper : value < Interval.Lower;

    private void Take(long minuteMs, double score, double value, double costPerUnit, double requests)
    {
        Forget(minuteMs);
        LastSeenMs = minuteMs;
        Minutes++;
        // A failure puts the money of its request at risk; whether it was spent is said by the cost.
        var isSpent = double.IsFinite(costPerUnit) && Measure is not (SeriesMeasure.Errors or SeriesMeasure.ErrorShare);
        LastCostPerUnit = isSpent ? costPerUnit : 0;
        if (score > PeakScore)
        {
            (PeakScore, PeakMs, PeakValue) = (score, minuteMs, value);
        }

        var excess = value - Expected;
        var cost = double.IsNaN(excess) ? 0 : excess * LastCostPerUnit;
        var affected = Hit(excess, double.IsNaN(requests) ? 0 : requests);
        Excess += excess;
        ExpectedSum += Expected;
        Cost += cost;
        Affected += affected;
        _recentCost[Slot(minuteMs)] = cost;
        _recentAffected[Slot(minuteMs)] = affected;
    }

    /// <summary>Requests that are missing, that failed beyond expectation, or that were made while something was wrong with them.</summary>
    private double Hit(double excess, double requests) => Measure switch
    {
        SeriesMeasure.Requests when Direction == AnomalyDirection.Down => double.IsNaN(excess) ? 0 : -excess,
        SeriesMeasure.Errors => double.IsNaN(excess) ? 0 : Math.Max(0, excess),
        SeriesMeasure.ErrorShare => double.IsNaN(excess) ? 0 : Math.Max(0, excess * requests),
        _ => requests,
    };

    /// <summary>Minutes since the last one that belonged, at most all that are kept, have cost nothing.</summary>
    private void Forget(long minuteMs)
    {
        var kept = minuteMs - ((RateMinutes - 1) * MinuteMs);
        for (var between = Math.Max(LastSeenMs + MinuteMs, kept); between <= minuteMs; between += MinuteMs)
        {
            _recentCost[Slot(between)] = 0;
            _recentAffected[Slot(between)] = 0;
        }
    }

    private double PerHour(double[] minutes)
    {
        var sum = 0.0;
        foreach (var minute in minutes)
        {
            sum += minute;
        }

        return sum * 60 / Math.Min(RateMinutes, ((LastSeenMs - OpenedMs) / MinuteMs) + 1);
    }

    private static int Slot(long minuteMs) => (int)((ulong)minuteMs / (ulong)MinuteMs % RateMinutes);
}
