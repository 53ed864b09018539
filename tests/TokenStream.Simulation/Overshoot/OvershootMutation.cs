namespace TokenStream.Simulation.Overshoot;

/// <summary>One rule of leases left out. A simulation that does not notice is not worth running.</summary>
public enum OvershootMutation
{
    None,

    /// <summary>A successor does not look at the leases that its predecessor issued.</summary>
    SuccessorForgets,

    /// <summary>Only the ledger says what was spent, however late it is.</summary>
    LedgerAlone,

    /// <summary>Gateways go on with slices that have expired.</summary>
    ExpiryIgnored,

    /// <summary>What requests in flight may cost is not kept free.</summary>
    NothingReserved,
}
