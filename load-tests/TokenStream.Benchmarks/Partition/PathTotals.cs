using TokenStream.Windowing;

namespace TokenStream.Benchmarks.Partition;

/// <summary>What a run added up, read from the windows as they close, so that two programs can be compared to the last token.</summary>
internal struct PathTotals
{
    /// <summary>Events in the windows.</summary>
    public long Events;
    public long TokensIn;
    public long TokensOut;
    public long TokensCached;
    public long TokensCacheWrite5m;
    public long TokensCacheWrite1h;
    public long TokensReasoning;

    /// <summary>Picodollars.</summary>
    public Int128 Cost;

    /// <summary>Pairs of window and key.</summary>
    public long Groups;

    /// <summary>Sum of the squared events of each group.</summary>
    public Int128 SquaredEvents;

    /// <summary>Pairs of window and scope.</summary>
    public long Scopes;

    /// <summary>What all scopes spent together, bounds of unpriced usage included: an event counts once a scope.</summary>
    public Int128 Spent;

    public long Duplicates;
    public long Refused;
    public long Ticks;

    /// <summary>Records read, whatever became of them.</summary>
    public long Records;

    public void Add(in RollupMeasures measures)
    {
        Events += measures.Events;
        TokensIn += measures.TokensIn;
        TokensOut += measures.TokensOut;
        TokensCached += measures.TokensCached;
        TokensCacheWrite5m += measures.TokensCacheWrite5m;
        TokensCacheWrite1h += measures.TokensCacheWrite1h;
        TokensReasoning += measures.TokensReasoning;
        Cost += measures.Cost;
        Groups++;
        SquaredEvents += (Int128)measures.Events * measures.Events;
    }

    public void Add(in SpendMeasures measures)
    {
        Scopes++;
        Spent += measures.Cost + measures.UnpricedBound;
    }

    public void Add(in PathTotals other)
    {
        Events += other.Events;
        TokensIn += other.TokensIn;
        TokensOut += other.TokensOut;
        TokensCached += other.TokensCached;
        TokensCacheWrite5m += other.TokensCacheWrite5m;
        TokensCacheWrite1h += other.TokensCacheWrite1h;
        TokensReasoning += other.TokensReasoning;
        Cost += other.Cost;
        Groups += other.Groups;
        SquaredEvents += other.SquaredEvents;
        Scopes += other.Scopes;
        Spent += other.Spent;
        Duplicates += other.Duplicates;
        Refused += other.Refused;
        Ticks += other.Ticks;
        Records += other.Records;
    }
}
