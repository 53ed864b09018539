using TokenStream.Scopes;

namespace TokenStream.Windowing;

/// <summary>
/// What one scope spent in one window, as it travels on <c>tokenstream.spend</c>. Its identity is (epoch, topic, partition, window start,
/// scope, part): the same identity always has the same content. Several records may carry scopes of one identity's window.
/// </summary>
/// <param name="Block">The same header that rollups have; final or provisional.</param>
public sealed record ScopeSpend(RollupBlockHeader Block, Scope Scope, SpendMeasures Measures)
{
    /// <summary>Version of the budget set whose scopes the window was summed for; the same for all of a window's part.</summary>
    public long BudgetsVersion { get; init; }

    /// <summary>
    /// Highest broker timestamp among the events added, milliseconds since the Unix epoch: what latency is measured from.
    /// </summary>
    public long EventMs { get; init; }
}

/// <summary>The sums of one scope in one window. Money is picodollars; tokens are inclusive totals, input plus output.</summary>
public record struct SpendMeasures
{
    /// <summary>Number of fields, in the order of the format.</summary>
    internal const int FieldCount = 12;

    /// <summary>Cost of what had a price.</summary>
    public Int128 Cost;

    /// <summary>The part of <see cref="Cost"/> that the batch service tier spent.</summary>
    public Int128 BatchCost;

    /// <summary>The bound that usage without a price is charged at.</summary>
    public Int128 UnpricedBound;

    /// <summary>The part of <see cref="UnpricedBound"/> that the batch service tier used.</summary>
    public Int128 BatchUnpricedBound;

    /// <summary>
    /// What requests that a budget's command blocked would have cost: their input tokens and at most their maximum output.
    /// </summary>
    public Int128 BlockedCost;

    public long Tokens;
    public long BatchTokens;

    /// <summary>Tokens that have neither a price nor a bound.</summary>
    public long UnboundTokens;

    public long BlockedTokens;

    /// <summary>Requests as rollups count them, blocked ones left out.</summary>
    public long Requests;

    public long BatchRequests;
    public long BlockedRequests;

    public static SpendMeasures operator +(in SpendMeasures a, in SpendMeasures b) => new()
    {
        Cost = a.Cost + b.Cost,
        BatchCost = a.BatchCost + b.BatchCost,
        UnpricedBound = a.UnpricedBound + b.UnpricedBound,
        BatchUnpricedBound = a.BatchUnpricedBound + b.BatchUnpricedBound,
        BlockedCost = a.BlockedCost + b.BlockedCost,
        Tokens = a.Tokens + b.Tokens,
        BatchTokens = a.BatchTokens + b.BatchTokens,
        UnboundTokens = a.UnboundTokens + b.UnboundTokens,
        BlockedTokens = a.BlockedTokens + b.BlockedTokens,
        Requests = a.Requests + b.Requests,
        BatchRequests = a.BatchRequests + b.BatchRequests,
        BlockedRequests = a.BlockedRequests + b.BlockedRequests,
    };

    public static SpendMeasures operator -(in SpendMeasures a, in SpendMeasures b) => new()
    {
        Cost = a.Cost - b.Cost,
        BatchCost = a.BatchCost - b.BatchCost,
        UnpricedBound = a.UnpricedBound - b.UnpricedBound,
        BatchUnpricedBound = a.BatchUnpricedBound - b.BatchUnpricedBound,
        BlockedCost = a.BlockedCost - b.BlockedCost,
        Tokens = a.Tokens - b.Tokens,
        BatchTokens = a.BatchTokens - b.BatchTokens,
        UnboundTokens = a.UnboundTokens - b.UnboundTokens,
        BlockedTokens = a.BlockedTokens - b.BlockedTokens,
        Requests = a.Requests - b.Requests,
        BatchRequests = a.BatchRequests - b.BatchRequests,
        BlockedRequests = a.BlockedRequests - b.BlockedRequests,
    };

    /// <summary>The measures as a list in the order of the format, each field once.</summary>
    internal readonly void CopyTo(Span<Int128> fields)
    {
        ReadOnlySpan<Int128> all =
        [
            Cost, BatchCost, UnpricedBound, BatchUnpricedBound, BlockedCost, Tokens, BatchTokens, UnboundTokens, BlockedTokens, Requests,
            BatchRequests, BlockedRequests,
        ];
        all.CopyTo(fields);
    }

    /// <summary>Reads what <see cref="CopyTo"/> wrote.</summary>
    /// <exception cref="OverflowException">A count does not fit 64 bits.</exception>
    internal static SpendMeasures From(ReadOnlySpan<Int128> fields) => new()
    {
        Cost = fields[0],
        BatchCost = fields[1],
        UnpricedBound = fields[2],
        BatchUnpricedBound = fields[3],
        BlockedCost = fields[4],
        Tokens = checked((long)fields[5]),
        BatchTokens = checked((long)fields[6]),
        UnboundTokens = checked((long)fields[7]),
        BlockedTokens = checked((long)fields[8]),
        Requests = checked((long)fields[9]),
        BatchRequests = checked((long)fields[10]),
        BlockedRequests = checked((long)fields[11]),
    };
}
