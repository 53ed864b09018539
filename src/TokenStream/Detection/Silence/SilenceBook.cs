using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using TokenStream.Windowing;

namespace TokenStream.Detection.Silence;

/// <summary>
/// Notices tenants and gateways that have fallen silent, and those whose clocks are ahead. It is fed with every known tenant's minute, also those
/// without traffic; a place that gets none is missing in that minute.
/// </summary>
public sealed class SilenceBook(SilenceOptions options)
{
    private const int Version = 1;
    private const string Detector = "silence";
    private const int DetectorVersion = 1;

    /// <summary>A place that had nothing for so long is forgotten.</summary>
    private const long ForgottenMs = 8 * 24 * 60 * ExpectedRate.MinuteMs;

    private const double MostScore = 999;

    private readonly Dictionary<PlaceKey, SilencePlace> _places = [];
    private readonly List<(SilencePlace Place, OpenSilence Silence)> _changed = [];
    private readonly List<(SilencePlace Place, DriftChange Change)> _drifted = [];

    /// <summary>Places that are watched.</summary>
    public int Places => _places.Count;

    /// <summary>Places that left for lack of room.</summary>
    public long Left { get; private set; }

    public void Add(TenantMinute minute)
    {
        var (events, blocked, adjusted, cost) = (0L, 0L, 0L, (Int128)0);
        foreach (var cell in minute.Cells)
        {
            ref readonly var measures = ref cell.Measures;
            events += measures.Events;
            blocked += measures.BlockedBudget + measures.BlockedPolicy;
            adjusted += measures.TimeAdjusted;
            cost += measures.Cost;
        }

        Take(new PlaceKey(minute.Environment, minute.Tenant, null), minute.MinuteMs, minute.IsMissing ? -1 : events, blocked, adjusted, (double)cost);
    }

    public void AddGateway(in GatewayMinute minute) => Take(
        new PlaceKey(minute.Environment, null, minute.Gateway), minute.MinuteMs, minute.IsMissing ? -1 : minute.Events, 0, minute.Adjusted, 0);

    /// <summary>Events that came after their minute was scored.</summary>
    public void Correct(string environment, string tenant, long minuteMs, long events) =>
        _places.GetValueOrDefault(new PlaceKey(environment, tenant, null))?.Correct(minuteMs, events);

    public void CorrectGateway(string environment, string gateway, long minuteMs, long events) =>
        _places.GetValueOrDefault(new PlaceKey(environment, null, gateway))?.Correct(minuteMs, events);

    /// <summary>What has begun or ended in the minute, in the order of ids. Of history nothing comes out, nor its end later.</summary>
    public IReadOnlyList<Anomaly> EndMinute(long minuteMs, bool isHistory = false)
    {
        var told = new List<Anomaly>();
        foreach (var (place, silence) in _changed)
        {
            silence.IsHistory |= isHistory && silence.End is null;
            if (!silence.IsHistory)
            {
                told.Add(Tell(place, silence));
            }
        }

        foreach (var (place, change) in _drifted)
        {
            place.Drift.IsHistory |= isHistory && change.End is null;
            if (!place.Drift.IsHistory)
            {
                told.Add(Tell(place, change, minuteMs));
            }

            place.Drift.IsHistory &= change.End is null;
        }

        _changed.Clear();
        _drifted.Clear();
        told.Sort((one, other) => string.CompareOrdinal(one.Id, other.Id));
        LetLeave(minuteMs);
        return told;
    }

    private void Take(PlaceKey key, long minuteMs, long events, long blocked, long adjusted, double cost)
    {
        if (!_places.TryGetValue(key, out var place))
        {
            if (events <= 0)
            {
                return;
            }

            place = new SilencePlace(options, new SeriesPath(key.Environment, key.Tenant, null, null) { Gateway = key.Gateway }, minuteMs);
            _places.Add(key, place);
        }

        var wasOpen = place.Open is not null;
        if (place.Take(minuteMs, events, blocked, cost) is { } ended)
        {
            _changed.Add((place, ended));
        }
        else if (!wasOpen && place.Open is { } begun)
        {
            _changed.Add((place, begun));
        }

        if (events >= 0 && place.Drift.Take(minuteMs, events, adjusted) is { OpenedMs: not null } change)
        {
            _drifted.Add((place, change));
        }
    }

