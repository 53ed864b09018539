using TokenStream.Windowing;

namespace TokenStream.Detection.Silence;

/// <summary>A tenant or a gateway: its last two hours by the minute, what is expected of it, and the silence that is open.</summary>
internal sealed class SilencePlace
{
    public const long MinuteMs = ExpectedRate.MinuteMs;

    private const long HourMs = 60 * MinuteMs;
    private const int RingMinutes = 128;

    /// <summary>Dispersions are learnt of minutes of an hour ago: by then corrections have come.</summary>
    private const int LearnLag = 60;

    /// <summary>Of what was expected; below it a place is silent while no day is known to compare with.</summary>
    private const double SilentShareOfFirstDay = 0.05;

    /// <summary>How many times worse than any run of quiet minutes it has to be.</summary>
    private const double Times = 2.5;
    private const double TimesOfFirstDay = 4;

    /// <summary>Between minutes, money and blocked requests are remembered so long.</summary>
    private const double MoneyFade = 0.99951876;
    private const double BlockedFade = 0.8;
    private const double BlockedShare = 0.01;

    private readonly SilenceOptions _options;
    private readonly int[] _counts = new int[RingMinutes];
    private readonly float[] _rates = new float[RingMinutes];
    private readonly ExpectedRate _expected;
    private readonly QuietRecord _record;

    private long _firstMs;
    private long _minuteMs = -1;
    private double _cost;
    private double _events;
    private double _blocked;

    public SilencePlace(SilenceOptions options, SeriesPath path, long minuteMs)
        : this(options, path, new ExpectedRate(), new QuietRecord(), new ClockDrift(options)) => (_firstMs, LastEventMs) = (minuteMs, minuteMs);

    private SilencePlace(SilenceOptions options, SeriesPath path, ExpectedRate expected, QuietRecord record, ClockDrift drift)
    {
        (_options, Path, _expected, _record, Drift) = (options, path, expected, record, drift);
        Array.Fill(_counts, -1);
        Array.Fill(_rates, float.NaN);
    }

    public SeriesPath Path { get; }

    public double Probability => _options.Probability;

    public double DriftShare => _options.DriftShare;

    public long LastEventMs { get; private set; }

    public OpenSilence? Open { get; private set; }

    public ClockDrift Drift { get; }

    /// <summary>Picodollars an event, of the last day or so.</summary>
    public double CostOfEvent => _events > 0 ? _cost / _events : 0;

    /// <summary>A command of ours turned requests away in the last minutes.</summary>
    public bool IsBlocked => _blocked > BlockedShare * Math.Max(1, _expected.LevelEvents / (12 * ExpectedRate.BlockMinutes));

    /// <summary>Takes a minute: it opens a silence, or one that was open ends and is given back.</summary>
    /// <param name="events">-1 where the minute is missing.</param>
    public OpenSilence? Take(long minuteMs, long events, long blocked, double cost)
    {
        Pass(minuteMs);
        Remember(minuteMs, events, blocked, cost);
        var rate = (float)_expected.Rate;
        var index = Index(minuteMs);
        _counts[index] = (int)Math.Min(events, int.MaxValue);
        if (Open is { } open)
        {
            // Of the minutes of a silence nothing is learnt.
            _rates[index] = float.NaN;
            open.Take(minuteMs, events, double.IsNaN(rate) ? 0 : rate);
            return End(open, minuteMs);
        }

        _rates[index] = float.IsNaN(rate) ? -1 : rate;
        if (events >= 0 && !float.IsNaN(rate))
        {
            _record.Follow(rate, events);
        }

        LearnLengths(minuteMs);
        TryOpen(minuteMs);
        return null;
    }

    /// <summary>Adds events that came after their minute was taken.</summary>
    public void Correct(long minuteMs, long events)
    {
        if (minuteMs > _minuteMs)
        {
            return;
        }

        var isInRing = minuteMs > _minuteMs - (RingMinutes * MinuteMs);
        if (isInRing && _counts[Index(minuteMs)] >= 0)
        {
            ref var count = ref _counts[Index(minuteMs)];
            count = (int)Math.Clamp(count + events, 0, int.MaxValue);
        }

        if (minuteMs / HourMs < _minuteMs / HourMs)
        {
            _expected.Correct(minuteMs, events);
        }

        Open?.Correct(minuteMs, events);
        LastEventMs = events > 0 ? Math.Max(LastEventMs, minuteMs) : LastEventMs;
    }

