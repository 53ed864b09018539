namespace TokenStream.Broker.Groups;

/// <summary>Times and bounds of consumer groups and their committed offsets.</summary>
public sealed class GroupOptions
{
    /// <summary>Milliseconds a group that was empty waits for more members before its first assignment. Default 100.</summary>
    public int InitialRebalanceDelayMs { get; init; } = 100;

    /// <summary>Shortest session time-out taken from a member, ms; a shorter one is error 26. Default 1,000.</summary>
    public int MinSessionTimeoutMs { get; init; } = 1_000;

    /// <summary>Longest session time-out taken from a member, ms. Default 30 minutes, as Kafka's.</summary>
    public int MaxSessionTimeoutMs { get; init; } = 1_800_000;

    /// <summary>Most groups, those that only hold offsets included; a join beyond is error 81, a commit beyond error 28. Default 10,000.</summary>
    public int MaxGroups { get; init; } = 10_000;

    /// <summary>Most members of one group; a join beyond is error 81. Default 500.</summary>
    public int MaxMembers { get; init; } = 500;

    /// <summary>Most bytes that the members of all groups may have stored here (their subscriptions and assignments); a join beyond is error 81.
    /// Default 64 MiB.</summary>
    public long MaxMemberBytes { get; init; } = 64L << 20;

    /// <summary>Most committed offsets over all groups; a new one beyond is error 28. Default 1,000,000.</summary>
    public int MaxOffsets { get; init; } = 1_000_000;

    /// <summary>Most bytes of the text committed with an offset; more is error 12. Default 4,096, as Kafka's.</summary>
    public int MaxMetadataBytes { get; init; } = 4_096;

    /// <summary>Milliseconds after which the offset of a group without members is forgotten, counted from its commit. It is kept besides until the
    /// group was seen empty for a day of running (or this time, if shorter), so that a log that was off for weeks forgets nothing at its start.
    /// Default 7 days, as Kafka's.</summary>
    public long OffsetsRetentionMs { get; init; } = 604_800_000;

    /// <summary>Milliseconds between two looks for what has expired. Default 10 minutes.</summary>
    public int ExpiryIntervalMs { get; init; } = 600_000;
}
