using System.Runtime.InteropServices;
using TokenStream.Windowing;

namespace TokenStream.Detection.Episodes;

/// <summary>
/// Turns the scores of a partition's series into anomalies. A score over its calibrated threshold opens an episode of its series; episodes
/// of a tenant that belong together become an alert; an alert is sent when it costs enough, and unless too many were sent lately.
/// Everything is a function of what is added, in the order it is added. For one thread.
/// </summary>
public sealed class EpisodeBook
{
    /// <summary>Far beyond what a node keeps: a damaged number must not ask for memory.</summary>
    private const int MostSeries = 10_000_000;

    private readonly EpisodeOptions _options;
    private readonly Func<SeriesMeasure, DetectorOfMeasure> _detectors;
    private readonly ITenantBudgets? _budgets;
    private readonly ThresholdCalibrator[] _calibrators;
    private readonly AlertDesk _desk;
    private readonly Dictionary<(string Environment, string Tenant), TenantUsage> _tenants = [];
    private readonly List<Episode> _opened = [];
    private readonly List<EpisodeGroup> _none = [];
    private SeriesWatch?[] _watches = [];
    private CountedEpisodes _counted = new();

    public EpisodeBook(EpisodeOptions options, Func<SeriesMeasure, DetectorOfMeasure> detectors, ITenantBudgets? budgets = null)
    {
        (_options, _detectors, _budgets) = (options, detectors, budgets);
        _calibrators = new ThresholdCalibrator[(int)SeriesMeasure.TtftP95 + 1];
        for (var i = 0; i < _calibrators.Length; i++)
        {
            var scale = ThresholdScale.Of(detectors((SeriesMeasure)i).Name);
            _calibrators[i] = new ThresholdCalibrator(scale, options.TargetRate, options.StartThreshold);
        }

        _desk = new AlertDesk(options, detectors, budgets);
    }

    public EpisodeCounters Counters => _desk.Counters;

    /// <summary>Alerts that last, sent or not.</summary>
    public int OpenAlerts => _desk.Groups.Count;

    /// <summary>The threshold in force for the series of a measure.</summary>
    public double Threshold(SeriesMeasure measure) => _calibrators[(int)measure].Threshold;

    /// <summary>The next point of a series: every series once a minute, in the order of their numbers.</summary>
    public void Add(in ScoredPoint point, IPointProbe probe)
    {
        var calibrator = _calibrators[(int)point.Measure];
        if (!double.IsNaN(point.Value))
        {
            calibrator.CountPoints();
        }

        var watch = point.Series < _watches.Length ? _watches[point.Series] : null;
        if (watch is not null || point.Score.Value >= calibrator.Scale.Floor)
        {
            Watch(point, probe, watch, calibrator);
        }
    }

    /// <summary>What a tenant used in the minute; each tenant once a minute.</summary>
    public void Add(TenantMinute minute) => Tenant(minute.Environment, minute.Tenant).Add(minute);

    /// <summary>All of a minute has been added.</summary>
    /// <param name="minuteMs">Its start.</param>
    /// <param name="isHistory">It is only learnt from: nothing that opens in it is ever told of.</param>
    /// <returns>What opened, became worse or ended.</returns>
    public IReadOnlyList<Anomaly> EndMinute(long minuteMs, bool isHistory = false)
    {
        foreach (var calibrator in _calibrators)
        {
            calibrator.EndMinute(minuteMs);
        }

        _desk.Weigh(_opened.Count > 0);
        // The order of opening, then of the series' numbers: whatever comes first names the alert.
        foreach (var episode in _opened.OrderBy(episode => episode.OpenedMs))
        {
            var alertId = _desk.Take(episode, Tenant(episode.Path.Environment, episode.Path.Tenant!), isHistory);
            if (_watches[episode.Series] is { } watch && watch.Episode == episode)
            {
                watch.AlertId = alertId;
            }
        }

        _opened.Clear();
        foreach (var ended in _desk.Finish(minuteMs))
        {
            if (ended.Series < _watches.Length && _watches[ended.Series] is { } watch && watch.Episode == ended)
            {
                watch.Episode = null;
            }
        }

        if (minuteMs % (60 * Episode.MinuteMs) == 0)
        {
            ForgetIdleTenants(minuteMs);
        }

        return _desk.EndMinute(minuteMs);
    }

