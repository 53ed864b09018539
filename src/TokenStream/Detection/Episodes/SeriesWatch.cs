using TokenStream.Windowing;

namespace TokenStream.Detection.Episodes;

/// <summary>
/// What is remembered of a series whose scores are not everyday ones: how high a threshold its present excursion would have crossed, for
/// the calibration, and the minute that may become an episode if another one follows. Quiet series have none.
/// </summary>
internal sealed class SeriesWatch(int series, SeriesMeasure measure, long startedMs)
{
    private RecentScores _up;
    private RecentScores _down;

    public int Series { get; } = series;

    public SeriesMeasure Measure { get; } = measure;

    /// <summary>The excursion's first minute; one that never ends is counted now and then.</summary>
    public long StartedMs { get; } = startedMs;

    /// <summary>The last minute whose score was worth counting.</summary>
    public long LastStrangeMs { get; set; }

    /// <summary>The highest threshold at which the excursion would have opened an episode.</summary>
    public double Level { get; private set; } = double.NegativeInfinity;

    public OpeningPoint? Candidate { get; set; }

    /// <summary>The episode that lasts.</summary>
    public Episode? Episode { get; set; }

    /// <summary>The alert of the excursion's last episode, null where it had none: confirming it takes the excursion out.</summary>
    public string? AlertId { get; set; }

    public bool IsConfirmed { get; set; }

    public void Raise(long minuteMs, double score, AnomalyDirection direction, double sure)
    {
        var second = direction == AnomalyDirection.Up ? _up.Add(minuteMs, score) : _down.Add(minuteMs, score);
        Level = Math.Max(Level, Math.Max(score - sure, second));
    }

    public void Write(BlockBuffer to)
    {
        to.Signed(Series);
        to.Byte((byte)Measure);
        to.Signed(StartedMs);
        to.Signed(LastStrangeMs);
        to.Double(Level);
        _up.Write(to);
        _down.Write(to);
        to.Byte(Candidate is null ? (byte)0 : (byte)1);
        Candidate?.Write(to);
        to.OptionalText(AlertId);
        to.Byte(IsConfirmed ? (byte)1 : (byte)0);
    }

    public static SeriesWatch Read(ref BlockReader from) => new(from.Int(), from.Measure(), from.Long())
    {
        LastStrangeMs = from.Long(),
        Level = from.Double(),
        _up = RecentScores.Read(ref from),
        _down = RecentScores.Read(ref from),
        Candidate = from.Byte() == 0 ? null : OpeningPoint.Read(ref from),
        AlertId = from.OptionalText(),
        IsConfirmed = from.Byte() != 0,
    };

    /// <summary>The scores of the last two minutes that had one worth counting.</summary>
    private struct RecentScores
    {
        private double _last;
        private long _lastMs;
        private double _before;
        private long _beforeMs;

        /// <summary>The second largest score of the three minutes that end here, if this one is among the two largest.</summary>
        public double Add(long minuteMs, double score)
        {
            var second = double.NegativeInfinity;
            second = Math.Max(second, minuteMs - _lastMs <= Episode.PairMs ? Math.Min(_last, score) : second);
            second = Math.Max(second, minuteMs - _beforeMs <= Episode.PairMs ? Math.Min(_before, score) : second);
            (_before, _beforeMs, _last, _lastMs) = (_last, _lastMs, score, minuteMs);
            return second;
        }

        public readonly void Write(BlockBuffer to)
        {
            to.Double(_last);
            to.Signed(_lastMs);
            to.Double(_before);
            to.Signed(_beforeMs);
        }

        public static RecentScores Read(ref BlockReader from) =>
            new() { _last = from.Double(), _lastMs = from.Long(), _before = from.Double(), _beforeMs = from.Long() };
    }
}

/// <summary>A minute over the threshold, which may be the first one of an episode.</summary>
internal readonly record struct OpeningPoint(
    AnomalyDirection Direction, long MinuteMs, double Score, double Value, double Expected, double CostPerUnit, double Requests,
    ValueInterval Interval)
{
    public void Write(BlockBuffer to)
    {
        to.Byte((byte)Direction);
        to.Signed(MinuteMs);
        foreach (var number in (ReadOnlySpan<double>)[Score, Value, Expected, CostPerUnit, Requests, Interval.Lower, Interval.Upper])
        {
            to.Double(number);
        }
    }

    public static OpeningPoint Read(ref BlockReader from) => new(
        (AnomalyDirection)from.Byte(), from.Long(), from.Double(), from.Double(), from.Double(), from.Double(), from.Double(),
        new ValueInterval(from.Double(), from.Double()));
}
