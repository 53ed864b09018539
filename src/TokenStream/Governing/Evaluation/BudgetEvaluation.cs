using TokenStream.Budgets;
using TokenStream.Detection;
using TokenStream.Scopes;

namespace TokenStream.Governing.Evaluation;

/// <summary>How one budget stands for one scope at one instant. Amounts are picodollars, or tokens where the budget counts tokens.</summary>
public sealed record BudgetEvaluation
{
    public required Budget Budget { get; init; }

    public required Scope Scope { get; init; }

    /// <summary>The instant of the evaluation, milliseconds since the Unix epoch.</summary>
    public required long NowMs { get; init; }

    /// <summary>The period that holds the instant; of a rolling period, its last hours.</summary>
    public required PeriodSpan Period { get; init; }

    /// <summary>The amount of this period, what was carried over included.</summary>
    public required Int128 Limit { get; init; }

    /// <summary>Spent in the period, the bound on unpriced usage left out.</summary>
    public required Int128 Spent { get; init; }

    /// <summary>The bound on the period's unpriced usage.</summary>
    public Int128 UnpricedBound { get; init; }

    /// <summary>The bound on the unpriced usage of the last 24 hours, whole hours; 0 where the budget counts tokens.</summary>
    public Int128 UnpricedLastDay { get; init; }

    /// <summary>What the period's blocked requests would have cost.</summary>
    public Int128 Blocked { get; init; }

    public required IReadOnlyList<PairReading> Pairs { get; init; }

    /// <summary>When the limit is reached if spending goes on as forecast; null where that is not within the period's end or not known.</summary>
    public long? ExhaustedAtMs { get; init; }

    /// <summary>The earliest and the latest instant of the forecast's interval; null as above.</summary>
    public long? ExhaustedEarliestMs { get; init; }

    public long? ExhaustedLatestMs { get; init; }

    /// <summary>Spent plus blocked in the last whole minute.</summary>
    public required Int128 DemandPerMinute { get; init; }

    /// <summary>
    /// Demand, spent plus blocked, of the last five minutes a minute, for release: a gap of a minute does not end a runaway.
    /// </summary>
    public required Int128 SteadyDemandPerMinute { get; init; }

    /// <summary>Tokens of <see cref="DemandPerMinute"/>, blocked ones included: what a throttle that tries out a release is a share of.</summary>
    public long DemandTokensPerMinute { get; init; }

    /// <summary>Requests of <see cref="DemandPerMinute"/>, blocked ones included.</summary>
    public long DemandRequestsPerMinute { get; init; }

    /// <summary>Whether blocked requests were reported for the scope in the last five minutes.</summary>
    public bool BlockedIsReported { get; init; }

    /// <summary>Of a budget with leases: what was spent, and how well that is known. Null for others.</summary>
    public LedgerCut? Cut { get; init; }

    /// <summary>Not filled from the period's stored rollups yet: nothing is sent.</summary>
    public bool IsSeeding { get; init; }

    /// <summary>Where what the period spent before cannot be known, as of a user: from when on spend is counted. Null where all of it is.</summary>
    public long? CountsFromMs { get; init; }

    /// <summary>The newest spend is more than ten minutes old, or none came: no automatic command comes from it.</summary>
    public bool IsStale { get; init; }

    /// <summary>The worst anomaly that lasts in the scope; null where there is none, or no step of the budget asks for one.</summary>
    public AnomalySeverity? Anomaly { get; init; }

    /// <summary>Highest broker timestamp of the spend counted.</summary>
    public long EventMs { get; init; }

    /// <summary>Positions that had counted, by <c>topic/partition</c>.</summary>
    public IReadOnlyDictionary<string, long> Offsets { get; init; } = new Dictionary<string, long>();
}

/// <summary>A burn-rate pair of a budget at one instant.</summary>
/// <param name="Factor">Its factor and share.</param>
/// <param name="LongMs">The long lookback.</param>
/// <param name="ShortMs">The short lookback.</param>
/// <param name="LongRate">Burn rate over the long lookback; for people, comparisons are exact.</param>
/// <param name="ShortRate">Burn rate over the short lookback.</param>
/// <param name="IsAbove">Both lookbacks exceed the factor, and the long one holds enough money and requests.</param>
/// <param name="Fires">Above, and the forecast says that the limit is reached before the period ends; the bound on unpriced usage left out.</param>
/// <param name="FiresWithBound">The same, the bound on unpriced usage counted: enough for an alert and for soft steps.</param>
public sealed record PairReading(
    BurnFactor Factor, long LongMs, long ShortMs, double LongRate, double ShortRate, bool IsAbove, bool Fires, bool FiresWithBound = false);
