using TokenStream.Windowing;

namespace TokenStream.Detection.Series;

/// <summary>Takes a point that was scored; the probe is valid only during the call.</summary>
internal delegate void PointTaker(in ScoredPoint point, IPointProbe probe);

/// <summary>
/// Every series of a rollups partition: its place, its measure, and its detector's state, which lies in an arena. A count's series begins with
/// its first value above zero and gets a point each minute from then on; a series that was quiet for eight days is dropped, since its
/// detector remembers nothing else by then. Where there is no room, the least active places leave.
/// </summary>
internal sealed class SeriesTable : IPointProbe
{
    /// <summary>How many measures there are.</summary>
    public const int Measures = (int)SeriesMeasure.TtftP95 + 1;

    /// <summary>More series and places than any limit allows: a damaged snapshot cannot ask for memory.</summary>
    public const uint MostNumbers = 1 << 24;

    /// <summary>A series without anything for so long is dropped.</summary>
    public const long IdleMs = 8 * 86_400_000L;

    private readonly int _limit;
    private readonly ISeriesDetector[] _detectors;
    private readonly StateArena[] _arenas;
    private readonly PriorityQueue<int, int> _free = new();
    private readonly List<int> _dropped = [];
    private readonly byte[] _before;
    private readonly byte[] _probed;
    private OneSeries[] _series = [];
    private int _high;
    private SeriesMeasure _probing;
    private long _probingStep;

    /// <param name="limit">Most series.</param>
    /// <param name="detectors">The detector of each measure; measures may share one.</param>
    public SeriesTable(int limit, Func<SeriesMeasure, ISeriesDetector> detectors)
        : this(limit, detectors, new PlaceTable())
    {
    }

    private SeriesTable(int limit, Func<SeriesMeasure, ISeriesDetector> detectors, PlaceTable places)
    {
        (_limit, Places) = (limit, places);
        _detectors = [.. Enumerable.Range(0, Measures).Select(measure => detectors((SeriesMeasure)measure))];
        var arenas = _detectors.Distinct().ToDictionary(detector => detector, detector => new StateArena(detector.StateBytes));
        _arenas = [.. _detectors.Select(detector => arenas[detector])];
        var longest = _detectors.Max(detector => detector.StateBytes);
        (_before, _probed) = (new byte[longest], new byte[longest]);
    }

    public PlaceTable Places { get; }

    public int Count => _high - _free.Count;

    /// <summary>One above the highest number in use.</summary>
    public int High => _high;

    /// <summary>Series that left for lack of room.</summary>
    public long Evicted { get; private set; }

    /// <summary>Series that found no room, counted each minute.</summary>
    public long Refused { get; private set; }

    /// <summary>Series that left after eight days without anything.</summary>
    public long Idle { get; private set; }

    /// <summary>Bytes of states.</summary>
    public long StateBytes => _arenas.Distinct().Sum(arena => arena.Bytes);

    public DetectorOfMeasure DetectorOf(SeriesMeasure measure) => new(_detectors[(int)measure].Name, _detectors[(int)measure].Version);

    /// <summary>Adds up a minute, and makes the series that begin with it; hands over the numbers of those that had to leave.</summary>
    public void Fill(MinuteUsage? usage, long minuteMs, Action<int> dropped)
    {
        Places.Fill(usage, minuteMs);
        var wanting = new List<int>();
        var wanted = 0;
        var best = double.NegativeInfinity;
        foreach (var number in Places.Touched)
        {
            if (Wanted(number, minuteMs) is > 0 and var more)
            {
                wanting.Add(number);
                wanted += more;
                best = Math.Max(best, Places[number].Rank);
            }
        }

        if (Count + wanted > _limit)
        {
            MakeRoom(Count + wanted - _limit, best, dropped);
            wanting.Sort((a, b) => Places[b].Rank.CompareTo(Places[a].Rank) is not 0 and var order ? order : a.CompareTo(b));
        }

        foreach (var number in wanting)
        {
            Begin(number, minuteMs);
        }
    }

