namespace TokenStream.Tests.Gateway;

/// <summary>A clock that stands until a test moves it; a nanosecond is a tick of it.</summary>
internal sealed class GatewayTime(long startMs = 1_767_225_600_000) : TimeProvider
{
    private long _nanoseconds;

    public override long TimestampFrequency => 1_000_000_000;

    public long NowMs => startMs + (Volatile.Read(ref _nanoseconds) / 1_000_000);

    public override long GetTimestamp() => Volatile.Read(ref _nanoseconds);

    public override DateTimeOffset GetUtcNow() => DateTimeOffset.FromUnixTimeMilliseconds(NowMs);

    public void Advance(TimeSpan by) => Interlocked.Add(ref _nanoseconds, (long)by.TotalNanoseconds);
}
