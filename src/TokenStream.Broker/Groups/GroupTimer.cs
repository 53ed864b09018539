namespace TokenStream.Broker.Groups;

/// <summary>Wakes one group at the earliest of its deadlines. A deadline that moves back costs nothing: the timer fires early once and looks again.</summary>
internal sealed class GroupTimer(TimeProvider time, MonotonicClock clock) : IDisposable
{
    private readonly Lock _gate = new();
    private Action? _expire;
    private ITimer? _timer;
    private long _armedMs = long.MaxValue;
    private bool _disposed;

    /// <summary>What to do when the time has come, which tells the next deadline by <see cref="Bring"/>.</summary>
    public void Attach(Action expire) => _expire = expire;

    /// <summary>Makes the timer fire no later than that time.</summary>
    public void Bring(long deadlineMs)
    {
        lock (_gate)
        {
            if (_disposed || deadlineMs >= _armedMs)
            {
                return;
            }

            _armedMs = deadlineMs;
            var due = TimeSpan.FromMilliseconds(Math.Max(0, deadlineMs - clock.NowMs()));
            _timer ??= time.CreateTimer(static timer => ((GroupTimer)timer!).Fire(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            _timer.Change(due, Timeout.InfiniteTimeSpan);
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
            _timer?.Dispose();
        }
    }

    private void Fire()
    {
        lock (_gate)
        {
            _armedMs = long.MaxValue;
        }

        _expire?.Invoke();
    }
}
