namespace TokenStream.Chdb.Engine;

/// <summary>Who a session acts for; the engine's roles of the same names bound what it may do.</summary>
internal enum ChdbRole
{
    /// <summary>Reads our database, within limits, and can never write.</summary>
    Reader,

    /// <summary>May do everything.</summary>
    Owner,
}
