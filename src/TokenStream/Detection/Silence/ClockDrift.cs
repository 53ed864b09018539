using TokenStream.Windowing;

namespace TokenStream.Detection.Silence;

/// <summary>Whether a source's clock is ahead: the share of its events that claimed to come from the future, over about ten minutes.</summary>
internal sealed class ClockDrift(SilenceOptions options)
{
    private const double Fade = 0.9;

    /// <summary>So many events of that kind are the least that tells.</summary>
    private const double LeastEvents = 10;

    /// <summary>What is usual follows within a day.</summary>
    private const double UsualWeight = 1.0 / 1440;

    private double _events;
    private double _adjusted;

    public double Share => _events > 0 ? _adjusted / _events : 0;

    public double Usual { get; private set; }

    /// <summary>Null while nothing is open.</summary>
    public long? OpenedMs { get; private set; }

    public long LastSeenMs { get; private set; }

    public double PeakShare { get; private set; }

    public long PeakMs { get; private set; }

    /// <summary>Of history: nothing of it comes out.</summary>
    public bool IsHistory { get; set; }

    /// <summary>Takes a minute, and says what it opened or ended; when it ended, the rest is still what it was.</summary>
    public DriftChange Take(long minuteMs, long events, long adjusted)
    {
        (_events, _adjusted) = ((_events * Fade) + events, (_adjusted * Fade) + adjusted);
        var share = Share;
        if (OpenedMs is { } openedMs)
        {
            LastSeenMs = share >= Usual + options.DriftShare ? minuteMs : LastSeenMs;
            (PeakShare, PeakMs) = share > PeakShare ? (share, minuteMs) : (PeakShare, PeakMs);
            if (share < Usual + (options.DriftShare / 2))
            {
                return Close(AnomalyEnd.Quiet);
            }

            if (minuteMs - openedMs >= options.ShiftHours * 60 * ExpectedRate.MinuteMs)
            {
                Usual = share;
                return Close(AnomalyEnd.Shift);
            }

            return default;
        }

        if (_adjusted >= LeastEvents && share >= Usual + options.DriftShare)
        {
            (OpenedMs, LastSeenMs, PeakMs, PeakShare) = (minuteMs, minuteMs, minuteMs, share);
            return new DriftChange(minuteMs, null);
        }

        Usual += events > 0 ? UsualWeight * (share - Usual) : 0;
        return default;
    }

    private DriftChange Close(AnomalyEnd end)
    {
        var change = new DriftChange(OpenedMs, end);
        OpenedMs = null;
        return change;
    }

    public void Write(BlockBuffer to)
    {
        to.Double(_events);
        to.Double(_adjusted);
        to.Double(Usual);
        to.Double(PeakShare);
        to.Signed(OpenedMs ?? -1);
        to.Signed(LastSeenMs);
        to.Signed(PeakMs);
        to.Byte(IsHistory ? (byte)1 : (byte)0);
    }

    public static ClockDrift Read(ref BlockReader from, SilenceOptions options)
    {
        var drift = new ClockDrift(options)
        {
            _events = from.Double(), _adjusted = from.Double(), Usual = from.Double(), PeakShare = from.Double(),
        };
        var openedMs = from.Long();
        drift.OpenedMs = openedMs < 0 ? null : openedMs;
        (drift.LastSeenMs, drift.PeakMs, drift.IsHistory) = (from.Long(), from.Long(), from.Byte() != 0);
        return drift;
    }
}

/// <summary>What a minute did to a drift: nothing, opened (no end), or ended it.</summary>
internal readonly record struct DriftChange(long? OpenedMs, AnomalyEnd? End);
