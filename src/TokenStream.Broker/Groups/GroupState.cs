namespace TokenStream.Broker.Groups;

/// <summary>What a group is doing; the names are those that clients are shown.</summary>
internal enum GroupState
{
    /// <summary>No members; offsets at most.</summary>
    Empty,

    /// <summary>Members are asked to join (again); joins are held back until all came or the time is over.</summary>
    PreparingRebalance,

    /// <summary>The members are known, the leader computes the assignment.</summary>
    CompletingRebalance,

    /// <summary>Every member has its assignment.</summary>
    Stable,

    /// <summary>Deleted; whoever still holds this object is told to ask again.</summary>
    Dead,
}
