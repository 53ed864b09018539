using TokenStream.Commands;
using TokenStream.Detection;

namespace TokenStream.Budgets;

/// <summary>What brings a step of a ladder into force.</summary>
public enum LadderTrigger
{
    /// <summary>The pair of <see cref="LadderStep.Level"/> fires: a burn factor.</summary>
    BurnRate,

    /// <summary>So many percent of the amount are spent.</summary>
    Spent,

    /// <summary>The amount is spent: 100 percent.</summary>
    Exhausted,
}

/// <summary>One step of a budget's ladder.</summary>
public sealed record LadderStep
{
    public required LadderTrigger Trigger { get; init; }

    /// <summary>The factor of <see cref="LadderTrigger.BurnRate"/>, the percentage of <see cref="LadderTrigger.Spent"/>.</summary>
    public decimal Level
    {
        get;
        init => (field, ScaledLevel) = (value, Scale(value));
    }

    /// <summary>
    /// <see cref="Level"/> in ten thousandths, rounded: what evaluations compare by. Made once, since decimals cost more than all the rest
    /// of a comparison.
    /// </summary>
    internal long ScaledLevel { get; private init; }

    public required CommandAction Action { get; init; }

    public ActionParameters Parameters { get; init; } = ActionParameters.Nothing;

    /// <summary>
    /// Besides its trigger, an anomaly of this severity or a worse one must last in the scope; null where the trigger alone counts.
    /// </summary>
    public AnomalySeverity? WhenAnomaly { get; init; }

    /// <summary>The step stays in force this long at least.</summary>
    public long HoldMs { get; init; } = 10 * 60_000;

    /// <summary>
    /// Kill, cache_only and throttle are hard: unpriced usage reaches them only where the budget says so, and the breaker counts them.
    /// </summary>
    public bool IsHard => Action is CommandAction.Kill or CommandAction.CacheOnly or CommandAction.Throttle;

    /// <summary>A factor or percentage in ten thousandths.</summary>
    internal static long Scale(decimal level) => (long)decimal.Round(level * 10_000);
}
