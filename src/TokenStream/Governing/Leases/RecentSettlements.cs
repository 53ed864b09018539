using TokenStream.Commands;

namespace TokenStream.Governing.Leases;

/// <summary>
/// What gateways settled lately, by ten seconds: the ledger may not have it yet. An amount stands at the latest time that it can be of, so that
/// around a cut it is counted here and in the ledger rather than in neither.
/// </summary>
internal sealed class RecentSettlements
{
    private const long StepMs = 10_000;

    /// <summary>Steps that a successor is told of; what is older is told at the oldest of them, and so is kept longer.</summary>
    private const int MostRemembered = 16;

    private readonly SortedDictionary<(long AtMs, bool IsAssumed), Int128> _amounts = [];

    public void Add(long timeMs, Int128 amount, bool isAssumed)
    {
        if (amount > 0)
        {
            var key = (timeMs - (timeMs % StepMs), isAssumed);
            _amounts[key] = _amounts.GetValueOrDefault(key) + amount;
        }
    }

    /// <summary>Everything from a time on.</summary>
    /// <param name="assumedFromMs">The same for what nobody reported.</param>
    public Int128 Since(long fromMs, long assumedFromMs)
    {
        Int128 sum = 0;
        foreach (var ((atMs, isAssumed), amount) in _amounts)
        {
            sum += atMs >= (isAssumed ? assumedFromMs : fromMs) ? amount : 0;
        }

        return sum;
    }

    public void Forget(long beforeMs)
    {
        foreach (var key in _amounts.Keys.TakeWhile(key => key.AtMs < beforeMs).ToArray())
        {
            _amounts.Remove(key);
        }
    }

    public IReadOnlyList<LeaseSettlement> Remember()
    {
        var merged = new RecentSettlements();
        foreach (var isAssumed in new[] { false, true })
        {
            var keys = _amounts.Keys.Where(key => key.IsAssumed == isAssumed).ToArray();
            foreach (var (i, key) in keys.Index())
            {
                merged.Add(keys[Math.Max(i, keys.Length - MostRemembered)].AtMs, _amounts[key], isAssumed);
            }
        }

        return [.. merged._amounts.Select(pair => new LeaseSettlement(pair.Key.AtMs, pair.Value, pair.Key.IsAssumed))];
    }
}
