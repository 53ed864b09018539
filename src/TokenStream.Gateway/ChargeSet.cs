using System.Collections.Concurrent;
using TokenStream.Commands;
using TokenStream.Gateway.Leasing;
using TokenStream.Gateway.Throttling;

namespace TokenStream.Gateway;

/// <summary>
/// The throttles and leases of one combination of commands. Made once and shared by all requests that meet the same ones, so that a
/// reservation holds them all, however many, without an allocation.
/// </summary>
internal sealed class ChargeSet
{
    /// <summary>Combinations beyond this many that begin alike are made anew for each request.</summary>
    private const int MostKept = 10_000;

    private readonly ConcurrentDictionary<Command, ChargeSet> _larger = new(ReferenceEqualityComparer.Instance);

    // Each the narrowest first.
    private readonly (Command Command, ThrottleBuckets Buckets)[] _throttles;
    private readonly LeaseAccount[] _leases;

    private ChargeSet((Command Command, ThrottleBuckets Buckets)[] throttles, LeaseAccount[] leases)
    {
        (_throttles, _leases) = (throttles, leases);
        NeedsPrice = leases.Any(lease => !lease.IsTokens);
    }

    /// <summary>No throttle and no lease: what all combinations begin with.</summary>
    public ChargeSet()
        : this([], [])
    {
    }

    /// <summary>The command of the narrowest throttle; null where there is none.</summary>
    public Command? Throttle => _throttles.Length > 0 ? _throttles[0].Command : null;

    public bool HasLeases => _leases.Length > 0;

    /// <summary>Whether a lease counts money.</summary>
    public bool NeedsPrice { get; }

    /// <summary>The narrowest lease, for what is refused before any of them was asked.</summary>
    public LeaseAccount Lease => _leases[0];

    /// <summary>These and one more command, which is wider; it has either buckets or an account.</summary>
    public ChargeSet With(Command command, ThrottleBuckets? buckets, LeaseAccount? lease)
    {
        if (_larger.TryGetValue(command, out var known))
        {
            return known;
        }

        var larger = new ChargeSet(
            buckets is null ? _throttles : [.. _throttles, (command, buckets)],
            lease is null ? _leases : [.. _leases, lease]);
        return _larger.Count < MostKept ? _larger.GetOrAdd(command, larger) : larger;
    }

    /// <summary>All throttles let the request pass, or none is charged and the first that does not says how long to wait.</summary>
    public bool TryPass(long tokens, long nanoseconds, out Command? refusedBy, out long wait)
    {
        (refusedBy, wait) = (null, 0);
        for (var i = 0; i < _throttles.Length; i++)
        {
            if (!_throttles[i].Buckets.TryTake(tokens, nanoseconds, out wait))
            {
                refusedBy = _throttles[i].Command;
                GiveBack(tokens, i);
                return false;
            }
        }

        return true;
    }

    /// <summary>
    /// All leases have room for the request, or nothing is reserved, and the throttles that let it pass are given back: null, or the lease
    /// that has none.
    /// </summary>
    public LeaseAccount? Reserve(long tokens, long cost, long nowMs)
    {
        for (var i = 0; i < _leases.Length; i++)
        {
            if (!_leases[i].TryReserve(_leases[i].IsTokens ? tokens : cost, nowMs))
            {
                for (var reserved = 0; reserved < i; reserved++)
                {
                    _leases[reserved].Release(_leases[reserved].IsTokens ? tokens : cost);
                }

                GiveBack(tokens);
                return _leases[i];
            }
        }

        return null;
    }

    /// <summary>The request goes nowhere: what the throttles took comes back.</summary>
    public void GiveBack(long tokens) => GiveBack(tokens, _throttles.Length);

    /// <summary>Settles estimates by what was used.</summary>
    public void Settle(long tokens, long usedTokens, long cost, long usedCost)
    {
        foreach (var (_, buckets) in _throttles)
        {
            buckets.Settle(tokens, usedTokens);
        }

        foreach (var lease in _leases)
        {
            lease.Settle(lease.IsTokens ? tokens : cost, lease.IsTokens ? usedTokens : usedCost);
        }
    }

    private void GiveBack(long tokens, int count)
    {
        for (var i = 0; i < count; i++)
        {
            _throttles[i].Buckets.GiveBack(tokens);
        }
    }
}
