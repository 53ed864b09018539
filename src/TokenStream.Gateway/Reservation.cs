using System.Runtime.CompilerServices;
using TokenStream.Gateway.Throttling;

namespace TokenStream.Gateway;

/// <summary>What was promised to a request that was let in: its tokens, of its tenant and of the throttles that let it pass.</summary>
internal struct Reservation
{
    /// <summary>Throttles beyond these are not settled: the estimate stays taken there.</summary>
    public const int MostThrottles = 4;

    private ThrottleReferences _throttles;
    private int _count;

    public TenantReservations? Tenant { get; set; }

    public long Tokens { get; set; }

    public void Add(ThrottleBuckets throttle)
    {
        if (_count < MostThrottles)
        {
            _throttles[_count++] = throttle;
        }
    }

    /// <summary>Gives the tenant's share back and makes the throttles count what was used.</summary>
    public readonly void Settle(long used)
    {
        Tenant?.Give(Tokens);
        for (var i = 0; i < _count; i++)
        {
            _throttles[i]!.Settle(Tokens, used);
        }
    }

    [InlineArray(MostThrottles)]
    private struct ThrottleReferences
    {
        private ThrottleBuckets? _first;
    }
}
