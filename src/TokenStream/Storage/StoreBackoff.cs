namespace TokenStream.Storage;

/// <summary>
/// How long to wait before a store that did not take a call is asked again: twice as long each time, up to a bound, and each wait drawn from
/// the upper half of its span, so that nodes that failed together do not come back together. Not thread-safe.
/// </summary>
public sealed class StoreBackoff
{
    /// <summary>The span of the first wait.</summary>
    public static readonly TimeSpan First = TimeSpan.FromMilliseconds(200);

    /// <summary>No wait is longer.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromSeconds(30);

    private readonly Random _random;
    private int _failures;

    /// <param name="seed">The waits are a function of it.</param>
    public StoreBackoff(int seed)
    {
        _random = new Random(seed);
    }

    /// <summary>Calls that failed since the last one that did not.</summary>
    public int Failures => _failures;

    /// <summary>Counts a failure and says how long to wait now.</summary>
    public TimeSpan Failed()
    {
        var span = TimeSpan.FromTicks(Math.Min(Longest.Ticks, First.Ticks << Math.Min(_failures, 20)));
        _failures++;
        return span * (0.5 + (_random.NextDouble() / 2));
    }

    /// <summary>The store took a call.</summary>
    public void Succeeded() => _failures = 0;
}
