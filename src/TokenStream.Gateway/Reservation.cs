using TokenStream.Gateway.Throttling;

namespace TokenStream.Gateway;

/// <summary>What was promised to a request that was let in: its tokens, of its tenant and of the throttles that let it pass.</summary>
internal readonly struct Reservation(TenantReservations? tenant, ThrottleSet? throttles, long tokens)
{
    public ThrottleSet? Throttles => throttles;

    public long Tokens => tokens;

    /// <summary>Gives the tenant's share back and makes the throttles count what was used. A refused request has promised nothing.</summary>
    public void Settle(long used)
    {
        tenant?.Give(tokens);
        throttles?.Settle(tokens, used);
    }
}
