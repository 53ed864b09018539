using TokenStream.Scopes;
using TokenStream.Windowing;

namespace TokenStream.Simulation;

/// <summary>A record of a spend partition, decoded once.</summary>
internal sealed record SpendRecord(byte[] Key, byte[] Value, Mark? Mark, IReadOnlyList<ScopeSpend> Spends);

/// <summary>The scopes that spend is summed for, and what each must come to, told without the product's own matching.</summary>
internal static class SimulatedScopes
{
    /// <summary>Fewer than there are tenants.</summary>
    public const int MaxScopes = 2;

    private const string All = "all";
    private const string OneTenant = "tenant=a;model=m";
    private const string SomeTenants = "tenant=b;provider=p*";

    private static readonly string[] Patterns = [All, OneTenant, SomeTenants, "tenant=<each>", "organisation=<each>"];

    /// <summary>Tenant a moves from one organisation to the other while the simulation runs, b was nowhere before, the rest are nowhere.</summary>
    private static readonly TenantEntry[] Entries =
    [
        Entry("a", 0, "north"), Entry("a", 1_750_000_100_000, "south"), Entry("b", 1_750_000_050_000, "south"),
    ];

    public static ScopeIndex Index { get; } = new(
        Patterns.Select(text => ScopePattern.TryParse(text, out var pattern, out var error) ? pattern : throw new ArgumentException(error)),
        new TenantDirectory(Entries));

    /// <summary>What every scope must come to; those of <c>tenant=&lt;each&gt;</c>, of which some fold, together as <c>tenant</c>.</summary>
    public static Dictionary<string, long> Truth(SimulatedWorld world, int p, long windowMs)
    {
        var sums = new Dictionary<string, long>();
        foreach (var ((window, tenant), tokens) in world.Truth[p].Where(truth => truth.Key.WindowMs == windowMs))
        {
            foreach (var scope in new[] { All, "tenant", tenant == "a" ? OneTenant : null, tenant == "b" ? SomeTenants : null, Organisation(tenant, window) })
            {
                if (scope is not null)
                {
                    sums[scope] = sums.GetValueOrDefault(scope) + tokens;
                }
            }
        }

        return sums;
    }

    /// <summary>The name under which <see cref="Truth"/> has a scope.</summary>
    public static string NameOf(string scope) =>
        scope.StartsWith("tenant=", StringComparison.Ordinal) && !scope.Contains(';', StringComparison.Ordinal) ? "tenant" : scope;

    /// <summary>The most that a scope may come to so far.</summary>
    public static long Most(SimulatedWorld world, SpendId id)
    {
        var name = NameOf(id.Scope);
        return name == "tenant" && id.Scope != $"tenant={RollupKey.Other}"
            ? world.Truth[id.Partition].GetValueOrDefault((id.WindowMs, id.Scope["tenant=".Length..]))
            : Truth(world, id.Partition, id.WindowMs).GetValueOrDefault(name);
    }

    /// <summary>Adds to the faults where final spend does not come to the truth.</summary>
    public static void Compare(SimulatedWorld world, Action<string, int, long, long> add)
    {
        foreach (var (id, spend) in world.Spent)
        {
            add($"spend of {NameOf(id.Scope)}", id.Partition, id.WindowMs, spend.Measures.Tokens);
        }

        for (var p = 0; p < SimulatedWorld.Inputs; p++)
        {
            foreach (var window in world.Truth[p].Keys.Select(key => key.WindowMs).Distinct())
            {
                foreach (var (scope, tokens) in Truth(world, p, window))
                {
                    add($"spend of {scope}", p, window, -tokens);
                }
            }
        }
    }

    private static string? Organisation(string tenant, long timeMs) =>
        Array.FindLast(Entries, entry => entry.Tenant == tenant && entry.FromMs <= timeMs) is { } entry ? $"organisation={entry.Organisation}" : null;

    private static TenantEntry Entry(string tenant, long fromMs, string organisation) => new(tenant, fromMs, organisation, null, null, null);
}
