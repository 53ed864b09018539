namespace TokenStream.Broker;

/// <summary>
/// Lets through at most a number of log lines a minute, and counts what it held back, so that a peer cannot fill the disk with them.
/// </summary>
internal sealed class LineLimiter(TimeProvider time, int perMinute = LineLimiter.DefaultPerMinute)
{
    public const int DefaultPerMinute = 30;

    private readonly Lock _gate = new();
    private long _minuteStart = time.GetTimestamp();
    private int _taken;
    private long _suppressed;

    /// <param name="suppressed">Lines held back since the last one that was let through.</param>
    public bool TryTake(out long suppressed)
    {
        lock (_gate)
        {
            if (time.GetElapsedTime(_minuteStart) >= TimeSpan.FromMinutes(1))
            {
                _minuteStart = time.GetTimestamp();
                _taken = 0;
            }

            if (_taken >= perMinute)
            {
                suppressed = 0;
                _suppressed++;
                return false;
            }

            _taken++;
            suppressed = _suppressed;
            _suppressed = 0;
            return true;
        }
    }
}
