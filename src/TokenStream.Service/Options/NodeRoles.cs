namespace TokenStream.Service.Options;

/// <summary>The stages a node can take part in.</summary>
[Flags]
internal enum NodeRoles
{
    None = 0,

    /// <summary>Input to rollups.</summary>
    Aggregate = 1,

    /// <summary>Rollups to ClickHouse.</summary>
    Store = 2,

    /// <summary>Spend of scopes to commands.</summary>
    Govern = 4,

    /// <summary>Payloads over HTTP to input.</summary>
    Receive = 8,

    /// <summary>Payloads on topics to input.</summary>
    Map = 16,

    /// <summary>Rollups to anomalies.</summary>
    Detect = 32,

    All = Aggregate | Store | Govern | Receive | Map | Detect,
}

/// <summary>Roles as people write them.</summary>
internal static class NodeRoleNames
{
    /// <summary>Completes a sentence about a name that is none.</summary>
    public const string Possible = "possible are aggregate, store, detect, govern, receive and map";

    /// <summary>The role of a name; none where there is no such role.</summary>
    public static NodeRoles Parse(string name) => name.ToLowerInvariant() switch
    {
        "aggregate" => NodeRoles.Aggregate,
        "store" => NodeRoles.Store,
        "detect" => NodeRoles.Detect,
        "govern" => NodeRoles.Govern,
        "receive" => NodeRoles.Receive,
        "map" => NodeRoles.Map,
        _ => NodeRoles.None,
    };
}
