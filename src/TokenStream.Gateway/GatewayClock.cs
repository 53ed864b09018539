namespace TokenStream.Gateway;

/// <summary>
/// One reading a decision: monotonic nanoseconds, from which the wall clock follows by an offset that is measured each second. So waiting
/// and silence are measured by a clock that nobody sets, and expiry by the one that people mean.
/// </summary>
/// <remarks>
/// The system's time is read from its coarse clock, which moves every few milliseconds and costs a third of the fine one (10 ns to 29 ns
/// where it was measured): everything that is compared here, expiries, silences and rates a minute, is counted in milliseconds at best.
/// </remarks>
internal sealed class GatewayClock
{
    private const long NanosecondsPerSecond = 1_000_000_000;
    private const long NanosecondsPerMillisecond = 1_000_000;

    private readonly TimeProvider _time;
    private readonly bool _isSystem;
    private readonly long _start;
    private readonly long _nanosecondsPerTick;
    private long _offsetMs;

    public GatewayClock(TimeProvider time)
    {
        _time = time;
        _isSystem = ReferenceEquals(time, TimeProvider.System);
        _start = _isSystem ? Environment.TickCount64 : time.GetTimestamp();
        _nanosecondsPerTick = _isSystem ? NanosecondsPerMillisecond : Math.Max(1, NanosecondsPerSecond / time.TimestampFrequency);
        Adjust();
    }

    public TimeProvider Time => _time;

    /// <summary>Monotonic, from the start of the gateway.</summary>
    public long Nanoseconds => ((_isSystem ? Environment.TickCount64 : _time.GetTimestamp()) - _start) * _nanosecondsPerTick;

    public long WallMs => AtMs(Nanoseconds);

    /// <summary>The wall clock at a monotonic reading.</summary>
    public long AtMs(long nanoseconds) => (nanoseconds / NanosecondsPerMillisecond) + Volatile.Read(ref _offsetMs);

    /// <summary>Follows a wall clock that was set.</summary>
    public void Adjust() =>
        Volatile.Write(ref _offsetMs, _time.GetUtcNow().ToUnixTimeMilliseconds() - (Nanoseconds / NanosecondsPerMillisecond));
}
