using TokenStream.Commands;

namespace TokenStream.Governing.Leases;

/// <summary>One gateway's count of one lease: what it reported, and what it may act on of all that was issued to it.</summary>
internal sealed class LeaseHolder(string gateway, string instance)
{
    /// <summary>A gateway that was heard within this is given more; one that lives is heard each second or each five.</summary>
    private const long LiveMs = 15_000;

    /// <summary>Clocks of gateways may be so far behind: a slice may be used for so long after its end.</summary>
    internal const long SkewMs = 5_000;

    /// <summary>Demand is measured over at least this ..</summary>
    private const long DemandMs = 10_000;

    /// <summary>.. and a request that did not fit is provided for this long.</summary>
    private const long LargestMs = 15_000;

    private readonly List<Promise> _promises = [];
    private readonly Queue<(long AtMs, Int128 Demand)> _demands = [];
    private long? _reportedMs;
    private long _atMs;
    private long _largestMs;
    private CommandVersion _foreign;
    private bool _isKnown;

    public string Gateway { get; } = gateway;

    public string Instance { get; } = instance;

    /// <summary>What it spent since it began to count.</summary>
    public Int128 Settled { get; private set; }

    /// <summary>What its requests in flight may cost.</summary>
    public Int128 Reserved { get; private set; }

    /// <summary>The largest request that did not fit lately; 0 for none.</summary>
    public Int128 Asked { get; private set; }

    /// <summary>The same where it may be provided for, else 0.</summary>
    public Int128 Largest { get; private set; }

    /// <summary>What it spends, or would, in a minute.</summary>
    public Int128 PerMinute { get; private set; }

    /// <summary>Its slice in the last command.</summary>
    public Int128 SliceGranted { get; private set; }

    public long SliceExpiresMs { get; private set; }

    /// <summary>When its largest request was provided for last.</summary>
    public long ServedMs { get; set; }

    /// <summary>When it fell silent for good, and what it held was counted as spent; null while it may spend.</summary>
    public long? BuriedMs { get; private set; }

    public static LeaseHolder Restore(LeaseInstance memory, LeaseSlice? slice, CommandVersion version)
    {
        var holder = new LeaseHolder(memory.Gateway, memory.Instance) { Settled = memory.Settled, _isKnown = true };
        if (slice is not null)
        {
            holder.Grant(slice.Granted, slice.ExpiresMs);
        }

        if (memory.Held > 0)
        {
            holder._promises.Add(new Promise(memory.Held, memory.HeldUntilMs) { ReplacedBy = version });
        }

        return holder;
    }

    public bool IsLive(long nowMs) => _reportedMs is { } reported && nowMs - reported < LiveMs;

    /// <summary>The most that it may go to by what was issued to it.</summary>
    public Int128 Granted(long nowMs)
    {
        Int128 most = 0;
        foreach (var promise in _promises)
        {
            most = promise.ExpiresMs + SkewMs > nowMs ? Int128.Max(most, promise.Granted) : most;
        }

        return most;
    }

    /// <summary>What it may still spend: of its slice, or of what it let in already.</summary>
    public Int128 Outstanding(long nowMs) => Int128.Max(Granted(nowMs) - Settled, Reserved);

    /// <summary>Takes a report; what it settled since the last one, or null where the report says nothing new.</summary>
    public Int128? Take(LeaseReport report, long atMs, long nowMs)
    {
        if (atMs < _atMs || (report.Settled < Settled && BuriedMs is null))
        {
            return null;
        }

        // What an instance spent before it was met was not spent from what was granted here.
        var settled = _isKnown ? Int128.Max(0, report.Settled - Settled) : 0;
        _isKnown = true;
        (Settled, Reserved, _atMs, _reportedMs, BuriedMs) = (report.Settled, report.Reserved, atMs, nowMs, null);
        _promises.RemoveAll(promise => promise.ReplacedBy <= report.Version);
        if (report.Largest > 0)
        {
            Asked = nowMs - _largestMs < LargestMs ? Int128.Max(Asked, report.Largest) : report.Largest;
            _largestMs = nowMs;
        }

        Measure(report.Settled + report.Wanted, nowMs);
        return settled;
    }

