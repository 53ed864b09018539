using TokenStream.Commands;
using TokenStream.Governing.Evaluation;

namespace TokenStream.Governing.Leases;

/// <summary>
/// The slices of one budget for one scope. What may still be granted is what the amount leaves when everything is taken off that was spent,
/// that gateways say they spent though the ledger has not got it yet, and that what was issued lets them spend: nothing is given out twice, whatever
/// lags, is repeated or is lost. Pure: reports, the ledger's sums and the time come in. Not for several threads.
/// </summary>
internal sealed class LeasePool(GovernorOptions options)
{
    /// <summary>Gateways' instances that a lease knows; others are given no slice.</summary>
    public const int MostHolders = 200;

    /// <summary>Nobody is provided for requests larger than one part in so many of the amount: a liar could ask for all of it.</summary>
    private const int LargestParts = 20;

    /// <summary>Less than one part in so many of the amount is nothing.</summary>
    private const int NothingParts = 1_000;

    private readonly Dictionary<string, LeaseHolder> _holders = new(StringComparer.Ordinal);
    private readonly RecentSettlements _recent = new();
    private CommandVersion _restored;
    private CommandVersion? _first;
    private long? _issuedMs;
    private bool _isUsedUp;

    /// <summary>What gateways may still spend, of slices or of requests that are in flight.</summary>
    public Int128 Outstanding(long nowMs) => _holders.Values.Aggregate(Int128.Zero, (sum, holder) => sum + holder.Outstanding(nowMs));

    /// <summary>Goes on where the last command of the lease stands.</summary>
    public void Restore(Command command)
    {
        _restored = command.Version;
        var slices = command.Parameters.Slices.ToDictionary(slice => slice.Instance, StringComparer.Ordinal);
        foreach (var memory in command.Lease?.Instances ?? [])
        {
            _holders[memory.Instance] = LeaseHolder.Restore(memory, slices.GetValueOrDefault(memory.Instance), command.Version);
        }

        foreach (var settlement in command.Lease?.Recent ?? [])
        {
            _recent.Add(settlement.AtMs, settlement.Amount, settlement.IsAssumed);
        }
    }

    /// <summary>Takes a gateway's report.</summary>
    /// <param name="atMs">The gateway's clock when it wrote it.</param>
    public void Take(string gateway, long atMs, LeaseReport report, long nowMs)
    {
        if (!_holders.TryGetValue(report.Instance, out var holder))
        {
            if (_holders.Count >= MostHolders)
            {
                return;
            }

            _holders.Add(report.Instance, holder = new LeaseHolder(gateway, report.Instance));
        }

        if (holder.Take(report, atMs, nowMs) is not { } settled)
        {
            return;
        }

        // Settled by then, and its event's time may be a little later.
        _recent.Add((Math.Abs(atMs - nowMs) > LedgerCut.UsualLagMs ? nowMs : atMs) + 1_000, settled, isAssumed: false);
        if (report.Version > _restored && (_first is null || report.Version < _first))
        {
            holder.TakeForeign(report, nowMs + options.LeaseLifeMs, _first);
        }
    }

    /// <summary>The version that the last plan was issued under.</summary>
    public void Number(CommandVersion version)
    {
        _first ??= version;
        foreach (var holder in _holders.Values)
        {
            holder.Number(version);
        }
    }

    /// <summary>What is to be issued now; null where what stands is good enough, or was issued only just now.</summary>
    public LeasePlan? Plan(in LeaseBalance balance, long nowMs)
    {
        Follow(balance.Limit / LargestParts, nowMs);
        if (nowMs - _issuedMs < options.LeaseIntervalMs)
        {
            return null;
        }

        var left = Left(balance, nowMs);
        var live = _holders.Values.Where(holder => holder.IsLive(nowMs)).ToArray();
        var most = Int128.Max(0, Int128.Min(left, Int128.Max(balance.Limit * options.LeaseSharePercent / 100, live.Select(holder => holder.Largest).DefaultIfEmpty().Max())));
        var taken = _holders.Values.Where(holder => !holder.IsLive(nowMs)).Aggregate(Int128.Zero, (sum, holder) => sum + holder.Outstanding(nowMs));
        var goals = LeaseDivision.Divide(live, most, taken, nowMs, out var isShort);
        var isUsedUp = IsUsedUp(live, left, balance.Limit);
        return _issuedMs is null || isUsedUp != _isUsedUp || live.Index().Any(pair => IsDue(pair.Item, goals[pair.Index], most, isShort, nowMs))
            ? Issue(live, goals, isUsedUp, nowMs)
            : null;
    }

