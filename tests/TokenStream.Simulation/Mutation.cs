namespace TokenStream.Simulation;

/// <summary>One rule of the protocol left out. A simulation that does not notice is not worth running.</summary>
public enum Mutation
{
    None,

    /// <summary>Effects are performed without committing the decision first.</summary>
    NoDecision,

    /// <summary>A worker that lost its partition can still commit.</summary>
    RevokeNotAwaited,

    /// <summary>A successor skips what lies below the pending decision's position, as if it were published.</summary>
    SkipToDecision,

    /// <summary>A pending decision is published under today's rules instead of those it names.</summary>
    BookAtOnce,

    /// <summary>Names given to one window are kept for all later ones.</summary>
    NamesForLife,

    /// <summary>A successor guesses from timestamps where remembered ids begin.</summary>
    SkimByTime,

    /// <summary>Ids are forgotten when their table is full.</summary>
    ForgetWhenFull,

    /// <summary>The wall clock judges which events come from the future.</summary>
    FutureByClock,

    /// <summary>An event ahead of its record's timestamp moves stream time along.</summary>
    FutureLeads,

    /// <summary>A jump of the clock counts in full as silence.</summary>
    ClockJumps,

    /// <summary>A silent partition with nothing open never decides.</summary>
    SilentSaysNothing,

    /// <summary>A gap that retention tore is passed over.</summary>
    ResetEarliest,

    /// <summary>The rollups topic is compacted.</summary>
    Compacted,

    /// <summary>Readers of provisional values do not void them at a mark.</summary>
    NoClosedMark,

    /// <summary>Marks are published before the values.</summary>
    MarksFirst,

    /// <summary>Readers do not look at the numbers of decisions.</summary>
    Unnumbered,

    /// <summary>The ledger's snapshot is overwritten in place.</summary>
    SnapshotInPlace,

    /// <summary>All other snapshots are deleted, those of higher offsets too.</summary>
    TombstoneOthers,

    /// <summary>The store notes a block before it keeps it, and drops what it noted.</summary>
    NotedBeforeKept,

    /// <summary>The store commits before it seals.</summary>
    CommitBeforeSeal,

    /// <summary>A range is sealed when the slowest partition has passed it.</summary>
    SealBySlowest,

    /// <summary>A correction seals its range again.</summary>
    Reseal,

    /// <summary>Sealed rows are not versioned by the number of rows summed.</summary>
    NoVersion,

    /// <summary>Views read whatever coarse rows are there, not those below the seal.</summary>
    OneView,
}
