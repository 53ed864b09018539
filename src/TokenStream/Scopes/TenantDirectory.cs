namespace TokenStream.Scopes;

/// <summary>What is known of a tenant from an instant on, until its next entry.</summary>
/// <param name="FromMs">Milliseconds since the Unix epoch, inclusive.</param>
/// <param name="TimeZone">IANA name.</param>
/// <param name="Route">The alert route of whoever owns the tenant.</param>
public sealed record TenantEntry(string Tenant, long FromMs, string? Organisation, string? Owner, string? TimeZone, string? Route);

/// <summary>Which organisation a tenant belongs to, who owns it, and where its alerts go; effective-dated.</summary>
public sealed class TenantDirectory
{
    private readonly Dictionary<string, TenantEntry[]> _entries;

    public TenantDirectory(IEnumerable<TenantEntry> entries) =>
        _entries = entries.GroupBy(entry => entry.Tenant, StringComparer.Ordinal)
            .ToDictionary(group => group.Key, group => group.OrderBy(entry => entry.FromMs).ToArray(), StringComparer.Ordinal);

    public static TenantDirectory Empty { get; } = new([]);

    /// <summary>Every entry, by tenant and then by time.</summary>
    public IEnumerable<TenantEntry> Entries => _entries.OrderBy(pair => pair.Key, StringComparer.Ordinal).SelectMany(pair => pair.Value);

    /// <summary>
    /// What holds for a tenant at a time, null where nothing is known, and from when until when it does: exclusive, without end where it
    /// has none.
    /// </summary>
    public (TenantEntry? Entry, long FromMs, long UntilMs) During(string tenant, long timeMs)
    {
        if (!_entries.TryGetValue(tenant, out var entries))
        {
            return (null, long.MinValue, long.MaxValue);
        }

        var next = Array.FindIndex(entries, entry => entry.FromMs > timeMs);
        var until = next < 0 ? long.MaxValue : entries[next].FromMs;
        var last = next < 0 ? entries.Length - 1 : next - 1;
        return last < 0 ? (null, long.MinValue, until) : (entries[last], entries[last].FromMs, until);
    }

    /// <summary>What holds for a tenant at a time; null where nothing is known.</summary>
    public TenantEntry? At(string tenant, long timeMs) =>
        _entries.TryGetValue(tenant, out var entries) ? Array.FindLast(entries, entry => entry.FromMs <= timeMs) : null;
}