    /// <summary>Ends the hours and blocks between the last minute and this one.</summary>
    private void Pass(long minuteMs)
    {
        if (_minuteMs < 0)
        {
            _expected.BeginHour(minuteMs);
            _minuteMs = minuteMs;
            return;
        }

        for (var between = _minuteMs + MinuteMs; between < minuteMs && between - _minuteMs <= RingMinutes * MinuteMs; between += MinuteMs)
        {
            _counts[Index(between)] = -1;
        }

        if (minuteMs / HourMs != _minuteMs / HourMs)
        {
            var (events, minutes) = Sum(_minuteMs, 60, isWithSilences: true);
            _expected.EndHour(_minuteMs, events, minutes);
            _expected.BeginHour(minuteMs);
        }

        if (minuteMs / (ExpectedRate.BlockMinutes * MinuteMs) != _minuteMs / (ExpectedRate.BlockMinutes * MinuteMs) && Open is null)
        {
            TakeLevel(minuteMs - MinuteMs);
        }

        _minuteMs = minuteMs;
    }

    private void TakeLevel(long lastMs)
    {
        Span<double> blocks = stackalloc double[12];
        for (var i = 0; i < blocks.Length; i++)
        {
            var (events, minutes) = Sum(lastMs - (i * ExpectedRate.BlockMinutes * MinuteMs), ExpectedRate.BlockMinutes, isWithSilences: false);
            blocks[i] = minutes >= ExpectedRate.BlockMinutes / 2 ? events * ExpectedRate.BlockMinutes / minutes : double.NaN;
        }

        _expected.TakeLevel(blocks);
    }

    /// <summary>
    /// Events of the known minutes of the last ones or, with silences, of their hour. A season is a median of days, which one outage does not
    /// move; and if what was a silence is what every night is like, the season has to know. A level is not taken from silences.
    /// </summary>
    private (double Events, int Minutes) Sum(long lastMs, int minutes, bool isWithSilences)
    {
        var (events, known) = (0.0, 0);
        for (var ms = lastMs; ms > lastMs - (minutes * MinuteMs) && ms >= _firstMs; ms -= MinuteMs)
        {
            var index = Index(ms);
            var isCounted = isWithSilences ? ms / HourMs == lastMs / HourMs : !float.IsNaN(_rates[index]);
            if (_counts[index] >= 0 && isCounted)
            {
                events += _counts[index];
                known++;
            }
        }

        return (events, known);
    }

    private void Remember(long minuteMs, long events, long blocked, double cost)
    {
        if (events < 0)
        {
            return;
        }

        LastEventMs = events > 0 ? minuteMs : LastEventMs;
        (_cost, _events) = ((_cost * MoneyFade) + cost, (_events * MoneyFade) + events);
        _blocked = (_blocked * BlockedFade) + blocked;
    }

    private void LearnLengths(long minuteMs)
    {
        var (expected, seen, at) = (0.0, 0.0, minuteMs - (LearnLag * MinuteMs));
        var minutes = 0;
        for (var i = 0; i < QuietRecord.LengthCount; i++)
        {
            for (; minutes < QuietRecord.Lengths[i]; minutes++)
            {
                var ms = at - (minutes * MinuteMs);
                var index = Index(ms);
                if (ms < _firstMs || _counts[index] < 0 || !(_rates[index] >= 0))
                {
                    return;
                }

                expected += _rates[index];
                seen += _counts[index];
            }

            _record.Learn(i, expected, seen);
        }
    }

