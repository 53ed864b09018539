namespace TokenStream.Broker.Groups;

/// <summary>Milliseconds since this clock was made; they never go back and never jump with the wall clock.</summary>
internal sealed class MonotonicClock(TimeProvider time)
{
    private readonly long _start = time.GetTimestamp();

    public long NowMs() => (long)time.GetElapsedTime(_start).TotalMilliseconds;
}
