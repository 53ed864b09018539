namespace TokenStream.Gateway;

/// <summary>
/// What was promised to a request that was let in: its tokens, of its tenant and of the throttles that let it pass, and its cost, of the
/// leases that had room for it.
/// </summary>
internal readonly struct Reservation(TenantReservations? tenant, ChargeSet? charges, long tokens, long cost)
{
    public ChargeSet? Charges => charges;

    /// <summary>
    /// Gives the tenant's share back and makes throttles and leases count what was used. A refused request has promised nothing.
    /// </summary>
    public void Settle(long usedTokens, long usedCost)
    {
        tenant?.Give(tokens);
        charges?.Settle(tokens, usedTokens, cost, usedCost);
    }

    /// <summary>The same where nobody knows what was used: all of it.</summary>
    public void Forfeit() => Settle(tokens, cost);
}
