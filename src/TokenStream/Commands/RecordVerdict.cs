namespace TokenStream.Commands;

/// <summary>What became of a record of the commands topic.</summary>
public enum RecordVerdict
{
    /// <summary>A command or a release that is newer than what its key had.</summary>
    Applied,

    /// <summary>What its key has already.</summary>
    Repeated,

    /// <summary>A lower version than its key has: a stale owner's, or a copy.</summary>
    Outdated,

    /// <summary>The version that its key has, with another content: two issuers believe that they own the key.</summary>
    Conflicting,

    /// <summary>A heartbeat that is newer than the last one.</summary>
    Heartbeat,

    /// <summary>A heartbeat that is not.</summary>
    OutdatedHeartbeat,

    /// <summary>A deletion of a release: it is forgotten.</summary>
    Forgotten,

    /// <summary>A deletion of anything else, which changes nothing.</summary>
    DeletionIgnored,

    /// <summary>A record that is signed, but for another partition.</summary>
    WrongPartition,

    /// <summary>A new key beyond as many as are kept.</summary>
    TableFull,

    /// <summary>A record that is not believed.</summary>
    Refused,
}
