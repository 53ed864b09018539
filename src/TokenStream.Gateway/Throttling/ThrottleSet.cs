using System.Collections.Concurrent;
using TokenStream.Commands;

namespace TokenStream.Gateway.Throttling;

/// <summary>
/// The throttles of one combination of commands. Made once and shared by all requests that meet the same ones, so that a reservation holds
/// them all, however many, without an allocation.
/// </summary>
/// <param name="throttles">The narrowest first.</param>
internal sealed class ThrottleSet(params (Command Command, ThrottleBuckets Buckets)[] throttles)
{
    /// <summary>Combinations beyond this many that begin alike are made anew for each request.</summary>
    private const int MostKept = 10_000;

    private readonly ConcurrentDictionary<Command, ThrottleSet> _larger = new(ReferenceEqualityComparer.Instance);

    /// <summary>The command of the narrowest one.</summary>
    public Command Narrowest => throttles[0].Command;

    /// <summary>These throttles and those of another command, which is wider.</summary>
    public ThrottleSet With(Command command, ThrottleBuckets buckets)
    {
        if (_larger.TryGetValue(command, out var known))
        {
            return known;
        }

        var larger = new ThrottleSet([.. throttles, (command, buckets)]);
        return _larger.Count < MostKept ? _larger.GetOrAdd(command, larger) : larger;
    }

    /// <summary>All let the request pass, or none is charged and the first that does not says how long to wait.</summary>
    public bool TryTake(long tokens, long nanoseconds, out Command? refusedBy, out long wait)
    {
        (refusedBy, wait) = (null, 0);
        for (var i = 0; i < throttles.Length; i++)
        {
            if (!throttles[i].Buckets.TryTake(tokens, nanoseconds, out wait))
            {
                refusedBy = throttles[i].Command;
                for (var taken = 0; taken < i; taken++)
                {
                    throttles[taken].Buckets.GiveBack(tokens);
                }

                return false;
            }
        }

        return true;
    }

    /// <summary>Settles an estimate.</summary>
    public void Settle(long taken, long used)
    {
        foreach (var (_, buckets) in throttles)
        {
            buckets.Settle(taken, used);
        }
    }
}
