using System.Runtime.CompilerServices;

namespace TokenStream.Windowing;

/// <summary>The sums of one scope in an open window.</summary>
internal struct SpendSums
{
    public SpendMeasures Measures;

    /// <summary>Highest broker timestamp of its events.</summary>
    public long EventMs;

    public int ScopeId;

    /// <summary>Changed since its provisional sums were published last.</summary>
    public bool HasChanged;
}

/// <summary>
/// What scopes spent in one window, or in its late events. A pattern has room for so many scopes, given in the order of the log; others are
/// booked under the pattern's <c>~other</c>. Nothing outlives the window, so what folds depends on its own events alone.
/// </summary>
internal sealed class SpendTable
{
    /// <summary>The slot of a scope that found no room.</summary>
    private const int Folded = -1;

    private SpendSums[] _sums = [];
    private int[] _slotOfScope = [];
    private int[] _admitted = [];

    public int Count { get; private set; }

    /// <summary>Scopes of the window that found no room.</summary>
    public int FoldedScopes { get; private set; }

    public bool HasChanged { get; set; }

    public ref SpendSums this[int slot] => ref _sums[slot];

    public void Open()
    {
        if (Count > 0)
        {
            Array.Clear(_slotOfScope);
            Array.Clear(_admitted);
            (Count, FoldedScopes, HasChanged) = (0, 0, false);
        }
    }

    /// <summary>Adds an event to its scopes.</summary>
    /// <param name="isCommon">Whether it has but cost, tokens and requests.</param>
    public void Add(
        ReadOnlySpan<int> scopeIds, in SpendMeasures spent, bool isCommon, long eventMs, ScopeTable scopes, AggregateRules rules)
    {
        HasChanged |= scopeIds.Length > 0;
        foreach (var id in scopeIds)
        {
            var slot = id < _slotOfScope.Length ? _slotOfScope[id] : 0;
            if (slot == 0)
            {
                slot = OpenScope(id, scopes, rules);
            }

            if (slot == Folded)
            {
                Add(scopes[id].Others, spent, isCommon, eventMs, scopes, rules);
                continue;
            }

            ref var sums = ref _sums[slot - 1];
            sums.HasChanged = true;
            sums.EventMs = Math.Max(sums.EventMs, eventMs);
            if (isCommon)
            {
                sums.Measures.Cost += spent.Cost;
                sums.Measures.Tokens += spent.Tokens;
                sums.Measures.Requests += spent.Requests;
            }
            else
            {
                sums.Measures += spent;
            }
        }
    }

    /// <summary>All that was published provisionally is to be published again.</summary>
    public void ChangeAll()
    {
        for (var slot = 0; slot < Count; slot++)
        {
            _sums[slot].HasChanged = true;
        }

        HasChanged = Count > 0;
    }

    /// <summary>The same sums under other numbers. Scopes without room are met anew, and find none again: patterns stay full.</summary>
    public void Renumber(ScopeTable from, ScopeTable to)
    {
        Array.Clear(_slotOfScope);
        for (var slot = 0; slot < Count; slot++)
        {
            var id = _sums[slot].ScopeId = to.Id(from[_sums[slot].ScopeId]);
            SetSlot(id, slot + 1);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private int OpenScope(int id, ScopeTable scopes, AggregateRules rules)
    {
        var bounded = scopes[id].Bounded;
        Array.Resize(ref _admitted, Math.Max(_admitted.Length, rules.Scopes.Patterns.Count));
        if (bounded.Length > 0 && Array.TrueForAll(bounded, pattern => _admitted[pattern] >= rules.MaxScopes))
        {
            FoldedScopes++;
            SetSlot(id, Folded);
            return Folded;
        }

        foreach (var pattern in bounded)
        {
            _admitted[pattern]++;
        }

        if (Count == _sums.Length)
        {
            Array.Resize(ref _sums, Math.Max(16, _sums.Length * 2));
        }

        _sums[Count++] = new SpendSums { ScopeId = id, EventMs = long.MinValue };
        SetSlot(id, Count);
        return Count;
    }

    private void SetSlot(int id, int slot)
    {
        if (id >= _slotOfScope.Length)
        {
            Array.Resize(ref _slotOfScope, Math.Max(id + 1, Math.Max(64, _slotOfScope.Length * 2)));
        }

        _slotOfScope[id] = slot;
    }
}