    private static Anomaly Tell(SilencePlace place, OpenSilence silence)
    {
        var (minutes, missing) = (Math.Max(1, silence.Minutes), silence.Expected - silence.Seen);
        var (lost, anHour) = (Money(-missing * place.CostOfEvent), Money(-missing / minutes * 60 * place.CostOfEvent));
        var lastSeen = DateTimeOffset.FromUnixTimeMilliseconds(silence.LastEventMs).ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture);
        var note = string.Create(
            CultureInfo.InvariantCulture, $"expected {silence.Expected:#,0} events, {silence.Seen:#,0} came; the last before were seen at {lastSeen} UTC");
        return new Anomaly
        {
            Id = IdOf("silence", place.Path, silence.OpenedMs),
            Scope = place.Path,
            Measure = SeriesMeasure.Requests,
            Direction = AnomalyDirection.Down,
            Kind = AnomalyKind.Silence,
            OpenedMs = silence.OpenedMs,
            LastSeenMs = silence.LastSilentMs,
            PeakMs = silence.OpenedMs,
            EndedMs = silence.End is null ? null : silence.EndedMs,
            End = silence.End,

            // Money that is not spent is never at risk; but somebody has to look.
            Severity = AnomalySeverity.Warning,
            PeakScore = Math.Min(MostScore, silence.Score),
            Threshold = -Math.Log10(place.Probability),
            TargetRate = place.Probability,
            Value = silence.Seen / minutes,
            Expected = silence.Expected / minutes,
            Lower = double.NaN,
            Upper = double.NaN,
            Excess = -missing,
            ExcessCost = lost,
            CostPerHour = anHour,
            Detector = Detector,
            DetectorVersion = DetectorVersion,
            Members = [place.Path],
            HeldBack = silence.IsBlocked ? "a command of ours was turning requests away" : null,
            Note = silence.IsBlocked ? note + "; requests were being blocked when it began" : note,
        };
    }

    private static Anomaly Tell(SilencePlace place, DriftChange change, long minuteMs) => new()
    {
        Id = IdOf("drift", place.Path, change.OpenedMs!.Value),
        Scope = place.Path,
        Measure = SeriesMeasure.Requests,
        Direction = AnomalyDirection.Up,
        Kind = AnomalyKind.ClockDrift,
        OpenedMs = change.OpenedMs.Value,
        LastSeenMs = place.Drift.LastSeenMs,
        PeakMs = place.Drift.PeakMs,
        EndedMs = change.End is null ? null : minuteMs,
        End = change.End,
        Severity = AnomalySeverity.Warning,
        PeakScore = place.Drift.PeakShare,
        Threshold = place.Drift.Usual + place.DriftShare,
        TargetRate = double.NaN,
        Value = place.Drift.PeakShare,
        Expected = place.Drift.Usual,
        Lower = double.NaN,
        Upper = double.NaN,
        Excess = place.Drift.PeakShare - place.Drift.Usual,
        ExcessCost = 0,
        CostPerHour = 0,
        Detector = Detector,
        DetectorVersion = DetectorVersion,
        Members = [place.Path],
        Note = "share of its events that claimed to come from the future and were booked at the broker's time: set the clock of who sends them",
    };

    private static Int128 Money(double picodollars) => Math.Abs(picodollars) < 1e37 ? (Int128)Math.Round(picodollars) : 0;

    private static string IdOf(string kind, SeriesPath path, long openedMs)
    {
        var text = string.Create(CultureInfo.InvariantCulture, $"{kind}\n{path.Environment}\n{path.Tenant}\n{path.Gateway}\n{openedMs}");
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, 8));
    }

    /// <summary>Who was silent for 8 days is forgotten; beyond the bound those that were silent for longest, a twentieth at once. An open alert stays.</summary>
    private void LetLeave(long minuteMs)
    {
        if (minuteMs / ExpectedRate.MinuteMs % 60 == 0)
        {
            foreach (var key in _places.Where(pair => IsClosed(pair.Value) && minuteMs - pair.Value.LastEventMs > ForgottenMs).Select(pair => pair.Key).ToArray())
            {
                _places.Remove(key);
            }
        }

        if (_places.Count <= options.MaxPlaces)
        {
            return;
        }

        var leaving = _places.Where(pair => IsClosed(pair.Value)).OrderBy(pair => pair.Value.LastEventMs)
            .ThenBy(pair => pair.Key.Text, StringComparer.Ordinal).Select(pair => pair.Key);
        foreach (var key in leaving.Take(_places.Count - options.MaxPlaces + (options.MaxPlaces / 20)).ToArray())
        {
            _places.Remove(key);
            Left++;
        }
    }

    private static bool IsClosed(SilencePlace place) => place.Open is null && place.Drift.OpenedMs is null;

    internal void Write(BlockBuffer to)
    {
        to.Byte(Version);
        to.Signed(Left);
        to.Unsigned((UInt128)_places.Count);
        foreach (var (key, place) in _places.OrderBy(pair => pair.Key.Text, StringComparer.Ordinal))
        {
            to.Text(key.Environment);
            to.Byte(key.Tenant is null ? (byte)0 : (byte)1);
            to.Text(key.Tenant ?? key.Gateway ?? string.Empty);
            place.Write(to);
        }
    }

    internal static SilenceBook Read(ref BlockReader from, SilenceOptions options)
    {
        if (from.Byte() is var version && version != Version)
        {
            throw new FormatException($"silences of format version {version}; this program reads version {Version}");
        }

        var book = new SilenceBook(options) { Left = from.Long() };
        for (var i = from.Count(); i > 0; i--)
        {
            var (environment, isTenant, name) = (from.Text(), from.Byte() != 0, from.Text());
            var key = new PlaceKey(environment, isTenant ? name : null, isTenant ? null : name);
            var path = new SeriesPath(environment, key.Tenant, null, null) { Gateway = key.Gateway };
            book._places.Add(key, SilencePlace.Read(ref from, options, path));
        }

        return book;
    }

    private readonly record struct PlaceKey(string Environment, string? Tenant, string? Gateway)
    {
        public string Text => $"{Environment}\n{(Tenant is null ? "g" : "t")}\n{Tenant ?? Gateway}";
    }
}
