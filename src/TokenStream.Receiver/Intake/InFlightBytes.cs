namespace TokenStream.Receiver.Intake;

/// <summary>The memory that all requests together may hold. Never waited for: who finds no room is told to come again.</summary>
internal sealed class InFlightBytes(long most)
{
    private long _held;

    public long Held => Interlocked.Read(ref _held);

    public bool TryTake(long bytes)
    {
        if (Interlocked.Add(ref _held, bytes) <= most)
        {
            return true;
        }

        Release(bytes);
        return false;
    }

    public void Release(long bytes) => Interlocked.Add(ref _held, -bytes);
}

/// <summary>One request's share of the memory; given back when it ends.</summary>
internal sealed class InFlightShare(InFlightBytes all) : IDisposable
{
    private long _bytes;

    public bool TryTake(long bytes)
    {
        if (!all.TryTake(bytes))
        {
            return false;
        }

        _bytes += bytes;
        return true;
    }

    public void Release(long bytes)
    {
        _bytes -= bytes;
        all.Release(bytes);
    }

    public void Dispose() => Release(_bytes);
}
