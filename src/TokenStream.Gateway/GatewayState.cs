namespace TokenStream.Gateway;

/// <summary>How well a gateway knows the commands in force.</summary>
public enum GatewayState
{
    /// <summary>It has not read all of them since it started, or has heard nothing for so long that they mean little.</summary>
    Blind,

    /// <summary>It has heard nothing for more than five seconds; the last known commands go on.</summary>
    Stale,

    /// <summary>It knows all of them.</summary>
    Fresh,
}

/// <summary>What a blind gateway does.</summary>
public enum OnBlind
{
    /// <summary>Lets every request in: governance must not be what takes the service down.</summary>
    Open,

    /// <summary>Refuses every request.</summary>
    Closed,

    /// <summary>Goes on obeying what it knows.</summary>
    LastKnown,
}

/// <summary>What is done with a tenant that <see cref="TokenStreamGatewayOptions.IsKnownTenant"/> does not know.</summary>
public enum UnknownTenants
{
    /// <summary>It is taken at its word.</summary>
    Allow,

    /// <summary>It counts as <see cref="TokenStreamGatewayOptions.DefaultTenant"/>, whose budget all unknown ones share.</summary>
    DefaultBudget,

    /// <summary>It is refused.</summary>
    Deny,
}
