namespace TokenStream.Gateway.Throttling;

/// <summary>
/// Lets so many units a minute pass, on average exactly: what is taken is owed, and nothing passes while ten seconds' worth or more is.
/// So a request that is larger than the bucket passes too, and the ones after it wait for it. Lock-free.
/// </summary>
/// <remarks>
/// The state is one number, the instant at which nothing is owed any more (a generic cell rate algorithm whose cells are taken whole).
/// </remarks>
internal sealed class TokenBucket
{
    /// <summary>How much may pass at once, in time.</summary>
    public const long BurstNanoseconds = 10_000_000_000;

    private const long NanosecondsPerMinute = 60_000_000_000;

    /// <summary>Nobody owes longer than this, whatever was taken.</summary>
    private const long MostNanoseconds = 86_400_000_000_000;

    private long _paidAt;

    /// <param name="perMinute">Zero lets nothing pass.</param>
    /// <param name="paidAt">From then on nothing is owed: a former bucket's, so that a renewed command forgives nothing.</param>
    public TokenBucket(long perMinute, long paidAt)
    {
        PerMinute = perMinute;
        _paidAt = paidAt;
    }

    public long PerMinute { get; }

    public long PaidAt => Volatile.Read(ref _paidAt);

    /// <summary>Takes units where that is allowed now; else says how long to wait until it is.</summary>
    public bool TryTake(long units, long nanoseconds, out long waitNanoseconds)
    {
        waitNanoseconds = NanosecondsPerMinute;
        if (PerMinute == 0)
        {
            return false;
        }

        var cost = Cost(units);
        while (true)
        {
            var paidAt = Volatile.Read(ref _paidAt);
            waitNanoseconds = paidAt - nanoseconds - BurstNanoseconds + 1;
            if (waitNanoseconds > 0)
            {
                return false;
            }

            if (Interlocked.CompareExchange(ref _paidAt, Math.Max(paidAt, nanoseconds) + cost, paidAt) == paidAt)
            {
                return true;
            }
        }
    }

    /// <summary>Gives back what was taken and not used; a negative number takes more, which was used beyond what was taken.</summary>
    public void GiveBack(long units)
    {
        if (units != 0 && PerMinute > 0)
        {
            Interlocked.Add(ref _paidAt, units > 0 ? -Cost(units) : Cost(-units));
        }
    }

    private long Cost(long units) => (long)Int128.Min(MostNanoseconds, (Int128)units * NanosecondsPerMinute / PerMinute);
}