    /// <summary>Scores every series' point of the minute that was filled last, in the order of their numbers.</summary>
    public void Score(long minuteMs, PointTaker take, Action<int> dropped)
    {
        var step = minuteMs / MinuteBook.MinuteMs;
        for (var number = 0; number < _high; number++)
        {
            ref var series = ref _series[number];
            if (!series.IsUsed)
            {
                continue;
            }

            ref var place = ref Places[series.Place];
            var measure = series.Measure;
            var isMissing = place.Tenant.IsMissing;
            var value = isMissing ? double.NaN : Places.Value(series.Place, measure, minuteMs);
            var (score, expected) = (PointScore.None, Expectation.Unknown);
            (_probing, _probingStep) = (measure, step);
            if (!double.IsNaN(value))
            {
                var detector = _detectors[(int)measure];
                var state = _arenas[(int)measure][series.Slot];
                state.CopyTo(_before);
                expected = detector.Expect(state, step);
                score = detector.Score(state, step, value);
                series.LastMs = value > 0 || !measure.IsCount() ? minuteMs : series.LastMs;
            }

            var isTouched = place.MinuteMs == minuteMs;
            var requests = isMissing ? double.NaN : isTouched ? Math.Max(0, Places.Sums(series.Place).Requests) : 0;
            var costPerUnit = place.Prices.CostPerUnit(measure, isTouched ? Places.Sums(series.Place) : default);
            take(new ScoredPoint(number, place.Path, measure, minuteMs, value, score, expected, costPerUnit, requests), this);
            if (minuteMs - series.LastMs > IdleMs)
            {
                _dropped.Add(number);
            }
        }

        Idle += _dropped.Count;
        foreach (var number in _dropped)
        {
            Drop(number, dropped);
        }

        _dropped.Clear();

        // Places whose series found no room.
        foreach (var number in Places.Touched)
        {
            if (Places[number] is { Path: not null, Series: 0 })
            {
                Places.Remove(number);
            }
        }
    }

    /// <summary>Drops everything: nothing was seen for so long that nothing is remembered.</summary>
    public void Clear(Action<int> dropped)
    {
        Idle += Count;
        for (var number = 0; number < _high; number++)
        {
            if (_series[number].IsUsed)
            {
                Drop(number, dropped);
            }
        }
    }

    PointScore IPointProbe.Score(double value)
    {
        var detector = _detectors[(int)_probing];
        var state = _probed.AsSpan(0, detector.StateBytes);
        _before.AsSpan(0, detector.StateBytes).CopyTo(state);
        return detector.Score(state, _probingStep, value);
    }

    /// <summary>Writes one series, if the number is in use.</summary>
    public void WriteSeries(int number, BlockBuffer to)
    {
        ref var series = ref _series[number];
        if (series.IsUsed)
        {
            to.Signed(number);
            to.Signed(series.Place);
            to.Byte((byte)series.Measure);
            to.Signed(series.LastMs);
            var state = _arenas[(int)series.Measure][series.Slot];
            to.Unsigned((UInt128)state.Length);
            to.Bytes(state);
        }
    }

    /// <summary>Whether a series has this number.</summary>
    public bool IsUsed(int number) => _series[number].IsUsed;

    public void WriteHead(BlockBuffer to)
    {
        to.Unsigned(Measures);
        foreach (var detector in _detectors)
        {
            to.Text(detector.Name);
            to.Signed(detector.Version);
        }

        Places.Write(to);
    }

    public static SeriesTable ReadHead(ref BlockReader from, int limit, Func<SeriesMeasure, ISeriesDetector> detectors)
    {
        if (from.Unsigned() != Measures)
        {
            throw new FormatException("measures that this version does not have");
        }

        var written = new DetectorOfMeasure[Measures];
        for (var i = 0; i < Measures; i++)
        {
            written[i] = new DetectorOfMeasure(from.Text(), checked((int)from.Long()));
        }

        return new SeriesTable(limit, detectors, PlaceTable.Read(ref from)) { _written = written };
    }

    private DetectorOfMeasure[] _written = [];

