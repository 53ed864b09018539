using TokenStream.Scopes;

namespace TokenStream.Windowing;

/// <summary>
/// What one scope spent in one window, as it travels on <c>tokenstream.spend</c>. Its identity is (epoch, topic, partition, window start,
/// scope, part): the same identity always has the same content. Several records may carry scopes of one identity's window.
/// </summary>
/// <param name="Block">The same header that rollups have; final or provisional.</param>
public sealed record ScopeSpend(RollupBlockHeader Block, Scope Scope, SpendMeasures Measures);

/// <summary>The sums of one scope in one window. Money is picodollars; tokens are inclusive totals, input plus output.</summary>
public record struct SpendMeasures
{
    /// <summary>Cost of what had a price.</summary>
    public Int128 Cost;

    /// <summary>The part of <see cref="Cost"/> that the batch service tier spent.</summary>
    public Int128 BatchCost;

    /// <summary>The bound that usage without a price is charged at.</summary>
    public Int128 UnpricedBound;

    /// <summary>The part of <see cref="UnpricedBound"/> that the batch service tier used.</summary>
    public Int128 BatchUnpricedBound;

    /// <summary>What requests that a budget's command blocked would have cost: their input tokens and at most their maximum output.</summary>
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
}
