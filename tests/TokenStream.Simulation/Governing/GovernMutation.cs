namespace TokenStream.Simulation.Governing;

/// <summary>One rule of governing left out, at the edges of the stage. A simulation that does not notice is not worth running.</summary>
public enum GovernMutation
{
    None,

    /// <summary>Every owner issues in the same epoch.</summary>
    NoEpoch,

    /// <summary>A member that lost its partition can still commit.</summary>
    NoFencing,

    /// <summary>Commands are produced before their versions are committed.</summary>
    ProduceBeforeCommit,

    /// <summary>A commit without an answer counts as done.</summary>
    CommitTakenForGranted,

    /// <summary>A batch without an answer counts as published.</summary>
    FlushTakenForGranted,

    /// <summary>A new owner does not read the commands topic.</summary>
    CommandsNotRead,

    /// <summary>A new owner does not read what names snapshots have, but for the one that the commit names.</summary>
    NamesNotRead,

    /// <summary>An owner does not read its commands back.</summary>
    NoReadBack,

    /// <summary>A release is a tombstone first.</summary>
    TombstoneBeforeRelease,

    /// <summary>An owner decides before it has read what was there when it took over.</summary>
    DecidesEarly,

    /// <summary>The ledger hears of no marks.</summary>
    NoMarks,

    /// <summary>The ledger does not look at the numbers of decisions.</summary>
    Unnumbered,

    /// <summary>A provisional value does not replace the one before.</summary>
    ProvisionalsAddUp,

    /// <summary>The ledger's snapshot is overwritten in place.</summary>
    SnapshotInPlace,

    /// <summary>The commit names a snapshot that is not acknowledged yet.</summary>
    NamedBeforeFlushed,

    /// <summary>Older snapshots are deleted before the commit that names the new one.</summary>
    DeletedBeforeCommit,

    /// <summary>All other snapshots are deleted, those of higher offsets too.</summary>
    OthersDeleted,

    /// <summary>The commit names the position, and the snapshot of an earlier one.</summary>
    PositionWithoutSnapshot,
}
