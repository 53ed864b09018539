using TokenStream.Scopes;
using TokenStream.Windowing;

namespace TokenStream.Governing.Ledger;

/// <summary>
/// The sums of all scopes of one spend partition. Of each identity one value counts: a final one replaces the provisional, of provisional ones
/// the higher position wins, and what is at or below the last mark's decision is in the sums already. So replays and duplicates change
/// nothing, and what is remembered of single values is bounded by what is open. A value acts at once; its mark changes no sum, but voids the
/// provisional values of the windows that it closes.
/// </summary>
public sealed class SpendLedger
{
    private readonly Dictionary<Scope, ScopeAccount> _accounts = [];
    private readonly List<ScopeAccount> _byId = [];
    private readonly Dictionary<(string Topic, int Partition), SpendSource> _sources = [];
    private readonly List<ScopeAccount> _dirty = [];

    /// <param name="limit">Most scopes.</param>
    public SpendLedger(int limit = 200_000) => Limit = limit;

    public int Limit { get; }

    /// <summary>Scopes beyond the limit were met so often: their spend is not governed.</summary>
    public long Refused { get; private set; }

    /// <summary>
    /// Until when spend of scopes without an account may be missing: what was before it was lost, or there was no room. 0 where nothing is.
    /// </summary>
    public long CompleteSinceMs { get; set; }

    public int Count => _byId.Count;

    /// <summary>The offset of the record that is applied next: accounts of a snapshot may count it already.</summary>
    public long Offset { get; set; }

    /// <summary>Every account, in the order of their first spend.</summary>
    public IReadOnlyList<ScopeAccount> Accounts => _byId;

    /// <summary>Told of an account before anything is booked on it.</summary>
    public Action<ScopeAccount>? Opened { get; set; }

    internal IEnumerable<SpendSource> Sources => _sources.Values;

    /// <summary>Values that may still be replaced or voided.</summary>
    public int OpenValues => _sources.Values.Sum(source => source.Finals.Count + source.Provisionals.Count);

    /// <summary>The highest positions that have counted, by <c>topic/partition</c>.</summary>
    public IReadOnlyDictionary<string, long> Offsets() =>
        _sources.Values.ToDictionary(source => source.Name, source => source.Position, StringComparer.Ordinal);

    public ScopeAccount? Find(Scope scope) => _accounts.GetValueOrDefault(scope);

    /// <summary>The scope's account, opened where there is none; null beyond the limit.</summary>
    public ScopeAccount? Open(Scope scope)
    {
        if (_accounts.TryGetValue(scope, out var account))
        {
            return account;
        }

        if (_byId.Count >= Limit)
        {
            Refused++;
            return null;
        }

        account = new ScopeAccount(scope, _byId.Count);
        _accounts.Add(scope, account);
        _byId.Add(account);
        Opened?.Invoke(account);
        return account;
    }

    /// <summary>Books a value, final or provisional.</summary>
    public void Apply(ScopeSpend value)
    {
        var block = value.Block;
        var source = SourceOf(block.Topic, block.Partition, block.Epoch);
        if (block.Epoch < source.Epoch || (block.Final ? block.Decision <= source.Decision : block.WindowStartMs + ScopeAccount.WindowMs <= source.ClosedThroughMs))
        {
            return;
        }

        if (Open(value.Scope) is not { } account)
        {
            CompleteSinceMs = Math.Max(CompleteSinceMs, block.WindowStartMs + ScopeAccount.WindowMs);
            return;
        }

        var change = value.Measures;
        var identity = new SpendIdentity(block.WindowStartMs, account.Id, block.Part);
        if (block.Final)
        {
            if (!source.Finals.Add(identity))
            {
                return;
            }

            if (source.Provisionals.Remove(identity, out var provisional))
            {
                change -= provisional.Measures;
            }
        }
        else
        {
            if (source.Finals.Contains(identity))
            {
                return;
            }

            if (source.Provisionals.TryGetValue(identity, out var earlier))
            {
                if (earlier.Position > block.Position)
                {
                    return;
                }

                change -= earlier.Measures;
            }

            source.Provisionals[identity] = new ProvisionalSpend(block.Position, value.Measures);
        }

        source.Position = Math.Max(source.Position, block.Position);
        Book(account, block.WindowStartMs, change, value.EventMs);
    }

    /// <summary>Folds a decision.</summary>
    /// <exception cref="InvalidOperationException">The mark repeats a decision's number with another position: two decided it.</exception>
    public void Apply(Mark mark)
    {
        var source = SourceOf(mark.Topic, mark.Partition, mark.Epoch);
        if (mark.Epoch < source.Epoch || mark.Decision <= source.Decision)
        {
            if (mark.Epoch == source.Epoch && mark.Decision == source.Decision && mark.Position != source.MarkPosition)
            {
                throw new InvalidOperationException(
                    $"decision {mark.Decision} of {mark.Topic}[{mark.Partition}] is marked at position {mark.Position} and at {source.MarkPosition}: two owners decided it");
            }

            return;
        }

        (source.Decision, source.MarkPosition, source.RulesVersion) = (mark.Decision, mark.Position, mark.RulesVersion);
        source.ClosedThroughMs = Math.Max(source.ClosedThroughMs, mark.ClosedThroughMs);
        source.Position = Math.Max(source.Position, mark.Position);
        source.Finals.Clear();
        Void(source, identity => identity.WindowMs + ScopeAccount.WindowMs <= source.ClosedThroughMs);
    }

    /// <summary>Hands over the accounts that changed since the last call.</summary>
    internal void TakeDirty(List<ScopeAccount> accounts)
    {
        foreach (var account in _dirty)
        {
            account.IsDirty = false;
        }

        accounts.AddRange(_dirty);
        _dirty.Clear();
    }

    internal void MarkDirty(ScopeAccount account)
    {
        if (!account.IsDirty)
        {
            account.IsDirty = true;
            _dirty.Add(account);
        }
    }

    internal SpendSource SourceOf(string topic, int partition, int epoch)
    {
        if (!_sources.TryGetValue((topic, partition), out var source))
        {
            _sources.Add((topic, partition), source = new SpendSource(topic, partition) { Epoch = epoch });
        }

        if (epoch > source.Epoch)
        {
            // The input was reset: numbers and windows begin anew, what was not marked of the older epoch never will be.
            Void(source, _ => true);
            source.Finals.Clear();
            (source.Epoch, source.Decision, source.MarkPosition, source.ClosedThroughMs) = (epoch, 0, 0, AggregateCommit.Never);
        }

        return source;
    }

    private void Void(SpendSource source, Predicate<SpendIdentity> isVoid)
    {
        foreach (var (identity, provisional) in source.Provisionals.Where(pair => isVoid(pair.Key)).ToArray())
        {
            source.Provisionals.Remove(identity);
            Book(_byId[identity.Account], identity.WindowMs, default(SpendMeasures) - provisional.Measures, 0);
        }
    }

    private void Book(ScopeAccount account, long windowMs, in SpendMeasures change, long eventMs)
    {
        if (change == default || Offset < account.CountedUpTo)
        {
            return;
        }

        account.Add(windowMs, change, eventMs);
        MarkDirty(account);
    }
}
