namespace TokenStream.Governing;

/// <summary>What a governor goes by. Spans are milliseconds.</summary>
public sealed record GovernorOptions
{
    /// <summary>Partitions of the commands topic: a governor looks after the scopes of one.</summary>
    public required int Partitions { get; init; }

    /// <summary>Commands that burn rates or a rolling budget brought about are renewed this often ..</summary>
    public long RenewMs { get; init; } = 60_000;

    /// <summary>.. and expire this long after, so that a dead governor's end by themselves.</summary>
    public long ExpiryMs { get; init; } = 15 * 60_000;

    /// <summary>What ends with a period ends within this long after it, spread by the scopes' hashes.</summary>
    public long SpreadMs { get; init; } = 60_000;

    /// <summary>A trip within this long of a release doubles the hold and pages.</summary>
    public long RelapseMs { get; init; } = 60 * 60_000;

    /// <summary>A release's record is deleted when it is this old.</summary>
    public long ReleaseKeptMs { get; init; } = 7L * 24 * 60 * 60_000;

    /// <summary>The breaker: most tenants newly hit within <see cref="BreakerSpanMs"/>, in percent of the active ones ..</summary>
    public int BreakerPercent { get; init; } = 5;

    /// <summary>.. and at least so many.</summary>
    public int BreakerFloor { get; init; } = 3;

    public long BreakerSpanMs { get; init; } = 10 * 60_000;

    /// <summary>An open breaker closes when nothing was held back for so long.</summary>
    public long BreakerCalmMs { get; init; } = 30 * 60_000;

    /// <summary>A tenant counts as active for so long after it spent something.</summary>
    public long ActiveMs { get; init; } = 60 * 60_000;

    /// <summary>More usage without a price than this in 24 hours is told of: ten dollars' worth of its bound, in picodollars.</summary>
    public Int128 UnpricedPerDay { get; init; } = 10_000_000_000_000;

    /// <summary>
    /// Gateways' slices of a budget with leases are together at most this, in percent of the amount: what a gateway that dies may have spent without
    /// telling anybody.
    /// </summary>
    public int LeaseSharePercent { get; init; } = 1;

    /// <summary>A slice expires so long after it was issued ..</summary>
    public long LeaseLifeMs { get; init; } = 60_000;

    /// <summary>.. and the slices of a scope are issued anew so often at most.</summary>
    public long LeaseIntervalMs { get; init; } = 1_000;

    /// <summary>What trimming output is taken to save, in percent of the demand: an assumption for estimates, nothing is decided by it.</summary>
    public int TrimSavesPercent { get; init; } = 25;

    /// <summary>What routing to a cheaper model is taken to save, in percent of the demand: likewise.</summary>
    public int RouteSavesPercent { get; init; } = 50;
}
