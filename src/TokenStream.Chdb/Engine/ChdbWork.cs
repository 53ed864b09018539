namespace TokenStream.Chdb.Engine;

/// <summary>Kinds of work that never wait for one another: each has threads of its own.</summary>
internal enum ChdbWork
{
    /// <summary>Readers' statements.</summary>
    Read,

    /// <summary>The owner's statements, but for those below.</summary>
    Owner,

    /// <summary>The owner's streamed inserts.</summary>
    Insert,

    /// <summary>The owner's long ones: OPTIMIZE, ALTER, CHECK, BACKUP.</summary>
    Maintain,
}