    /// <summary>A correction has come of a minute that was scored before.</summary>
    public void Correct(SeriesPath place, SeriesMeasure measure, long minuteMs, double added)
    {
        foreach (var group in Groups(place.Environment, place.Tenant))
        {
            var found = group.Members.Find(member => member.Measure == measure && member.EndedMs is null && member.Path == place);
            found?.Correct(minuteMs, added);
        }
    }

    /// <summary>A series has left, for lack of room or of traffic.</summary>
    public void Drop(int series)
    {
        if (series < _watches.Length && _watches[series] is { } watch)
        {
            if (watch.Episode is { } episode)
            {
                episode.End ??= AnomalyEnd.Dropped;
            }

            _watches[series] = null;
        }
    }

    /// <summary>Whether an episode lasts at the place, above it or below it.</summary>
    public bool IsOpen(SeriesPath scope)
    {
        foreach (var group in Groups(scope.Environment, scope.Tenant))
        {
            foreach (var member in group.Members)
            {
                if (member.EndedMs is null && (member.Path.Holds(scope) || scope.Holds(member.Path)))
                {
                    return true;
                }
            }
        }

        return false;
    }

    /// <summary>The alert about a tenant that was sent and lasts; null where there is none.</summary>
    public string? SentId(string environment, string tenant, AnomalyDirection direction)
    {
        foreach (var group in Groups(environment, tenant))
        {
            if (group.Pull == direction && !group.IsOver && (group.Shared?.State ?? group.State).IsSent)
            {
                return group.KnownId;
            }
        }

        return null;
    }

    /// <summary>An alert was a true one: its episodes leave the calibration. False where nobody remembers it.</summary>
    public bool Confirm(string id)
    {
        var confirmed = _counted.Forget(id, _calibrators);
        foreach (var watch in _watches)
        {
            if (watch is { IsConfirmed: false } && watch.AlertId == id)
            {
                watch.IsConfirmed = true;
                confirmed++;
            }
        }

        Counters.Confirmed += confirmed;
        return confirmed > 0;
    }

    internal void Write(BlockBuffer to)
    {
        to.Byte(1);
        for (var i = 0; i < _calibrators.Length; i++)
        {
            to.Text(_detectors((SeriesMeasure)i).Name);
            _calibrators[i].Write(to);
        }

        to.Unsigned((UInt128)_tenants.Count);
        var tenants = _tenants.Values.OrderBy(tenant => tenant.Environment, StringComparer.Ordinal);
        foreach (var tenant in tenants.ThenBy(tenant => tenant.Tenant, StringComparer.Ordinal))
        {
            tenant.Write(to);
        }

        _desk.Write(to);
        to.Unsigned((UInt128)_watches.Count(watch => watch is not null));
        foreach (var watch in _watches)
        {
            watch?.Write(to);
        }

        _counted.Write(to);
    }

    /// <exception cref="FormatException">The bytes are not what <see cref="Write"/> wrote.</exception>
    internal static EpisodeBook Read(
        ref BlockReader from, EpisodeOptions options, Func<SeriesMeasure, DetectorOfMeasure> detectors, ITenantBudgets? budgets = null)
    {
        if (from.Byte() != 1)
        {
            throw new FormatException("episodes of a format that this version does not know");
        }

        var book = new EpisodeBook(options, detectors, budgets);
        try
        {
            book.ReadAll(ref from);
        }
        catch (Exception damage) when (damage is OverflowException or ArgumentException)
        {
            throw new FormatException($"the episodes contradict themselves: {damage.Message}", damage);
        }

        return book;
    }

    private void ReadAll(ref BlockReader from)
    {
        for (var i = 0; i < _calibrators.Length; i++)
        {
            var name = from.Text();
            _calibrators[i].Read(ref from, isSameScale: name == _detectors((SeriesMeasure)i).Name);
        }

        for (var left = from.Count(); left > 0; left--)
        {
            var tenant = TenantUsage.Read(ref from);
            _tenants.Add((tenant.Environment, tenant.Tenant), tenant);
        }

        _desk.Read(ref from, Tenant);
        for (var left = from.Count(); left > 0; left--)
        {
            var watch = SeriesWatch.Read(ref from);
            Remember(watch.Series < MostSeries ? watch : throw new FormatException("a number of a series that no partition has"));
        }

        _counted = CountedEpisodes.Read(ref from);
        foreach (var episode in _desk.Groups.SelectMany(group => group.Members).Where(member => member.EndedMs is null))
        {
            if (episode.Series < _watches.Length && _watches[episode.Series] is { } watch && episode.End != AnomalyEnd.Dropped)
            {
                watch.Episode = episode;
            }
        }
    }

