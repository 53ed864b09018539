using TokenStream.Scopes;

namespace TokenStream.Budgets;

/// <summary>What a budget may do.</summary>
public enum BudgetMode
{
    /// <summary>Everything is evaluated; the commands that would have been sent are recorded and shown.</summary>
    Observe = 0,

    /// <summary>Alerts are sent, commands are not.</summary>
    Alert = 1,

    /// <summary>Alerts and commands.</summary>
    Enforce = 2,
}

/// <summary>A limit of cost, or of tokens, for a scope over a period, and what is done as it is used up.</summary>
public sealed record Budget
{
    /// <summary>Most scopes that one budget with "each" governs.</summary>
    public const int DefaultEachLimit = 10_000;

    /// <summary>Unique in its set; <c>[a-z0-9][a-z0-9._-]*</c>.</summary>
    public required string Name { get; init; }

    public required ScopePattern Scope { get; init; }

    public required BudgetAmount Amount { get; init; }

    public required BudgetPeriod Period { get; init; }

    /// <summary>What holds in the place of <see cref="Period"/> for a while; no part of a budget's file.</summary>
    public HeldPeriod? Held { get; init; }

    public BudgetMode Mode { get; init; } = BudgetMode.Observe;

    /// <summary>Whether what one period leaves over is added to the next.</summary>
    public bool CarryOver { get; init; }

    /// <summary>
    /// Whether the bound on usage without a price counts for kill, cache_only and throttle too, not only for alerts and soft steps.
    /// </summary>
    public bool EnforceUnpriced { get; init; }

    /// <summary>Whether the batch service tier counts in burn rates.</summary>
    public bool BatchInBurnRates { get; init; }

    /// <summary>Alerted on, in percent of the amount, ascending.</summary>
    public IReadOnlyList<decimal> Thresholds { get; init; } = [50, 80, 100];

    public IReadOnlyList<BurnFactor> BurnFactors { get; init; } = BurnFactor.Defaults;

    /// <summary>The steps, from the mildest to the hardest.</summary>
    public IReadOnlyList<LadderStep> Ladder { get; init; } = [];

    /// <summary>Whom its alerts are for; null for the directory's owner of the tenant.</summary>
    public string? Owner { get; init; }

    /// <summary>The alert route; null for the directory's.</summary>
    public string? Route { get; init; }

    /// <summary>Most scopes, where the pattern has "each".</summary>
    public int EachLimit { get; init; } = DefaultEachLimit;

    /// <summary>Whether the breaker lets its commands pass: for a budget that is meant to stop many tenants at once.</summary>
    public bool PassesBreaker { get; init; }

    /// <summary>Whether gateways spend from leases, so that the amount cannot be overshot by more than what is leased.</summary>
    public bool Leases { get; init; }
}

/// <summary>A limit in picodollars or in tokens.</summary>
public readonly record struct BudgetAmount(Int128 Value, bool IsTokens);

/// <summary>A factor of the burn rate and the share of the amount that its long lookback stands for (the SRE workbook's pairs).</summary>
/// <param name="Informs">Whether it only informs: never pages, never acts.</param>
public sealed record BurnFactor(decimal Factor, decimal SharePercent, bool Informs = false)
{
    /// <summary>
    /// 14.4, 6 and 1 are the table of the SRE workbook's chapter on alerting on SLOs, 3 its code; the shares are adapted to money.
    /// </summary>
    public static IReadOnlyList<BurnFactor> Defaults { get; } = [new(14.4m, 2), new(6, 5), new(3, 10), new(1, 10, Informs: true)];
}
