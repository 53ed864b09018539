namespace TokenStream.Commands;

/// <summary>
/// How a gateway's slice of one lease stands. Amounts are picodollars or tokens, as the lease counts; those that only grow count from the
/// instance's beginning, so that a report that is lost or comes twice changes nothing.
/// </summary>
public sealed record LeaseReport
{
    /// <summary>Key of the lease's command.</summary>
    public required string Key { get; init; }

    /// <summary>Names this count: random, and another one whenever a gateway begins to count anew.</summary>
    public required string Instance { get; init; }

    /// <summary>Version of the command that the gateway obeys.</summary>
    public required CommandVersion Version { get; init; }

    /// <summary>What it may have spent by that command; 0 where it has no slice.</summary>
    public Int128 Granted { get; init; }

    /// <summary>What completed requests cost. Only grows.</summary>
    public Int128 Settled { get; init; }

    /// <summary>What requests in flight may cost.</summary>
    public Int128 Reserved { get; init; }

    /// <summary>Estimates of all requests that were refused for want of a lease. Only grows.</summary>
    public Int128 Wanted { get; init; }

    /// <summary>The largest estimate of a request that was refused since the last report; 0 where none was.</summary>
    public Int128 Largest { get; init; }
}
