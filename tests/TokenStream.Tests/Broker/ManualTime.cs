namespace TokenStream.Tests.Broker;

/// <summary>A clock that stands still until a test moves it; timers fire on the thread that moves it, in the order of their times.</summary>
internal sealed class ManualTime : TimeProvider
{
    private readonly Lock _gate = new();
    private readonly List<ManualTimer> _timers = [];
    private long _nowMs;

    public DateTimeOffset Start { get; init; } = new(2026, 11, 21, 10, 0, 0, TimeSpan.Zero);

    /// <summary>Jumps of the wall clock, which the monotonic time does not follow.</summary>
    public TimeSpan WallShift { get; set; }

    public override long TimestampFrequency => 1000;

    public override long GetTimestamp() => Interlocked.Read(ref _nowMs);

    public override DateTimeOffset GetUtcNow() => Start.AddMilliseconds(GetTimestamp()) + WallShift;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new ManualTimer(this, callback, state);
        timer.Change(dueTime, period);
        lock (_gate)
        {
            _timers.Add(timer);
        }

        return timer;
    }

    public void Advance(int ms)
    {
        long until = GetTimestamp() + ms;
        while (true)
        {
            ManualTimer? next;
            lock (_gate)
            {
                next = _timers.Where(t => t.DueMs <= until).MinBy(t => t.DueMs);
            }

            if (next is null)
            {
                Interlocked.Exchange(ref _nowMs, until);
                return;
            }

            Interlocked.Exchange(ref _nowMs, Math.Max(GetTimestamp(), next.DueMs));
            next.Fire();
        }
    }

    private void Forget(ManualTimer timer)
    {
        lock (_gate)
        {
            _timers.Remove(timer);
        }
    }

    private sealed class ManualTimer(ManualTime time, TimerCallback callback, object? state) : ITimer
    {
        private long _periodMs = -1;

        public long DueMs { get; private set; } = long.MaxValue;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            DueMs = dueTime < TimeSpan.Zero ? long.MaxValue : time.GetTimestamp() + (long)dueTime.TotalMilliseconds;
            _periodMs = period <= TimeSpan.Zero ? -1 : (long)period.TotalMilliseconds;
            return true;
        }

        public void Fire()
        {
            DueMs = _periodMs > 0 ? DueMs + _periodMs : long.MaxValue;
            callback(state);
        }

        public void Dispose() => time.Forget(this);

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