    /// <summary>
    /// Reads a series that was written. Where another detector, or another version of it, scores its measure now, the series begins cold: its
    /// state means nothing to the new one.
    /// </summary>
    public void ReadSeries(ref BlockReader from)
    {
        var (number, place, measure, lastMs) = (checked((int)from.Long()), checked((int)from.Long()), (SeriesMeasure)from.Byte(), from.Long());
        var state = from.TextBytes();
        if ((uint)place >= (uint)Places.High || Places[place].Path is null || (int)measure >= Measures ||
            (uint)number >= MostNumbers || (number < _high && _series[number].IsUsed))
        {
            throw new FormatException("a series of a place or measure that the snapshot does not have");
        }

        var slot = Put(number, place, measure, lastMs);
        var detector = _detectors[(int)measure];
        if (_written[(int)measure] == DetectorOf(measure) && state.Length == detector.StateBytes)
        {
            state.CopyTo(slot);
        }
        else
        {
            detector.Start(slot);
        }
    }

    /// <summary>All series were read: what is left of the numbers is free, and places without series are forgotten.</summary>
    public void EndRead()
    {
        for (var number = 0; number < _high; number++)
        {
            if (!_series[number].IsUsed)
            {
                _free.Enqueue(number, number);
            }
        }
    }

    /// <summary>How many series begin at a place with this minute.</summary>
    private int Wanted(int number, long minuteMs)
    {
        var wanted = 0;
        for (var measure = SeriesMeasure.Cost; (int)measure < Measures; measure++)
        {
            wanted += IsWanted(number, measure, minuteMs) ? 1 : 0;
        }

        return wanted;
    }

    private bool IsWanted(int number, SeriesMeasure measure, long minuteMs)
    {
        if (Places[number].Numbers[(int)measure] != 0 || !Places.Has(number, measure))
        {
            return false;
        }

        var value = Places.Value(number, measure, minuteMs);
        return measure.IsCount() ? value > 0 : !double.IsNaN(value);
    }

    private void Begin(int place, long minuteMs)
    {
        for (var measure = SeriesMeasure.Cost; (int)measure < Measures; measure++)
        {
            if (!IsWanted(place, measure, minuteMs))
            {
                continue;
            }

            if (Count >= _limit)
            {
                Refused++;
                continue;
            }

            var number = _free.TryDequeue(out var free, out _) ? free : _high;
            _detectors[(int)measure].Start(Put(number, place, measure, minuteMs));
        }
    }

    /// <summary>Makes a series; its state's bytes are whatever they were.</summary>
    private Span<byte> Put(int number, int place, SeriesMeasure measure, long lastMs)
    {
        while (number >= _series.Length)
        {
            Array.Resize(ref _series, Math.Max(256, _series.Length * 2));
        }

        _high = Math.Max(_high, number + 1);
        var slot = _arenas[(int)measure].Take();
        _series[number] = new OneSeries { IsUsed = true, Place = place, Measure = measure, Slot = slot, LastMs = lastMs };
        Places[place].Numbers[(int)measure] = number + 1;
        Places[place].Series++;
        return _arenas[(int)measure][slot];
    }

    private void Drop(int number, Action<int> dropped)
    {
        ref var series = ref _series[number];
        _arenas[(int)series.Measure].Give(series.Slot);
        ref var place = ref Places[series.Place];
        place.Numbers[(int)series.Measure] = 0;
        if (--place.Series == 0)
        {
            Places.Remove(series.Place);
        }

        series = default;
        _free.Enqueue(number, number);
        dropped(number);
    }

    /// <summary>
    /// Drops the least active places, but none that is more active than whoever asks for the room; some more than is asked for, so that a flood
    /// of new places does not sort the table for each.
    /// </summary>
    private void MakeRoom(int needed, double best, Action<int> dropped)
    {
        var leaving = Enumerable.Range(0, Places.High)
            .Where(number => Places[number] is { Path: not null, Series: > 0 } && Places[number].Rank < best)
            .ToArray();
        Array.Sort(leaving, (a, b) => Places[a].Rank.CompareTo(Places[b].Rank) is not 0 and var order ? order : a.CompareTo(b));
        var left = Math.Max(needed, _limit / 64);
        foreach (var place in leaving)
        {
            if (left <= 0)
            {
                break;
            }

            for (var measure = 0; measure < Measures && Places[place].Path is not null; measure++)
            {
                if (Places[place].Numbers[measure] is > 0 and var number)
                {
                    Drop(number - 1, dropped);
                    Evicted++;
                    left--;
                }
            }
        }
    }

    private struct OneSeries
    {
        public bool IsUsed;
        public SeriesMeasure Measure;
        public int Place;
        public int Slot;
        public long LastMs;
    }
}
