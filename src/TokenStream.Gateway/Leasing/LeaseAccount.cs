using TokenStream.Commands;

namespace TokenStream.Gateway.Leasing;

/// <summary>
/// What this gateway has spent of one lease, and what it may: everything that was settled or is reserved stays at most what was granted.
/// Any number of threads reserve and settle, without a lock or an allocation; one obeys commands, and one reports. Amounts are the lease's.
/// </summary>
/// <remarks>
/// Settled and reserved are one sum, so that one comparison and one exchange decide. It counts from the instance's beginning, as grants do.
/// </remarks>
internal sealed class LeaseAccount
{
    /// <summary>
    /// No amount is taken for more: nine million dollars at most stand in a count, and sums of a few of them do not overflow.
    /// </summary>
    public const long MostAmount = long.MaxValue / 8;

    /// <summary>Beyond this a count begins anew, with another instance.</summary>
    private const long WornAt = long.MaxValue / 4;

    private readonly string _key;
    private readonly Func<string> _instances;
    private volatile HeldSlice _slice;
    private volatile Command _last;
    private long _committed;
    private long _settled;
    private long _wanted;
    private long _largest;

    /// <param name="first">Says what the account counts in; it is obeyed by <see cref="Obey"/>.</param>
    public LeaseAccount(Command first, Func<string> instances)
    {
        (_key, _instances, _last, IsTokens) = (first.Key, instances, first, first.Parameters.IsTokens);
        _slice = new HeldSlice(instances(), null, 0, long.MinValue);
    }

    /// <summary>The lease that is obeyed; null where none stands.</summary>
    public Command? Command => _slice.Command;

    /// <summary>The last lease that was obeyed, for whoever is refused.</summary>
    public Command Last => _last;

    /// <summary>Whether amounts are tokens; else they are picodollars.</summary>
    public bool IsTokens { get; }

    public long Granted => _slice.Granted;

    public long ExpiresMs => _slice.ExpiresMs;

    /// <summary>For people; the amounts are not of one instant.</summary>
    public GatewayLease Standing => new(
        _key,
        IsTokens,
        _slice.Granted,
        Volatile.Read(ref _settled),
        Math.Max(0, Volatile.Read(ref _committed) - Volatile.Read(ref _settled)),
        Math.Max(0, _slice.ExpiresMs));

    /// <summary>From here on this version holds; a release ends the lease, and the counts stay.</summary>
    public void Obey(Command command)
    {
        var instance = _slice.Instance;
        if (command.Action != CommandAction.Lease)
        {
            _slice = new HeldSlice(instance, null, 0, long.MinValue);
            return;
        }

        var own = command.Parameters.Slices.FirstOrDefault(one => one.Instance == instance);
        _last = command;
        _slice = new HeldSlice(
            instance, command, own is null ? 0 : (long)Int128.Min(own.Granted, long.MaxValue / 2), own?.ExpiresMs ?? long.MinValue);
    }

    /// <summary>
    /// Reserves an estimate where the slice has room for it; else counts it as wanted. Where no lease stands any more everything has room.
    /// </summary>
    public bool TryReserve(long estimate, long nowMs)
    {
        estimate = Math.Min(estimate, MostAmount);
        while (true)
        {
            var slice = _slice;
            var committed = Volatile.Read(ref _committed);
            if (slice.Command is not null && (nowMs >= slice.ExpiresMs || committed > slice.Granted - estimate))
            {
                Want(estimate);
                return false;
            }

            if (Interlocked.CompareExchange(ref _committed, committed + estimate, committed) != committed)
            {
                continue;
            }

            if (ReferenceEquals(slice, _slice))
            {
                return true;
            }

            // Another version came in between. What its report says must not be exceeded by a reservation that is made after it.
            Interlocked.Add(ref _committed, -estimate);
        }
    }

    /// <summary>A request ended: what it cost counts instead of what was reserved.</summary>
    public void Settle(long estimate, long cost)
    {
        (estimate, cost) = (Math.Min(estimate, MostAmount), Math.Min(cost, MostAmount));
        Interlocked.Add(ref _settled, cost);
        Interlocked.Add(ref _committed, cost - estimate);
    }

    /// <summary>A request was not sent after all.</summary>
    public void Release(long estimate) => Interlocked.Add(ref _committed, -Math.Min(estimate, MostAmount));

    /// <summary>How the slice stands; null where no lease does. What is largest counts from the last report.</summary>
    public LeaseReport? Report()
    {
        if (_slice.Command is null)
        {
            return null;
        }

        if (Volatile.Read(ref _settled) > WornAt)
        {
            BeginAnew();
        }

        // The slice is read before what was spent by it: a reservation that saw a former one is either in the sum by now or is taken back.
        var slice = _slice;
        var settled = Volatile.Read(ref _settled);
        var committed = Volatile.Read(ref _committed);
        return slice.Command is not { } command ? null : new LeaseReport
        {
            Key = _key,
            Instance = slice.Instance,
            Version = command.Version,
            Granted = slice.Granted,
            Settled = settled,
            Reserved = Math.Max(0, committed - settled),
            Wanted = Volatile.Read(ref _wanted),
            Largest = Interlocked.Exchange(ref _largest, 0),
        };
    }

    /// <summary>
    /// The count would leave its range some day. The slice goes first, so that nothing is let in by what was granted to the former
    /// instance; what is in flight is carried over.
    /// </summary>
    private void BeginAnew()
    {
        _slice = new HeldSlice(_instances(), _slice.Command, 0, long.MinValue);
        var settled = Volatile.Read(ref _settled);
        Interlocked.Add(ref _committed, -settled);
        Interlocked.Add(ref _settled, -settled);
        Interlocked.Exchange(ref _wanted, 0);
    }

    private void Want(long estimate)
    {
        if (Volatile.Read(ref _wanted) < WornAt)
        {
            Interlocked.Add(ref _wanted, estimate);
        }

        var largest = Volatile.Read(ref _largest);
        while (estimate > largest)
        {
            var seen = Interlocked.CompareExchange(ref _largest, estimate, largest);
            if (seen == largest)
            {
                return;
            }

            largest = seen;
        }
    }

    /// <summary>What one version of the lease grants to this gateway; null for the command where none stands.</summary>
    private sealed record HeldSlice(string Instance, Command? Command, long Granted, long ExpiresMs);
}