    private void TryOpen(long minuteMs)
    {
        var isFirstDay = double.IsNaN(_expected.Season);
        var silentShare = isFirstDay ? SilentShareOfFirstDay : QuietRecord.SilentShare;
        var (expected, seen, minutes, firstSilentMs) = (0.0, 0.0, 0, minuteMs);
        for (var i = 0; i < QuietRecord.LengthCount; i++)
        {
            for (; minutes < QuietRecord.Lengths[i]; minutes++)
            {
                var ms = minuteMs - (minutes * MinuteMs);
                var index = Index(ms);
                if (ms < _firstMs || _counts[index] < 0 || !(_rates[index] >= 0))
                {
                    return;
                }

                expected += _rates[index];
                seen += _counts[index];
                firstSilentMs = _counts[index] < QuietRecord.SilentShare * _rates[index] ? ms : firstSilentMs;
            }

            if (seen >= silentShare * expected || !_record.IsUnheardOf(isFirstDay ? TimesOfFirstDay : Times, expected - seen, expected / minutes))
            {
                continue;
            }

            var dispersion = _record.Dispersion(i) + (1 / (_expected.LevelEvents + 1));
            var score = -NegativeBinomial.Log10OfAtMost(seen, expected, dispersion);
            if (score > -Math.Log10(_options.Probability))
            {
                Begin(minuteMs, firstSilentMs, score);
                return;
            }
        }
    }

    private void Begin(long minuteMs, long firstSilentMs, double score)
    {
        Open = new OpenSilence(firstSilentMs, score, LastEventMs, IsBlocked);
        _record.BeginAlert();
        for (var ms = firstSilentMs; ms <= minuteMs; ms += MinuteMs)
        {
            var index = Index(ms);
            Open.Take(ms, _counts[index], _rates[index]);
            _rates[index] = float.NaN;
        }
    }

    private OpenSilence? End(OpenSilence open, long minuteMs)
    {
        if (open.IsLate)
        {
            open.End = AnomalyEnd.LateData;
            Believe(open.OpenedMs, minuteMs);
        }
        else if (open.IsBack)
        {
            open.End = AnomalyEnd.Quiet;
            _record.EndAlert(open.Expected - open.Seen, open.Expected / Math.Max(1, open.Minutes));
        }
        else if (minuteMs - open.OpenedMs >= _options.ShiftHours * 60 * MinuteMs)
        {
            open.End = AnomalyEnd.Shift;
            Believe(open.OpenedMs, minuteMs);
        }

        if (open.End is null)
        {
            return null;
        }

        open.EndedMs = minuteMs;
        Open = null;
        return open;
    }

    /// <summary>The minutes of a silence are as true as any other: what is usual is taken from them.</summary>
    private void Believe(long fromMs, long minuteMs)
    {
        for (var ms = Math.Max(fromMs, minuteMs - ((RingMinutes - 1) * MinuteMs)); ms <= minuteMs; ms += MinuteMs)
        {
            _rates[Index(ms)] = -1;
        }

        TakeLevel(minuteMs);
    }

    private static int Index(long minuteMs) => (int)(minuteMs / MinuteMs & (RingMinutes - 1));

    public void Write(BlockBuffer to)
    {
        to.Signed(_firstMs);
        to.Signed(_minuteMs);
        to.Signed(LastEventMs);
        to.Double(_cost);
        to.Double(_events);
        to.Double(_blocked);
        for (var i = 0; i < RingMinutes; i++)
        {
            to.Signed(_counts[i]);
            to.Signed(BitConverter.SingleToInt32Bits(_rates[i]));
        }

        _expected.Write(to);
        _record.Write(to);
        Drift.Write(to);
        to.Byte(Open is null ? (byte)0 : (byte)1);
        Open?.Write(to);
    }

    public static SilencePlace Read(ref BlockReader from, SilenceOptions options, SeriesPath path)
    {
        var (firstMs, minuteMs, lastEventMs) = (from.Long(), from.Long(), from.Long());
        var (cost, events, blocked) = (from.Double(), from.Double(), from.Double());
        var (counts, rates) = (new int[RingMinutes], new float[RingMinutes]);
        for (var i = 0; i < RingMinutes; i++)
        {
            (counts[i], rates[i]) = (checked((int)from.Long()), BitConverter.Int32BitsToSingle(checked((int)from.Long())));
        }

        var (expected, record, drift) = (ExpectedRate.Read(ref from), QuietRecord.Read(ref from), ClockDrift.Read(ref from, options));
        var place = new SilencePlace(options, path, expected, record, drift)
        {
            _firstMs = firstMs, _minuteMs = minuteMs, LastEventMs = lastEventMs, _cost = cost, _events = events, _blocked = blocked,
        };
        counts.CopyTo(place._counts, 0);
        rates.CopyTo(place._rates, 0);
        place.Open = from.Byte() == 0 ? null : OpenSilence.Read(ref from);
        return place;
    }
}