    private TenantUsage Tenant(string environment, string tenant) =>
        CollectionsMarshal.GetValueRefOrAddDefault(_tenants, (environment, tenant), out _) ??= new TenantUsage(environment, tenant);

    private List<EpisodeGroup> Groups(string environment, string? tenant) =>
        tenant is not null && _tenants.TryGetValue((environment, tenant), out var usage) ? usage.Groups : _none;

    private void ForgetIdleTenants(long minuteMs)
    {
        foreach (var (key, tenant) in _tenants)
        {
            if (tenant.IsIdle(minuteMs))
            {
                _tenants.Remove(key);
            }
        }
    }

    private void Remember(SeriesWatch watch)
    {
        if (watch.Series >= _watches.Length)
        {
            Array.Resize(ref _watches, Math.Max(watch.Series + 1, Math.Max(1024, _watches.Length * 2)));
        }

        _watches[watch.Series] = watch;
    }

    /// <summary>A point that is not an everyday one, or of a series that had one lately.</summary>
    private void Watch(in ScoredPoint point, IPointProbe probe, SeriesWatch? watch, ThresholdCalibrator calibrator)
    {
        if (watch is null)
        {
            watch = new SeriesWatch(point.Series, point.Measure, point.MinuteMs);
            Remember(watch);
        }

        var (score, direction) = Strange(point);
        if (score >= calibrator.Scale.Floor)
        {
            watch.LastStrangeMs = point.MinuteMs;
            watch.Raise(point.MinuteMs, score, direction, calibrator.Scale.Sure);
        }

        if (watch.Episode is { } episode)
        {
            episode.Add(point, _options);
        }
        else if (score >= calibrator.Threshold)
        {
            Open(point, probe, watch, calibrator, score, direction);
        }
        else if (point.MinuteMs - watch.LastStrangeMs >= _options.QuietMinutes * Episode.MinuteMs ||
            point.MinuteMs - watch.StartedMs >= _options.FrozenMinutes * Episode.MinuteMs)
        {
            Count(watch, point.MinuteMs, calibrator);
        }
    }

    /// <summary>
    /// The score on the side of what was expected that the value lies on: a value that season or level expect is none, even where the other
    /// does not, and coming back to either is no news.
    /// </summary>
    private static (double Score, AnomalyDirection Direction) Strange(in ScoredPoint point)
    {
        var up = point.Value <= point.Expected.High ? 0 : point.Score.Up;
        var down = point.Value >= point.Expected.Low ? 0 : point.Score.Down;
        return down > up ? (down, AnomalyDirection.Down) : (up, AnomalyDirection.Up);
    }

    private void Open(
        in ScoredPoint point, IPointProbe probe, SeriesWatch watch, ThresholdCalibrator calibrator, double score,
        AnomalyDirection direction)
    {
        var first = watch.Candidate;
        if (first is { } candidate && (candidate.Direction != direction || point.MinuteMs - candidate.MinuteMs > Episode.PairMs))
        {
            first = null;
        }

        var expected = direction == AnomalyDirection.Up ? point.Expected.High : point.Expected.Low;
        watch.Candidate = first ?? new OpeningPoint(
            direction, point.MinuteMs, score, point.Value, expected, point.CostPerUnit, point.Requests,
            ValueInterval.Find(probe, calibrator.Threshold, point, direction));
        if (first is null && score < calibrator.Threshold + calibrator.Scale.Sure)
        {
            return;
        }

        var opening = watch.Candidate.Value;
        watch.Candidate = null;
        if (_desk.EpisodeCount + _opened.Count >= _options.MaxEpisodes)
        {
            Counters.NoRoom++;
            return;
        }

        watch.Episode = new Episode(point.Series, point.Path, point.Measure, calibrator.Threshold, opening);
        _opened.Add(watch.Episode);
        Counters.Opened++;
        if (opening.MinuteMs < point.MinuteMs)
        {
            watch.Episode.Add(point, _options);
        }
    }

    /// <summary>An excursion is over.</summary>
    private void Count(SeriesWatch watch, long minuteMs, ThresholdCalibrator calibrator)
    {
        _watches[watch.Series] = null;
        if (!watch.IsConfirmed && watch.Level >= calibrator.Scale.Floor)
        {
            calibrator.CountEpisode(watch.Level);
            if (watch.AlertId is { } alertId)
            {
                _counted.Add(alertId, watch.Measure, watch.Level, minuteMs);
            }
        }
    }
}
