using TokenStream.Windowing;

namespace TokenStream.Governing.Ledger;

/// <summary>The measures of a scope that are kept over time.</summary>
internal enum SumColumn
{
    Cost = 0,
    BatchCost = 1,
    UnpricedBound = 2,
    BatchUnpricedBound = 3,
    BlockedCost = 4,
    Tokens = 5,
    BatchTokens = 6,
    BlockedTokens = 7,
    Requests = 8,
    BatchRequests = 9,
    BlockedRequests = 10,
}

/// <summary>Sets of <see cref="SumColumn"/>, a bit each, and a column's value in measures.</summary>
internal static class SumColumns
{
    public const int Count = 11;

    public const int Money = (1 << (int)SumColumn.Cost) | (1 << (int)SumColumn.BatchCost) | (1 << (int)SumColumn.UnpricedBound) |
        (1 << (int)SumColumn.BatchUnpricedBound);

    public const int Tokens = (1 << (int)SumColumn.Tokens) | (1 << (int)SumColumn.BatchTokens);

    public const int Requests = (1 << (int)SumColumn.Requests) | (1 << (int)SumColumn.BatchRequests);

    public const int Blocked = (1 << (int)SumColumn.BlockedCost) | (1 << (int)SumColumn.BlockedTokens) | (1 << (int)SumColumn.BlockedRequests);

    public static Int128 Of(in SpendMeasures measures, SumColumn column) => column switch
    {
        SumColumn.Cost => measures.Cost,
        SumColumn.BatchCost => measures.BatchCost,
        SumColumn.UnpricedBound => measures.UnpricedBound,
        SumColumn.BatchUnpricedBound => measures.BatchUnpricedBound,
        SumColumn.BlockedCost => measures.BlockedCost,
        SumColumn.Tokens => measures.Tokens,
        SumColumn.BatchTokens => measures.BatchTokens,
        SumColumn.BlockedTokens => measures.BlockedTokens,
        SumColumn.Requests => measures.Requests,
        SumColumn.BatchRequests => measures.BatchRequests,
        _ => measures.BlockedRequests,
    };
}
