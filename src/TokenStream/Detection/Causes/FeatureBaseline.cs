using TokenStream.Windowing;

namespace TokenStream.Detection.Causes;

/// <summary>
/// What a feature of a tenant usually looks like. Its minutes wait a while before they are learnt; those of an open episode are not. What a
/// request is like fades with the minutes that had traffic, so that a quiet night forgets nothing; how much there is of it fades with time.
/// </summary>
internal sealed class FeatureBaseline
{
    public const long MinuteMs = 60_000;

    private const int Hours = 24;

    /// <summary>An hour of a day counts so much against the same hour of the days before.</summary>
    private const double HourWeight = 0.3;

    /// <summary>Below it a combination is forgotten; a baseline of fewer attempts is none.</summary>
    private const double LeastAttempts = 0.05;

    private readonly CauseOptions _options;
    private readonly double _fade;
    private readonly List<CauseCell> _recent = [];
    private readonly List<CauseCell> _usual = [];
    private readonly double[] _hours = new double[Hours];

    private double _levelCost;
    private double _levelMinutes;
    private double _hourCost;
    private long _learntMs = long.MinValue;
    private List<CauseCell>? _episode;
    private long _episodeFromMs;
    private long? _heldSinceMs;

    public FeatureBaseline(CauseOptions options, SeriesPath path)
    {
        (_options, Path) = (options, path);
        _fade = Math.Pow(0.5, 1.0 / options.HalfLifeMinutes);
        Array.Fill(_hours, double.NaN);
    }

    public SeriesPath Path { get; }

    /// <summary>Start of the last minute with traffic.</summary>
    public long LastMs { get; private set; } = long.MinValue;

    /// <summary>An episode is open that money was asked about.</summary>
    public bool HasEpisode => _episode is not null;

    public IReadOnlyList<CauseCell> Usual => _usual;

    public void Add(UsageCell cell, long minuteMs)
    {
        LastMs = Math.Max(LastMs, minuteMs);
        ref readonly var measures = ref cell.Measures;
        var added = new CauseCell { Key = CauseCellKey.Of(cell), MinuteMs = minuteMs, Cost = measures.Cost };

        // What a refund is worth is told by no tokens: its money counts, and no factor explains it.
        if (measures.Attempts > 0 || measures.Adjustments == 0)
        {
            added.Sums = UsageSums.Of(measures);
        }

        AddRecent(added);
        MergeIntoEpisode(added);
    }

    /// <summary>Ends a minute: what an open episode brings is not learnt, for a time.</summary>
    public void EndMinute(long minuteMs, bool isOpen)
    {
        if (!isOpen)
        {
            (_heldSinceMs, _episode) = (null, null);
        }
        else if (_heldSinceMs is null)
        {
            // It was noticed some minutes after it began.
            _heldSinceMs = minuteMs;
            Hold(minuteMs - (10 * MinuteMs));
        }
        else if (minuteMs - _heldSinceMs <= _options.HoldMinutes * MinuteMs)
        {
            Hold(minuteMs);
        }

        Learn(minuteMs);
    }

    /// <summary>Learns the minutes that have waited long enough. That it is called more often changes nothing.</summary>
    public void Learn(long nowMs)
    {
        var untilMs = nowMs - (_options.DelayMinutes * MinuteMs);
        var next = 0;
        while (next < _recent.Count && _recent[next].MinuteMs < untilMs)
        {
            var minuteMs = _recent[next].MinuteMs;
            var first = next;
            while (next < _recent.Count && _recent[next].MinuteMs == minuteMs)
            {
                next++;
            }

            Learn(minuteMs, first, next);
        }

        _recent.RemoveRange(0, next);
    }

    /// <summary>The usage from a minute on, and from which minute on it is; an episode asked about is kept from its beginning.</summary>
    public long Collect(long fromMs, long toMs, bool isRemembered, List<CauseCell> into)
    {
        if (isRemembered && (_episode is null || _heldSinceMs is null))
        {
            (_episode, _episodeFromMs) = ([], fromMs);
            foreach (var cell in _recent)
            {
                if (cell.MinuteMs >= fromMs)
                {
                    MergeIntoEpisode(cell);
                }
            }
        }

        if (_episode is not null && fromMs < toMs - (_options.DelayMinutes * MinuteMs))
        {
            into.AddRange(_episode);
            return _episodeFromMs;
        }

        foreach (var cell in _recent)
        {
            if (cell.MinuteMs >= fromMs && cell.MinuteMs <= toMs)
            {
                Merge(into, cell, _options.MaxCells);
            }
        }

        return Math.Max(fromMs, toMs - (_options.DelayMinutes * MinuteMs));
    }

    /// <summary>Picodollars a minute that are usual at an hour: between the hour's and those of the last hours.</summary>
    public double UsualCost(long minuteMs)
    {
        var gap = _learntMs == long.MinValue ? 0 : Math.Max(0, (minuteMs - _learntMs) / MinuteMs);
        var fade = Math.Pow(_fade, gap);
        var minutes = (_levelMinutes * fade) + Elapsed(fade);
        var level = minutes > 0 ? _levelCost * fade / minutes : 0;
        var hour = _hours[HourOf(minuteMs)];
        return Math.Max(0, double.IsNaN(hour) ? level : (level + hour) / 2);
    }

    public static void Merge(List<CauseCell> into, in CauseCell cell, int most)
    {
        for (var i = 0; i < into.Count; i++)
        {
            if (into[i].Key == cell.Key)
            {
                var known = into[i];
                known.Cost += cell.Cost;
                known.Sums.Add(cell.Sums);
                into[i] = known;
                return;
            }
        }

        if (into.Count < most || cell.Key == CauseCellKey.Other)
        {
            into.Add(cell with { MinuteMs = 0, IsHeld = false });
            return;
        }

        Merge(into, cell with { Key = CauseCellKey.Other }, most);
    }

