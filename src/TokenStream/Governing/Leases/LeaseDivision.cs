namespace TokenStream.Governing.Leases;

/// <summary>
/// Divides what may be outstanding: everybody gets a minute of its demand where that is possible, else shares in proportion, those first whose
/// next request needs more than their share.
/// </summary>
internal static class LeaseDivision
{
    /// <summary>An idle gateway holds a share of so many, divided by all gateways, so that its first requests need not wait.</summary>
    private const int FloorParts = 8;

    /// <summary>What each of the live holders is to go to.</summary>
    /// <param name="live">Those that report.</param>
    /// <param name="most">Most that may be outstanding in all.</param>
    /// <param name="taken">What the others hold.</param>
    /// <param name="isShort">Whether somebody gets less than it needs.</param>
    public static Int128[] Divide(IReadOnlyList<LeaseHolder> live, Int128 most, Int128 taken, long nowMs, out bool isShort)
    {
        var room = most - taken;
        Int128 needed = 0;
        var needs = new Int128[live.Count];
        for (var i = 0; i < needs.Length; i++)
        {
            room -= live[i].Reserved;
            needs[i] = Int128.Max(1, Int128.Max(most / (FloorParts * live.Count), Int128.Max(live[i].PerMinute, live[i].Largest * 2)));
            needed += needs[i];
        }

        room = Int128.Max(0, room);
        isShort = needed > room;
        var goals = isShort ? Share(live, needs, needed, room) : needs;
        Int128 free = most - taken;
        for (var i = 0; i < goals.Length; i++)
        {
            goals[i] += live[i].Settled + live[i].Reserved;
            goals[i] = isShort ? goals[i] : Int128.Max(goals[i], live[i].Granted(nowMs));
            free -= live[i].Outstanding(nowMs);
        }

        Raise(live, goals, Int128.Max(0, free), nowMs);
        return goals;
    }

    private static Int128[] Share(IReadOnlyList<LeaseHolder> live, Int128[] needs, Int128 needed, Int128 room)
    {
        var shares = new Int128[needs.Length];
        for (var i = 0; i < shares.Length; i++)
        {
            shares[i] = room * needs[i] / needed;
        }

        var isStarved = new bool[shares.Length];
        for (var i = 0; i < shares.Length; i++)
        {
            isStarved[i] = shares[i] < live[i].Largest;
        }

        if (!Array.Exists(isStarved, starved => starved))
        {
            return shares;
        }

        // A share that no request fits into serves nobody: in turn, each gets enough for one.
        var left = room;
        foreach (var i in InTurn(live).Where(i => isStarved[i]))
        {
            shares[i] = live[i].Largest <= left ? live[i].Largest : 0;
            left -= shares[i];
        }

        Int128 others = 0;
        for (var i = 0; i < shares.Length; i++)
        {
            others += isStarved[i] ? 0 : needs[i];
        }

        for (var i = 0; i < shares.Length; i++)
        {
            shares[i] = isStarved[i] ? shares[i] : left * needs[i] / others;
        }

        return shares;
    }

    /// <summary>Nobody is raised by more than is free now; what others are lowered by is free when they have heard of it.</summary>
    private static void Raise(IReadOnlyList<LeaseHolder> live, Int128[] goals, Int128 free, long nowMs)
    {
        foreach (var i in InTurn(live))
        {
            var used = live[i].Settled + live[i].Reserved;
            var now = Int128.Max(live[i].Granted(nowMs), used);
            if (goals[i] <= now)
            {
                continue;
            }

            var raised = Int128.Min(goals[i], now + free);
            if (raised - used < live[i].Largest)
            {
                // Half of what a request needs would serve nobody either.
                raised = now;
            }

            free -= raised - now;
            goals[i] = raised;
        }
    }

    /// <summary>Those first whose requests do not fit, of them who was served the longest ago.</summary>
    private static IEnumerable<int> InTurn(IReadOnlyList<LeaseHolder> live) =>
        Enumerable.Range(0, live.Count).OrderBy(i => live[i].Largest == 0).ThenBy(i => live[i].ServedMs).ThenBy(i => live[i].Instance, StringComparer.Ordinal);
}
