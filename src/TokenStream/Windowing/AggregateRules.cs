using System.Text;
using TokenStream.Pricing;
using TokenStream.Scopes;

namespace TokenStream.Windowing;

/// <summary>
/// Whatever the content of rollups depends on besides the log and the decisions. Versioned: a decision names the version it was computed
/// under, and an owner adopts another one only between decisions.
/// </summary>
public sealed record AggregateRules
{
    /// <summary>1, 2, .. as published on the configuration topic.</summary>
    public required long Version { get; init; }

    public required PriceBook Prices { get; init; }

    /// <summary>Keys of the event's labels that become dimensions; at most four.</summary>
    public IReadOnlyList<string> LabelKeys { get; init; } = [];

    /// <summary>Size of a tumbling window, aligned to the Unix epoch.</summary>
    public long WindowMs { get; init; } = 10_000;

    /// <summary>How far behind stream time an event may lie before its window may be closed.</summary>
    public long GraceMs { get; init; } = 30_000;

    /// <summary>How far ahead of its broker timestamp an event may lie; beyond, it is booked at that timestamp.</summary>
    public long FutureMs { get; init; } = 120_000;

    /// <summary>How long an event id is remembered, in broker time.</summary>
    public long DuplicateHorizonMs { get; init; } = 600_000;

    /// <summary>How many records back an event id is remembered at most.</summary>
    public long DuplicateRecords { get; init; } = 50_000_000;

    /// <summary>Most keys of one window; beyond, every value that is not protected folds into <c>~other</c>.</summary>
    public int MaxKeys { get; init; } = 2_000_000;

    /// <summary>Most names of each <see cref="Dimension"/> in one window.</summary>
    public IReadOnlyList<int> Bounds { get; init; } = [32, 100_000, 2_000, 5_000, 256, 4_000, 5_000, 2_000, 2_000, 2_000, 2_000];

    /// <summary>Number of partitions that rollups are routed to.</summary>
    public int RollupsPartitions { get; init; } = 2;

    /// <summary>The scopes that spend is summed for.</summary>
    public ScopeIndex Scopes { get; init; } = ScopeIndex.None;

    /// <summary>Version of the budget set that the scopes are of; 0 where there is none.</summary>
    public long BudgetsVersion { get; init; }

    /// <summary>What tokens without a price count at in the spend of scopes, where their provider has no price for their class.</summary>
    internal RateSet UnpricedBound { get; init; } = RateSet.None;

    /// <summary>Number of partitions that the spend of scopes is routed to.</summary>
    public int SpendPartitions { get; init; } = 2;

    /// <summary>Most scopes that a pattern makes of the events of one window; beyond, they are booked under its <c>~other</c>.</summary>
    public int MaxScopes { get; init; } = 20_000;

    /// <summary>The most that one look at the clock may add to the stream time of a silent partition.</summary>
    public long MaxElapsedMs { get; init; } = 1_000;

    /// <summary>A silent partition with nothing open still decides at every multiple of this ..</summary>
    public long SilentStepMs { get; init; } = 60_000;

    /// <summary>.. until it has closed through a multiple of this, so that the last minute, hour and day are sealed.</summary>
    public long SilentUntilMs { get; init; } = 86_400_000;

    /// <summary>How long late events wait for a decision of their own, and how long read records wait to be counted in one.</summary>
    public long CorrectionDelayMs { get; init; } = 1_000;

    public long CountDelayMs { get; init; } = 10_000;

    /// <summary>Keys of late events that make a decision due at once: bounds the memory of corrections.</summary>
    public int MaxLateKeys { get; init; } = 100_000;

    /// <summary>Whether a name may never fold because a price or a budget names it.</summary>
    public bool IsProtected(Dimension dimension, ReadOnlySpan<byte> name)
    {
        if (dimension > Dimension.Model)
        {
            return false;
        }

        var text = Encoding.UTF8.GetString(name);
        return dimension switch
        {
            Dimension.Environment => Scopes.Names(ScopeDimension.Environment, text),
            Dimension.Tenant => Prices.NamesTenant(text) || Scopes.Names(ScopeDimension.Tenant, text),
            Dimension.App => Scopes.Names(ScopeDimension.App, text),
            Dimension.Feature => Scopes.Names(ScopeDimension.Feature, text),
            Dimension.Provider => Prices.NamesProvider(text) || Scopes.Names(ScopeDimension.Provider, text),
            _ => Prices.NamesModel(text) || Scopes.Names(ScopeDimension.Model, text),
        };
    }
}
