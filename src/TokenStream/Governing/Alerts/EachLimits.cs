namespace TokenStream.Governing.Alerts;

/// <summary>Counts the scopes that budgets with "each" govern, and tells when one comes near the most that it may.</summary>
internal sealed class EachLimits
{
    private const int NearPercent = 80;

    private readonly Dictionary<string, int> _counts = new(StringComparer.Ordinal);
    private readonly Dictionary<string, BudgetTransition> _open = new(StringComparer.Ordinal);

    /// <summary>What lasts.</summary>
    public IEnumerable<BudgetTransition> Open => _open.Values;

    public void Count(string budget, int change) => _counts[budget] = _counts.GetValueOrDefault(budget) + change;

    /// <summary>What an earlier governor had begun.</summary>
    public void Restore(BudgetTransition open) => _open[open.Budget] = open;

    /// <summary>Tells of what has come near its limit, or is no longer.</summary>
    public void Tell(IReadOnlyDictionary<string, BudgetRules> rules, TransitionMaker maker, long nowMs, List<BudgetTransition> into)
    {
        foreach (var (name, count) in _counts)
        {
            if (rules.TryGetValue(name, out var found) && found.Budget.Scope.HasEach && IsNear(count, found) && !_open.ContainsKey(name))
            {
                var transition = maker.MakeEachLimit(found.Budget, count, nowMs);
                _open.Add(name, transition);
                into.Add(transition);
            }
        }

        foreach (var (name, open) in _open)
        {
            // A governor that has just begun has not met all scopes yet: it ends only what it has counted.
            if (!rules.TryGetValue(name, out var found) || (_counts.TryGetValue(name, out var count) && count > 0 && !IsNear(count, found) && open.AtMs + 60_000 < nowMs))
            {
                _open.Remove(name);
                into.Add(open with { AtMs = nowMs, EndedMs = nowMs });
            }
        }
    }

    private static bool IsNear(int count, BudgetRules rules) => (long)count * 100 >= (long)rules.Budget.EachLimit * NearPercent;
}
