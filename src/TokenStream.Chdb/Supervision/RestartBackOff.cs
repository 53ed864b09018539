namespace TokenStream.Chdb.Supervision;

/// <summary>
/// How long to wait before a process that died is started again: twice as long each time, up to a bound, and from the beginning once a run
/// has lasted. It holds no clock, and a process that dies once an hour is back at once each time.
/// </summary>
internal sealed class RestartBackOff
{
    internal static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(200);

    internal static readonly TimeSpan Longest = TimeSpan.FromSeconds(30);

    /// <summary>A run of at least this length counts as a good one.</summary>
    internal static readonly TimeSpan GoodRun = TimeSpan.FromSeconds(60);

    private TimeSpan _next = Shortest;

    /// <summary>The wait after a run of the given length.</summary>
    internal TimeSpan After(TimeSpan run)
    {
        var delay = run >= GoodRun ? Shortest : _next;
        _next = delay * 2 < Longest ? delay * 2 : Longest;
        return delay;
    }
}
