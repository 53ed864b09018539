namespace TokenStream.Governing.Breakers;

/// <summary>
/// Holds automatic hard actions back when they would newly hit too many tenants in a short time: then a price or a budget is wrong, not every
/// customer at once. It stays open until a person resets it, or until nothing has been held back for a while. What hits tenants that are hit already
/// always passes.
/// </summary>
internal sealed class Breaker(GovernorOptions options)
{
    private readonly Dictionary<string, long> _active = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _hits = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _standing = new(StringComparer.Ordinal);
    private readonly Dictionary<string, IReadOnlyList<string>> _standingOf = new(StringComparer.Ordinal);
    private OtherPartitions _others;
    private long _lastHeldMs;
    private long? _resetMs;

    /// <summary>When it opened; null while it is closed.</summary>
    public long? OpenedMs { get; private set; }

    /// <summary>Most tenants that may newly be hit within the span.</summary>
    public int Allowed => Math.Max(options.BreakerFloor, (int)((long)(_active.Count + _others.ActiveTenants) * options.BreakerPercent / 100));

    /// <summary>Tenants of this partition that spent something lately.</summary>
    public int ActiveTenants => _active.Count;

    /// <summary>Tenants of this partition that were newly hit lately.</summary>
    public int HitTenants => _hits.Count;

    public IEnumerable<string> Active => _active.Keys;

    /// <summary>Whether this one is open, or that of another partition.</summary>
    public bool IsOpenAnywhere => OpenedMs is not null || _others.IsBreakerOpen;

    public void SetOtherPartitions(in OtherPartitions others) => _others = others;

    public void NoteActive(string tenant, long nowMs) => _active[tenant] = nowMs;

    /// <summary>A hard command of the key stands against these tenants from now on; none, and it no longer does.</summary>
    public void Stand(string key, IReadOnlyList<string> tenants)
    {
        if (_standingOf.Remove(key, out var before))
        {
            foreach (var tenant in before.Where(tenant => --_standing[tenant] == 0))
            {
                _standing.Remove(tenant);
            }
        }

        if (tenants.Count == 0)
        {
            return;
        }

        _standingOf.Add(key, tenants);
        foreach (var tenant in tenants)
        {
            _standing[tenant] = _standing.GetValueOrDefault(tenant) + 1;
        }
    }

    /// <summary>A hit that an earlier governor made.</summary>
    public void Restore(IReadOnlyList<string> tenants, long hitMs)
    {
        foreach (var tenant in tenants)
        {
            _hits[tenant] = Math.Max(hitMs, _hits.GetValueOrDefault(tenant));
        }
    }

    /// <summary>It was open when an earlier governor ended.</summary>
    public void Reopen(long openedMs, long nowMs)
    {
        OpenedMs = openedMs;
        _lastHeldMs = nowMs;
    }

    /// <summary>Whether a hard action against these tenants may be issued; if so they count as hit.</summary>
    /// <param name="tenants">Those known by name.</param>
    /// <param name="hitsAll">Whether the tenants that other partitions count are hit too.</param>
    /// <param name="nowMs">Now.</param>
    public bool TryHit(IReadOnlyList<string> tenants, bool hitsAll, long nowMs)
    {
        var fresh = hitsAll ? _others.ActiveTenants : 0;
        foreach (var tenant in tenants)
        {
            fresh += _standing.ContainsKey(tenant) || _hits.ContainsKey(tenant) ? 0 : 1;
        }

        if (fresh == 0)
        {
            return true;
        }

        if (OpenedMs is null && _others.IsBreakerOpen)
        {
            // Whoever opened it keeps it open; two that waited for each other would never close.
            return false;
        }

        if (OpenedMs is not null || _hits.Count + _others.HitTenants + fresh > Allowed)
        {
            OpenedMs ??= nowMs;
            _lastHeldMs = nowMs;
            return false;
        }

        foreach (var tenant in tenants)
        {
            if (!_standing.ContainsKey(tenant))
            {
                _hits.TryAdd(tenant, nowMs);
            }
        }

        return true;
    }

    /// <summary>
    /// A person said so at a time. What was said before the governor began counts against what is older; what is said later counts in any case, since
    /// clocks of two machines differ.
    /// </summary>
    public void Reset(long saidMs)
    {
        var isOld = _resetMs is null;
        if (saidMs == _resetMs)
        {
            return;
        }

        _resetMs = saidMs;
        OpenedMs = isOld && OpenedMs > saidMs ? OpenedMs : null;
        Forget(_hits, isOld ? saidMs : long.MaxValue);
    }

    /// <summary>Forgets what is too old to count, and closes when it is time: during a pause nothing is held back, and that says nothing.</summary>
    public void Tick(long nowMs, bool isPaused)
    {
        _lastHeldMs = isPaused ? nowMs : _lastHeldMs;
        Forget(_active, nowMs - options.ActiveMs);
        Forget(_hits, nowMs - options.BreakerSpanMs);
        if (OpenedMs is not null && nowMs - _lastHeldMs >= options.BreakerCalmMs)
        {
            OpenedMs = null;
        }
    }

    private static void Forget(Dictionary<string, long> times, long uptoMs)
    {
        foreach (var (tenant, time) in times)
        {
            if (time <= uptoMs)
            {
                times.Remove(tenant);
            }
        }
    }
}

/// <summary>What the breaker of one partition knows of all others together.</summary>
/// <param name="ActiveTenants">Tenants that spent something lately.</param>
/// <param name="HitTenants">Tenants newly hit lately.</param>
/// <param name="IsBreakerOpen">Whether one of their breakers is open.</param>
public readonly record struct OtherPartitions(int ActiveTenants, int HitTenants, bool IsBreakerOpen);
