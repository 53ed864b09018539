using System.Numerics;
using TokenStream.Windowing;

namespace TokenStream.Detection.Silence;

/// <summary>A silence from its first minute to its end.</summary>
internal sealed class OpenSilence
{
    /// <summary>The last minutes weigh most in whether it is back.</summary>
    private const double BackFade = 0.8;

    private const double BackShare = 0.5;

    private double _backExpected;
    private double _backSeen;
    private double _late;
    private uint _minutesWithEvents;

    public OpenSilence(long openedMs, double score, long lastEventMs, bool isBlocked) =>
        (OpenedMs, LastSilentMs, Score, LastEventMs, IsBlocked) = (openedMs, openedMs, score, lastEventMs, isBlocked);

    public long OpenedMs { get; }

    /// <summary>-log10 of the probability that opened it.</summary>
    public double Score { get; }

    /// <summary>Start of the last minute with an event before it opened.</summary>
    public long LastEventMs { get; }

    /// <summary>A command of ours had turned requests away in the minutes before.</summary>
    public bool IsBlocked { get; }

    public double Expected { get; private set; }

    public double Seen { get; private set; }

    public int Minutes { get; private set; }

    public AnomalyEnd? End { get; set; }

    public long EndedMs { get; set; }

    /// <summary>Of history: nothing of it comes out.</summary>
    public bool IsHistory { get; set; }

    /// <summary>Start of the last minute that had less than was expected.</summary>
    public long LastSilentMs { get; private set; }

    /// <summary>What was missing has come by corrections.</summary>
    public bool IsLate => _late > 0 && Seen + _late >= BackShare * Expected && Seen < BackShare * Expected;

    /// <summary>
    /// Half of what is expected is there again, in more than one of the last minutes where it should be: one minute of events that waited is no end.
    /// </summary>
    public bool IsBack => (_minutesWithEvents & 1) != 0 && _backSeen >= BackShare * _backExpected &&
        BitOperations.PopCount(_minutesWithEvents & 0xFF) >= (_backExpected * (1 - BackFade) > 2 ? 3 : 1);

    /// <param name="events">-1 where the minute is missing.</param>
    public void Take(long minuteMs, long events, double rate)
    {
        if (events < 0)
        {
            return;
        }

        Minutes++;
        Expected += rate;
        Seen += events;
        (_backExpected, _backSeen) = ((_backExpected * BackFade) + rate, (_backSeen * BackFade) + events);
        _minutesWithEvents = (_minutesWithEvents << 1) | (events > 0 ? 1u : 0u);
        LastSilentMs = events < BackShare * rate ? minuteMs : LastSilentMs;
    }

    public void Correct(long minuteMs, long events) => _late += minuteMs >= OpenedMs ? events : 0;

    public void Write(BlockBuffer to)
    {
        to.Signed(OpenedMs);
        to.Double(Score);
        to.Signed(LastEventMs);
        to.Byte((byte)((IsBlocked ? 1 : 0) | (IsHistory ? 2 : 0)));
        to.Double(_backExpected);
        to.Double(_backSeen);
        to.Double(_late);
        to.Unsigned(_minutesWithEvents);
        to.Double(Expected);
        to.Double(Seen);
        to.Signed(Minutes);
        to.Signed(LastSilentMs);
    }

    public static OpenSilence Read(ref BlockReader from)
    {
        var (openedMs, score, lastEventMs, flags) = (from.Long(), from.Double(), from.Long(), from.Byte());
        return new OpenSilence(openedMs, score, lastEventMs, (flags & 1) != 0)
        {
            IsHistory = (flags & 2) != 0,
            _backExpected = from.Double(),
            _backSeen = from.Double(),
            _late = from.Double(),
            _minutesWithEvents = checked((uint)from.Unsigned()),
            Expected = from.Double(),
            Seen = from.Double(),
            Minutes = checked((int)from.Long()),
            LastSilentMs = from.Long(),
        };
    }
}
