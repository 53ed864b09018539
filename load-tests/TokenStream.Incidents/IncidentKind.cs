namespace TokenStream.Incidents;

/// <summary>What is done to a tenant's traffic on the last day.</summary>
internal enum IncidentKind
{
    /// <summary>The prompt version in use no longer hits the provider's cache.</summary>
    CacheLoss,

    /// <summary>An agent's session calls again and again, with a context that grows.</summary>
    AgentLoop,

    /// <summary>A script sends requests of a feature at its quietest hours.</summary>
    NightScript,

    /// <summary>The same requests go to a dearer model.</summary>
    ModelSwap,

    /// <summary>The price book's entry of the model becomes a multiple of what it was.</summary>
    PriceError,

    /// <summary>Most requests fail and are tried again, and the failures are paid for.</summary>
    RetryStorm,

    /// <summary>Volume grows over four hours.</summary>
    SlowGrowth,

    /// <summary>Nothing comes from the tenant.</summary>
    Outage,

    /// <summary>A tenant with weekends, on a Saturday or a Monday: normal.</summary>
    WeeklyPattern,

    /// <summary>Half the traffic all day: normal.</summary>
    Holiday,

    /// <summary>A minute or two of three times the traffic: normal.</summary>
    Burst,

    /// <summary>Another prompt version of equal cost: normal.</summary>
    Deploy,
}

internal static class IncidentKinds
{
    public static IReadOnlyList<IncidentKind> All { get; } = Enum.GetValues<IncidentKind>();

    /// <summary>Whether nobody should be told of it.</summary>
    public static bool IsNormal(this IncidentKind kind) => kind >= IncidentKind.WeeklyPattern;

    /// <summary>Whether it is a part of the goal: nine of ten, in time, with the right first cause.</summary>
    public static bool IsGoal(this IncidentKind kind) => kind <= IncidentKind.PriceError;
}
