using TokenStream.Scopes;

namespace TokenStream.Commands;

/// <summary>
/// An instruction to gateways about one scope, from one source. Sources do not overwrite each other: a command replaces only the one of its
/// own key. Times are milliseconds since the Unix epoch.
/// </summary>
public sealed record Command
{
    /// <summary>How the source of a lease begins; the budget's name follows.</summary>
    public const string LeasePrefix = "lease/";

    /// <summary>Names the command to people and in gateways' answers; unique.</summary>
    public required string Id { get; init; }

    public required Scope Scope { get; init; }

    /// <summary><c>budget/NAME</c>, <c>lease/NAME</c> (of a budget), <c>rule/NAME</c> or <c>manual/ID</c>.</summary>
    public required string Source { get; init; }

    public required CommandVersion Version { get; init; }

    /// <summary><see cref="CommandAction.None"/> is a release.</summary>
    public required CommandAction Action { get; init; }

    public ActionParameters Parameters { get; init; } = ActionParameters.Nothing;

    /// <summary>Whether it tries out a release: a throttle at a tenth of the normal rate.</summary>
    public bool IsProbe { get; init; }

    public required long IssuedMs { get; init; }

    /// <summary>From then on it asks for nothing; null until it is released.</summary>
    public long? ExpiresMs { get; init; }

    /// <summary>Why, in a sentence for whoever is refused.</summary>
    public required string Reason { get; init; }

    /// <summary>Refused callers may come back then: an exhausted budget's next period. Null where nobody knows.</summary>
    public long? RetryAtMs { get; init; }

    /// <summary>What it was decided on; null for a person's command.</summary>
    public CommandCause? Cause { get; init; }

    /// <summary>Where the scope names an organisation: its tenants, since gateways know tenants only.</summary>
    public IReadOnlyList<string> Tenants { get; init; } = [];

    /// <summary>What a successor of the issuer needs to go on from here; gateways pass over it.</summary>
    public LadderMemory? Ladder { get; init; }

    /// <summary>Of a lease, likewise.</summary>
    public LeaseMemory? Lease { get; init; }

    /// <summary>The key of the record: one command stands for each.</summary>
    public string Key => $"{Scope.Text}|{Source}";

    /// <summary>Whether it is a lease, or the release of one.</summary>
    public bool IsLease => Source.StartsWith(LeasePrefix, StringComparison.Ordinal);

    public bool IsManual => Source.StartsWith("manual/", StringComparison.Ordinal);
}

/// <summary>What an automatic command was decided on. Money is picodollars; tokens where the budget counts tokens.</summary>
public sealed record CommandCause
{
    public required string Budget { get; init; }

    public required long BudgetSetVersion { get; init; }

    /// <summary>What of the ladder was reached: <c>burn 14.4</c>, <c>spent 80 %</c>, <c>exhausted</c>.</summary>
    public required string Trigger { get; init; }

    /// <summary>Whether <see cref="Spent"/> and the other amounts are tokens.</summary>
    public bool IsTokens { get; init; }

    public required Int128 Spent { get; init; }

    public required Int128 Limit { get; init; }

    /// <summary>Of <see cref="Spent"/>, what is a bound on usage without a price.</summary>
    public Int128 UnpricedBound { get; init; }

    public double? BurnRate { get; init; }

    public required long PeriodStartMs { get; init; }

    public required long PeriodEndMs { get; init; }

    /// <summary>When the amount runs out at the present speed; null where it does not.</summary>
    public long? ExhaustedAtMs { get; init; }

    /// <summary>What the command saves a minute, as estimated when it was issued.</summary>
    public Int128 SavesPerMinute { get; init; }

    /// <summary>Highest broker timestamp among the events it was decided on: what latency is measured from.</summary>
    public long EventMs { get; init; }

    /// <summary>Input offsets it was decided on, by <c>topic/partition</c>: the highest position that had counted.</summary>
    public IReadOnlyDictionary<string, long> Offsets { get; init; } = new Dictionary<string, long>();
}

/// <summary>Where a budget's ladder stood when a command was issued.</summary>
public sealed record LadderMemory
{
    /// <summary>Index of the ladder's step in force; -1 for none.</summary>
    public required int Step { get; init; }

    /// <summary>When the step began to hold.</summary>
    public required long SinceMs { get; init; }

    /// <summary>Not released before.</summary>
    public required long HoldUntilMs { get; init; }

    /// <summary>The hold that applies, doubled by every trip within an hour of a release.</summary>
    public required long HoldMs { get; init; }

    /// <summary>When a step was released last; null where none was.</summary>
    public long? ReleasedMs { get; init; }

    /// <summary>Trips in this period.</summary>
    public int Trips { get; init; }

    /// <summary>Demand a minute when the step was taken, picodollars or tokens: what a probe is a share of.</summary>
    public Int128 DemandAtTrip { get; init; }

    /// <summary>Tokens a minute when the step was taken, blocked ones included; 0 where that is not known.</summary>
    public long TokensAtTrip { get; init; }

    /// <summary>Requests a minute when the step was taken, blocked ones included; 0 where that is not known.</summary>
    public long RequestsAtTrip { get; init; }

    /// <summary>Since when demand has been low enough for a release; null while it is not.</summary>
    public long? CalmSinceMs { get; init; }

    /// <summary>Whether gateways have reported a blocked request since the trip: only then is silence a sign of calm.</summary>
    public bool BlockedWasReported { get; init; }

    /// <summary>
    /// The highest step above <see cref="Step"/> that demand has released in this period although its share of the amount is still spent;
    /// -1 for none. It trips again only with demand.
    /// </summary>
    public int ReleasedStep { get; init; } = -1;
}
