using TokenStream.Governing.Evaluation;

namespace TokenStream.Governing.Alerts;

/// <summary>How a budget stands for a scope, from good to worst.</summary>
public enum BudgetState
{
    Ok = 0,

    /// <summary>A threshold is reached, or a burn-rate pair fires that no step of the ladder names.</summary>
    Watching = 1,

    /// <summary>A step that lets requests through is triggered or in force.</summary>
    Soft = 2,

    /// <summary>A step that holds requests back is triggered or in force.</summary>
    Hard = 3,

    /// <summary>More than the amount is spent.</summary>
    Exhausted = 4,
}

/// <summary>Whom a transition should reach.</summary>
public enum AlertSeverity
{
    /// <summary>Whoever looks.</summary>
    Info = 0,

    /// <summary>Somebody, within a working day.</summary>
    Ticket = 1,

    /// <summary>Somebody, now.</summary>
    Page = 2,
}

/// <summary>What a transition tells.</summary>
public enum TransitionKind
{
    /// <summary>An event: the budget's state changed.</summary>
    State,

    /// <summary>An event: a command was issued, another step of the ladder taken or a release tried out.</summary>
    Issued,

    /// <summary>An event: a command was released.</summary>
    Released,

    /// <summary>An event: the command that a budget which enforces would have sent, and the others would not.</summary>
    WouldIssue,

    /// <summary>An event: where a budget that does not enforce would have released its command.</summary>
    WouldRelease,

    /// <summary>Lasts from when a percentage of the amount is reached until the period ends.</summary>
    Threshold,

    /// <summary>Lasts while burn-rate pairs of its severity fire.</summary>
    BurnRate,

    /// <summary>Lasts from when more than the amount is spent until the period ends or the amount is raised.</summary>
    Exhausted,

    /// <summary>Lasts while a hard step of the ladder is in force.</summary>
    Tripped,

    /// <summary>Lasts like <see cref="Tripped"/>: the step was taken within an hour of a release.</summary>
    TrippedAgain,

    /// <summary>Lasts while the breaker holds back a hard step that is triggered.</summary>
    HeldBack,

    /// <summary>Lasts while the breaker is open. Has no budget and no scope.</summary>
    Breaker,

    /// <summary>Lasts while a budget with "each" governs 80 % of the scopes that it may. Its scope is the budget's pattern.</summary>
    EachLimit,

    /// <summary>Lasts while the bound on the usage without a price of the last 24 hours is more than is put up with.</summary>
    UnpricedUsage,

    /// <summary>An event: a person has taken on an alert that lasts. Has its fingerprint and its start.</summary>
    Acknowledged,

    /// <summary>Lasts while series are not what was expected of them. Has no budget.</summary>
    Anomaly,
}

/// <summary>
/// Something that happened to a budget, with its evidence: an event, or the beginning or the end of something that lasts. Beginning and end
/// have the same fingerprint, name, labels and start, whatever the evidence has become.
/// </summary>
public sealed record BudgetTransition
{
    /// <summary>Of budget, scope and <see cref="Name"/>: alerts are told apart and deduplicated by it. 16 hexadecimal digits.</summary>
    public required string Fingerprint { get; init; }

    public required TransitionKind Kind { get; init; }

    /// <summary>The kind, and what of it: <c>threshold 80</c>, <c>burn_rate page</c>, <c>tripped</c>.</summary>
    public required string Name { get; init; }

    public required AlertSeverity Severity { get; init; }

    /// <summary>Whether it is to be sent to people; otherwise it is only written down, as everything of a budget that observes is.</summary>
    public bool Notifies { get; init; }

    /// <summary>When it happened, milliseconds since the Unix epoch.</summary>
    public required long AtMs { get; init; }

    /// <summary>When what it tells of began.</summary>
    public required long StartedMs { get; init; }

    /// <summary>When what it tells of ended; null while it lasts. An event ends as it begins.</summary>
    public long? EndedMs { get; init; }

    /// <summary>The budget's name; empty for the breaker.</summary>
    public required string Budget { get; init; }

    /// <summary>The scope's text; empty for the breaker.</summary>
    public required string Scope { get; init; }

    public long BudgetSetVersion { get; init; }

    /// <summary>The states before and after, which are the same unless the state changed.</summary>
    public BudgetState From { get; init; }

    public BudgetState To { get; init; }

    /// <summary>The command that was issued, released or would have been.</summary>
    public string? CommandId { get; init; }

    /// <summary>Whom it is for; null where neither budget nor directory says.</summary>
    public string? Owner { get; init; }

    public string? Route { get; init; }

    /// <summary>A sentence for people.</summary>
    public required string Summary { get; init; }

    /// <summary>The evaluation it was decided on; null for the breaker and for what no evaluation brought about.</summary>
    public BudgetEvaluation? Evidence { get; init; }
}
