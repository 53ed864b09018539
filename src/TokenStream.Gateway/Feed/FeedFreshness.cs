namespace TokenStream.Gateway.Feed;

/// <summary>
/// How long ago the silentest partition of the commands topic was heard. Written by one thread, asked by all. Times are monotonic
/// nanoseconds.
/// </summary>
internal sealed class FeedFreshness(TimeSpan blindAfter)
{
    public static readonly TimeSpan StaleAfter = TimeSpan.FromSeconds(5);

    /// <summary>Clocks of govern and gateway may differ this much before a heartbeat is taken for an older one.</summary>
    private const long ToleratedSkewMs = 2_000;

    private readonly long _stale = (long)StaleAfter.TotalNanoseconds;
    private readonly long _blind = (long)blindAfter.TotalNanoseconds;
    private long[] _heard = [];
    private bool[] _complete = [];
    private long _oldest;
    private volatile bool _isComplete;

    /// <summary>Whether all partitions have been read to the end that they once had.</summary>
    public bool IsComplete => _isComplete;

    public void Begin(int partitions)
    {
        if (_heard.Length != partitions)
        {
            (_heard, _complete, _isComplete) = (new long[partitions], new bool[partitions], false);
        }
    }

    /// <summary>A partition was read to its end. Its silence counts from here, until it is heard.</summary>
    public void ReachEnd(int partition, long nanoseconds)
    {
        if (_complete[partition])
        {
            return;
        }

        _complete[partition] = true;
        _heard[partition] = _heard[partition] == 0 ? nanoseconds : _heard[partition];
        Publish();
    }

    /// <summary>A heartbeat came in; one that lay in the topic is as old as its sender's clock says.</summary>
    public void Hear(int partition, long sentMs, long receivedMs, long nanoseconds)
    {
        var ageMs = Math.Max(0, receivedMs - sentMs - ToleratedSkewMs);
        _heard[partition] = nanoseconds - (Math.Min(ageMs, int.MaxValue) * 1_000_000);
        Publish();
    }

    public GatewayState At(long nanoseconds)
    {
        var silence = nanoseconds - Volatile.Read(ref _oldest);
        return !_isComplete || silence > _blind ? GatewayState.Blind : silence > _stale ? GatewayState.Stale : GatewayState.Fresh;
    }

    private void Publish()
    {
        Volatile.Write(ref _oldest, _heard.Min());
        _isComplete = _complete.All(complete => complete);
    }
}
