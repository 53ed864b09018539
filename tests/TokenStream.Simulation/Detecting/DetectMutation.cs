namespace TokenStream.Simulation.Detecting;

/// <summary>One rule of the detect stage left out, at its edges. A simulation that does not notice is not worth running.</summary>
public enum DetectMutation
{
    None,

    /// <summary>An owner that lost its partition can still commit.</summary>
    NoFencing,

    /// <summary>A commit without an answer counts as done.</summary>
    CommitTakenForGranted,

    /// <summary>A batch without an answer counts as published.</summary>
    FlushTakenForGranted,

    /// <summary>Every snapshot has the same name.</summary>
    SnapshotInPlace,

    /// <summary>The commit names a snapshot that is not acknowledged yet.</summary>
    NamedBeforeFlushed,

    /// <summary>Older snapshots are deleted before the commit that names the new one.</summary>
    DeletedBeforeCommit,

    /// <summary>The commit names the position, and the snapshot of an earlier one.</summary>
    PositionWithoutSnapshot,

    /// <summary>Marks do not reach the stage once in a while.</summary>
    MarksLost,
}
