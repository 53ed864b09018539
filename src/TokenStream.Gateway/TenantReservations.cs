using System.Collections.Concurrent;
using TokenStream.Commands;

namespace TokenStream.Gateway;

/// <summary>What a tenant's requests in flight may still use.</summary>
internal sealed class TenantReservations(string tenant)
{
    private long _requests;
    private long _tokens;

    public TenantReservation Now => new(tenant, Math.Max(0, Volatile.Read(ref _requests)), Math.Max(0, Volatile.Read(ref _tokens)));

    public void Take(long tokens)
    {
        Interlocked.Increment(ref _requests);
        Interlocked.Add(ref _tokens, tokens);
    }

    public void Give(long tokens)
    {
        Interlocked.Decrement(ref _requests);
        Interlocked.Add(ref _tokens, -tokens);
    }
}

/// <summary>The reservations of all tenants.</summary>
internal sealed class ReservationTable
{
    /// <summary>Tenants beyond this many share one line.</summary>
    public const int MostTenants = 100_000;

    private readonly ConcurrentDictionary<string, TenantReservations> _tenants = new(StringComparer.Ordinal);
    private readonly TenantReservations _other = new("~other");

    public TenantReservations Of(string tenant) => _tenants.TryGetValue(tenant, out var known) ? known : Add(tenant);

    /// <summary>Every tenant that has requests in flight.</summary>
    public IEnumerable<TenantReservation> Outstanding() =>
        _tenants.Values.Append(_other).Select(one => one.Now).Where(one => one.Requests > 0 || one.Tokens > 0);

    private TenantReservations Add(string tenant) =>
        _tenants.Count >= MostTenants ? _other : _tenants.GetOrAdd(tenant, static name => new TenantReservations(name));
}