    /// <summary>
    /// It obeys a command that this governor neither issued nor found: an owner before it spoke late. What that granted counts, for as long as it may last.
    /// </summary>
    public void TakeForeign(LeaseReport report, long untilMs, CommandVersion? replacedBy)
    {
        if (report.Version > _foreign)
        {
            _foreign = report.Version;
            _promises.Add(new Promise(report.Granted, untilMs) { ReplacedBy = replacedBy });
        }
    }

    /// <summary>The command that is made now has no slice for it.</summary>
    public void GrantNothing() => (SliceGranted, SliceExpiresMs) = (0, 0);

    public void Grant(Int128 granted, long expiresMs)
    {
        (SliceGranted, SliceExpiresMs) = (granted, expiresMs);
        _promises.RemoveAll(promise => promise.Granted <= granted && promise.ExpiresMs <= expiresMs);
        _promises.Add(new Promise(granted, expiresMs) { IsLast = true });
    }

    /// <summary>The command that grants were made in has a version: whoever obeys it obeys no grant before.</summary>
    public void Number(CommandVersion version)
    {
        foreach (var promise in _promises)
        {
            promise.ReplacedBy ??= promise.IsLast ? null : version;
            promise.IsLast = false;
        }
    }

    /// <summary>
    /// Where it is silent and nothing lets it spend any more, counts all that it held as spent: how much, and as of when; null where it may live.
    /// </summary>
    public (Int128 Amount, long AtMs)? Bury(long nowMs)
    {
        var endMs = _promises.Count > 0 ? _promises.Max(promise => promise.ExpiresMs) : _reportedMs ?? 0;
        if (BuriedMs is not null || IsLive(nowMs) || endMs + SkewMs > nowMs)
        {
            return null;
        }

        Int128 most = 0;
        foreach (var promise in _promises)
        {
            most = Int128.Max(most, promise.Granted);
        }

        var amount = Int128.Max(most - Settled, Reserved);
        _promises.Clear();
        (BuriedMs, Settled, Reserved) = (nowMs, Settled + amount, 0);
        return (amount, endMs);
    }

    /// <summary>Forgets what has expired, and a large request that nobody asks for any more.</summary>
    /// <param name="most">Larger requests than this are not provided for.</param>
    public void Expire(long nowMs, Int128 most)
    {
        if (IsLive(nowMs))
        {
            // Of one that is silent they are kept until it is buried: they say what it may have spent.
            _promises.RemoveAll(promise => promise.ExpiresMs + SkewMs <= nowMs);
        }

        Asked = nowMs - _largestMs < LargestMs ? Asked : 0;
        Largest = Asked <= most ? Asked : 0;
    }

    public LeaseInstance Remember(long nowMs)
    {
        var beyond = _promises.Where(promise => promise.Granted > SliceGranted && promise.ExpiresMs + SkewMs > nowMs).ToArray();
        return beyond.Length == 0
            ? new LeaseInstance(Gateway, Instance, Settled)
            : new LeaseInstance(Gateway, Instance, Settled, beyond.Max(promise => promise.Granted), beyond.Max(promise => promise.ExpiresMs));
    }

    private void Measure(Int128 demand, long nowMs)
    {
        _demands.Enqueue((nowMs, demand));
        while (_demands.Count > 2 && _demands.ElementAt(1).AtMs <= nowMs - DemandMs)
        {
            _demands.Dequeue();
        }

        var (firstMs, first) = _demands.Peek();
        PerMinute = nowMs > firstMs ? Int128.Max(0, demand - first) * 60_000 / Math.Max(1_000, nowMs - firstMs) : 0;
    }

    private sealed class Promise(Int128 granted, long expiresMs)
    {
        public Int128 Granted { get; } = granted;

        public long ExpiresMs { get; } = expiresMs;

        /// <summary>The first version that replaces it; null while none was issued.</summary>
        public CommandVersion? ReplacedBy { get; set; }

        /// <summary>Made in the command that has no version yet.</summary>
        public bool IsLast { get; set; }
    }
}