    /// <summary>The same combination comes again under another price cell, and beyond the bound as what is not told apart.</summary>
    private void AddRecent(in CauseCell added)
    {
        var first = _recent.Count;
        while (first > 0 && _recent[first - 1].MinuteMs == added.MinuteMs)
        {
            first--;
            if (_recent[first].Key == added.Key)
            {
                var known = _recent[first];
                known.Cost += added.Cost;
                known.Sums.Add(added.Sums);
                _recent[first] = known;
                return;
            }
        }

        if (_recent.Count - first < _options.MaxCells || added.Key == CauseCellKey.Other)
        {
            _recent.Add(added);
            return;
        }

        AddRecent(added with { Key = CauseCellKey.Other });
    }

    private void MergeIntoEpisode(in CauseCell cell)
    {
        if (_episode is not null)
        {
            Merge(_episode, cell, _options.MaxCells);
        }
    }

    private void Hold(long fromMs)
    {
        for (var i = _recent.Count - 1; i >= 0 && _recent[i].MinuteMs >= fromMs; i--)
        {
            _recent[i] = _recent[i] with { IsHeld = true };
        }
    }

    private void Learn(long minuteMs, int first, int end)
    {
        if (_recent[first].IsHeld)
        {
            // The time passes, and what was expected stays: as if the minute had not been.
            _hourCost = _learntMs != long.MinValue && HourOf(_learntMs) == HourOf(minuteMs) ? _hourCost : 0;
            _learntMs = minuteMs;
            return;
        }

        for (var i = _usual.Count - 1; i >= 0; i--)
        {
            var cell = _usual[i];
            cell.Sums.Multiply(_fade);
            _usual[i] = cell;
            if (cell.Sums[UsageSums.Attempts] < LeastAttempts)
            {
                _usual.RemoveAt(i);
            }
        }

        var cost = 0.0;
        for (var i = first; i < end; i++)
        {
            cost += (double)_recent[i].Cost;
            if (_recent[i].Sums[UsageSums.Attempts] > 0)
            {
                Merge(_usual, _recent[i] with { Cost = 0 }, _options.MaxCells);
            }
        }

        LearnCost(minuteMs, cost);
    }

    private void LearnCost(long minuteMs, double cost)
    {
        var gap = _learntMs == long.MinValue ? 1 : Math.Max(1, (minuteMs - _learntMs) / MinuteMs);
        var fade = Math.Pow(_fade, gap);
        _levelCost = (_levelCost * fade) + cost;
        _levelMinutes = (_levelMinutes * fade) + Elapsed(fade);
        LearnHour(minuteMs, cost);
        _learntMs = minuteMs;
    }

    /// <summary>Closes the hours since the last minute that was learnt; an hour without traffic is one of nothing.</summary>
    private void LearnHour(long minuteMs, double cost)
    {
        const long HourMs = 60 * MinuteMs;
        var hours = _learntMs == long.MinValue ? 0 : Math.Min(Hours, (minuteMs / HourMs) - (_learntMs / HourMs));
        for (var i = 0; i < hours; i++)
        {
            ref var hour = ref _hours[(HourOf(_learntMs) + i) % Hours];
            var mean = i == 0 ? _hourCost / 60 : 0;
            hour = double.IsNaN(hour) ? mean : hour + (HourWeight * (mean - hour));
        }

        _hourCost = hours > 0 ? cost : _hourCost + cost;
    }

    /// <summary>The weight of the minutes that a fade spans, each faded by those after it.</summary>
    private double Elapsed(double fade) => (1 - fade) / (1 - _fade);

    private static int HourOf(long minuteMs) => (int)(minuteMs / (60 * MinuteMs) % Hours);

    public void Write(BlockBuffer to)
    {
        WriteCells(to, _recent);
        WriteCells(to, _usual);
        foreach (var hour in _hours)
        {
            to.Double(hour);
        }

        to.Double(_levelCost);
        to.Double(_levelMinutes);
        to.Double(_hourCost);
        to.Signed(_learntMs);
        to.Signed(LastMs);
        to.Signed(_heldSinceMs ?? -1);
        to.Signed(_episode is null ? -1 : _episodeFromMs);
        WriteCells(to, _episode ?? []);
    }

    public static FeatureBaseline Read(ref BlockReader from, CauseOptions options, SeriesPath path)
    {
        var feature = new FeatureBaseline(options, path);
        ReadCells(ref from, feature._recent);
        ReadCells(ref from, feature._usual);
        for (var i = 0; i < Hours; i++)
        {
            feature._hours[i] = from.Double();
        }

        (feature._levelCost, feature._levelMinutes, feature._hourCost) = (from.Double(), from.Double(), from.Double());
        (feature._learntMs, feature.LastMs) = (from.Long(), from.Long());
        var (heldSinceMs, episodeFromMs) = (from.Long(), from.Long());
        feature._heldSinceMs = heldSinceMs < 0 ? null : heldSinceMs;
        var episode = new List<CauseCell>();
        ReadCells(ref from, episode);
        (feature._episode, feature._episodeFromMs) = (episodeFromMs < 0 ? null : episode, Math.Max(0, episodeFromMs));
        return feature;
    }

    private static void WriteCells(BlockBuffer to, List<CauseCell> cells)
    {
        to.Unsigned((UInt128)cells.Count);
        foreach (var cell in cells)
        {
            cell.Write(to);
        }
    }

    private static void ReadCells(ref BlockReader from, List<CauseCell> into)
    {
        for (var i = from.Count(); i > 0; i--)
        {
            into.Add(CauseCell.Read(ref from));
        }
    }
}