    /// <summary>
    /// What nobody has spent. Since the cut, the ledger and the gateways each know a part of what was spent, and whoever knows more counts: a ledger
    /// that lags gives nothing out twice, and one that is ahead, or has what was spent without a lease, is believed.
    /// </summary>
    private Int128 Left(in LeaseBalance balance, long nowMs)
    {
        var cut = balance.Cut;
        var settled = _recent.Since(cut.CutMs, Math.Max(cut.CutMs, nowMs - LedgerCut.UsualLagMs));
        return balance.Limit - cut.Before - Int128.Max(cut.Since, settled);
    }

    /// <summary>Next to nothing is left, or little that none of those who ask could use.</summary>
    private static bool IsUsedUp(LeaseHolder[] live, Int128 left, Int128 limit) => left <= limit / NothingParts
        || (left <= limit / LargestParts && live.Any(holder => holder.Asked > 0) && live.All(holder => holder.Asked == 0 || holder.Asked > left));

    /// <summary>Counts what silent instances held as spent, and forgets it when the ledger must have what was really spent of it.</summary>
    private void Follow(Int128 mostLargest, long nowMs)
    {
        foreach (var (instance, holder) in _holders)
        {
            holder.Expire(nowMs, mostLargest);
            if (holder.Bury(nowMs) is { } held)
            {
                _recent.Add(held.AtMs, held.Amount, isAssumed: true);
            }
            else if (nowMs - holder.BuriedMs > LedgerCut.UsualLagMs)
            {
                _holders.Remove(instance);
            }
        }

        _recent.Forget(nowMs - LedgerCut.LongestLagMs - LedgerCut.UsualLagMs);
    }

    private bool IsDue(LeaseHolder holder, Int128 goal, Int128 most, bool isShort, long nowMs)
    {
        var used = holder.Settled + holder.Reserved;
        var (headroom, wanted) = (holder.SliceGranted - used, goal - used);
        return (goal > 0 && holder.SliceExpiresMs - nowMs < options.LeaseLifeMs * 2 / 3)
            || (goal > holder.SliceGranted && headroom * 2 < wanted && (wanted - headroom) * 8 >= wanted)
            || (holder.Largest > headroom && holder.Largest <= wanted)
            || (isShort && (holder.SliceGranted - goal) * 16 > most);
    }

    private LeasePlan Issue(LeaseHolder[] live, Int128[] goals, bool isUsedUp, long nowMs)
    {
        foreach (var holder in _holders.Values.Where(holder => !holder.IsLive(nowMs)))
        {
            if (holder.SliceExpiresMs > nowMs)
            {
                // Silent, but not beyond its time: it goes on with what it has.
                holder.Grant(holder.SliceGranted, holder.SliceExpiresMs);
            }
            else
            {
                holder.GrantNothing();
            }
        }

        foreach (var (i, holder) in live.Index())
        {
            if (goals[i] > 0)
            {
                holder.ServedMs = holder.Largest > 0 && goals[i] - holder.Settled - holder.Reserved >= holder.Largest ? nowMs : holder.ServedMs;
                holder.Grant(goals[i], nowMs + options.LeaseLifeMs);
            }
            else
            {
                holder.GrantNothing();
            }
        }

        (_issuedMs, _isUsedUp) = (nowMs, isUsedUp);
        var holders = _holders.Values.Where(holder => holder.BuriedMs is null).OrderBy(holder => holder.Instance, StringComparer.Ordinal).ToArray();
        return new LeasePlan(
            [.. holders.Where(holder => holder.SliceExpiresMs > nowMs).Select(holder => new LeaseSlice(
                holder.Gateway, holder.Instance, holder.SliceGranted, holder.SliceExpiresMs))],
            new LeaseMemory { Instances = [.. holders.Select(holder => holder.Remember(nowMs))], Recent = _recent.Remember() },
            isUsedUp);
    }
}
