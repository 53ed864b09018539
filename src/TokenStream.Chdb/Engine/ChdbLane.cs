using System.Threading.Channels;

namespace TokenStream.Chdb.Engine;

/// <summary>
/// A bounded number of engine threads for one kind of work, so that long merges, inserts and readers do not wait for one another.
/// At most <see cref="MostWaiting"/> requests wait for a thread, each at most <see cref="LongestWait"/>; the rest are told to come back.
/// </summary>
internal sealed class ChdbLane : IDisposable
{
    /// <summary>Requests that may wait for a thread of this lane.</summary>
    internal const int MostWaiting = 100;

    /// <summary>How long a request waits for a thread.</summary>
    internal static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(30);

    private readonly Channel<ChdbThread> _idle;
    private readonly List<ChdbThread> _threads = [];
    private readonly TimeProvider _time;
    private int _waiting;

    internal ChdbLane(string name, int threads, TimeProvider time)
    {
        Name = name;
        _time = time;
        _idle = Channel.CreateUnbounded<ChdbThread>();
        for (var index = 0; index < threads; index++)
        {
            var thread = new ChdbThread($"chdb-{name}-{index}");
            _threads.Add(thread);
            _idle.Writer.TryWrite(thread);
        }
    }

    internal string Name { get; }

    /// <summary>Takes a thread; give it back with <see cref="Return"/>.</summary>
    /// <exception cref="ChdbException">202 TOO_MANY_SIMULTANEOUS_QUERIES: none became free in time.</exception>
    internal async ValueTask<ChdbThread> RentAsync(CancellationToken cancellation)
    {
        if (_idle.Reader.TryRead(out var thread))
        {
            return thread;
        }
        if (Interlocked.Increment(ref _waiting) > MostWaiting)
        {
            Interlocked.Decrement(ref _waiting);
            throw Busy();
        }
        using var deadline = new CancellationTokenSource(LongestWait, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, deadline.Token);
        try
        {
            return await _idle.Reader.ReadAsync(either.Token);
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            throw Busy();
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }

    internal void Return(ChdbThread thread) => _idle.Writer.TryWrite(thread);

    /// <summary>Waits for the lane's threads to finish what they run, and ends them.</summary>
    public void Dispose()
    {
        foreach (var thread in _threads)
        {
            thread.Dispose();
        }
    }

    private ChdbException Busy() => ChdbException.Of(
        202, "TOO_MANY_SIMULTANEOUS_QUERIES", $"Too many simultaneous queries for the {Name} threads: try again in a moment.");
}
