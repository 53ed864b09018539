namespace TokenStream.Broker.Network;

/// <summary>Counters that all connections add to.</summary>
internal sealed class ListenerCounters
{
    private long _connections, _refused, _requests, _bad, _failed, _timedOut, _received, _sent;

    public void Connected() => Interlocked.Increment(ref _connections);

    public void Refused() => Interlocked.Increment(ref _refused);

    public void Bad() => Interlocked.Increment(ref _bad);

    public void Failed() => Interlocked.Increment(ref _failed);

    public void TimedOut() => Interlocked.Increment(ref _timedOut);

    public void Received(int bytes)
    {
        Interlocked.Increment(ref _requests);
        Interlocked.Add(ref _received, bytes);
    }

    public void Sent(int bytes) => Interlocked.Add(ref _sent, bytes);

    public BrokerStatistics Read(int open, int groups, int offsets) => new(
        open, Interlocked.Read(ref _connections), Interlocked.Read(ref _refused), Interlocked.Read(ref _requests),
        Interlocked.Read(ref _bad), Interlocked.Read(ref _failed), Interlocked.Read(ref _timedOut), Interlocked.Read(ref _received),
        Interlocked.Read(ref _sent), groups, offsets);
}
