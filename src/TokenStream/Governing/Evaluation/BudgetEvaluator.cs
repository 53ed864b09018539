using TokenStream.Budgets;
using TokenStream.Governing.Ledger;
using TokenStream.Scopes;
using TokenStream.Windowing;

namespace TokenStream.Governing.Evaluation;

/// <summary>
/// The budgets of one spend partition: which govern which account, and how each stands. What changed is evaluated at every call, the rest
/// once in ten seconds, spread over them.
/// </summary>
public sealed class BudgetEvaluator
{
    /// <summary>Lookbacks end at multiples of this, so nothing that did not change stands differently within it.</summary>
    public const long IntervalMs = 10_000;

    private readonly SpendLedger _ledger;
    private readonly int _partition;
    private readonly int _partitions;
    private readonly List<List<BudgetBinding>> _bindings = [];
    private readonly List<BudgetBinding> _all = [];

    // When each of them is evaluated again although nothing changed; beside them, so that nine of ten are passed over without being looked at.
    private readonly List<long> _dueMs = [];
    private readonly Dictionary<string, List<Budget>> _exact = new(StringComparer.Ordinal);
    private readonly List<Budget> _each = [];
    private readonly Dictionary<string, int> _eachCounts = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Budget, Scope Scope), RunningPeriod> _running = [];
    private readonly Dictionary<Budget, PeriodCalendar> _calendars = new(ReferenceEqualityComparer.Instance);
    private readonly List<ScopeAccount> _changed = [];
    private readonly OpeningBook _openings;
    private long _nowMs;
    private long _sweptMs;

    /// <param name="partition">The spend partition, of so many, whose scopes the ledger has.</param>
    public BudgetEvaluator(SpendLedger ledger, int partition, int partitions)
    {
        (_ledger, _partition, _partitions, _openings) = (ledger, partition, partitions, new OpeningBook(ledger));
        ledger.Opened = account =>
        {
            _openings.Open(account);
            Bind(account);
        };
    }

    public BudgetSet Set { get; private set; } = BudgetSet.Empty;

    /// <summary>Budgets times the scopes they govern.</summary>
    public int Bindings => _all.Count;

    /// <summary>Scopes that a budget with "each" does not govern, because it governs as many as it may.</summary>
    public long BeyondEachLimit { get; private set; }

    /// <summary>How many scopes each budget with "each" governs, by name.</summary>
    public IReadOnlyDictionary<string, int> EachCounts => _eachCounts;

    /// <summary>Patterns that came in the middle of a running period, and what their scopes had spent before is not told yet.</summary>
    public IEnumerable<SeedingPattern> Seeding => _openings.Seeding(_nowMs);

    /// <summary>What was told of such patterns, for a snapshot.</summary>
    internal IEnumerable<PatternOpening> Openings => _openings.Filled;

    /// <summary>The running periods, for a snapshot.</summary>
    internal IEnumerable<RunningPeriod> Running =>
        _all.Select(binding => new RunningPeriod(binding.Budget.Name, binding.Account.Scope, binding.Period, binding.Carried));

    /// <summary>Takes up a set of budgets. Those that stay go on where they stood, whatever their amount has become.</summary>
    /// <param name="sinceMs">From when on the spend of a pattern's scopes is published, by the pattern's text; where it says nothing, from now on.</param>
    public void Adopt(BudgetSet set, IReadOnlyDictionary<string, long> sinceMs, long nowMs)
    {
        foreach (var period in Running)
        {
            _running[(period.Budget, period.Scope)] = period;
        }

        (Set, _nowMs, BeyondEachLimit) = (set, nowMs, 0);
        _exact.Clear();
        _each.Clear();
        _eachCounts.Clear();
        _bindings.Clear();
        _all.Clear();
        _dueMs.Clear();
        _calendars.Clear();
        foreach (var budget in set.Budgets)
        {
            _calendars[budget] = new PeriodCalendar(budget);
            if (budget.Scope.HasEach)
            {
                _each.Add(budget);
                _eachCounts[budget.Name] = 0;
            }
            else if (Scope.TryParse(budget.Scope.Text, out var scope, out _) && scope.Partition(_partitions) == _partition)
            {
                (_exact.TryGetValue(scope.Text, out var budgets) ? budgets : _exact[scope.Text] = []).Add(budget);
            }
        }

        _openings.Adopt([.. _each, .. _exact.Values.SelectMany(budgets => budgets)], budget => _calendars[budget], sinceMs, nowMs);
        foreach (var account in _ledger.Accounts)
        {
            Bind(account);
            account.DropBoundaries(timeMs => _bindings[account.Id].Exists(binding => binding.Needs(timeMs)));
        }

        // A scope that has spent nothing yet stands somewhere, too.
        foreach (var text in _exact.Keys)
        {
            _ = Scope.TryParse(text, out var scope, out _);
            _ledger.Open(scope);
        }

        _running.Clear();
        _sweptMs = 0;
    }

    /// <summary>Takes up what a snapshot says of running periods; the next set that is adopted goes on from them.</summary>
    internal void Restore(IEnumerable<RunningPeriod> running, IEnumerable<PatternOpening> openings)
    {
        _openings.Restore(openings);
        foreach (var period in running)
        {
            _running[(period.Budget, period.Scope)] = period;
        }
    }

    /// <summary>
    /// Says what the time is. To be called before spend is applied: the periods of an account that it opens begin by it.
    /// </summary>
    public void SetNow(long nowMs) => _nowMs = nowMs;

    /// <summary>Evaluates what changed since the last call and what is due.</summary>
    public void Evaluate(long nowMs, List<BudgetEvaluation> evaluations)
    {
        _nowMs = nowMs;
        _changed.Clear();
        _ledger.TakeDirty(_changed);
        var offsets = _ledger.Offsets();
        foreach (var account in _changed)
        {
            foreach (var binding in _bindings[account.Id])
            {
                Evaluate(binding, offsets, evaluations);
            }
        }

        if (nowMs - _sweptMs < 1000 && nowMs >= _sweptMs)
        {
            return;
        }

        _sweptMs = nowMs;
        for (var i = 0; i < _dueMs.Count; i++)
        {
            if (nowMs >= _dueMs[i])
            {
                Evaluate(_all[i], offsets, evaluations);
            }
        }
    }

    /// <summary>Whether the last evaluation was asked for by spend of the scope, and not by time.</summary>
    public bool HasChanged(Scope scope) => _changed.Exists(account => account.Scope.Equals(scope));

    /// <summary>Counts what a pattern's scopes had spent in a running period before their spend was published. False where nothing waits for it.</summary>
    public bool SetOpening(PatternOpening opening) =>
        _openings.Fill(opening, scope => scope.Partition(_partitions) == _partition && !IsFolded(scope), _nowMs);

    private void Evaluate(BudgetBinding binding, IReadOnlyDictionary<string, long> offsets, List<BudgetEvaluation> evaluations)
    {
        // Spread: what is due with others now is due at another second of the ten from then on.
        _dueMs[binding.Number] = _dueMs[binding.Number] == 0 ? _nowMs + (binding.Account.Id % 10 * 1000) + 1000 : _nowMs + IntervalMs;
        var before = binding.Period;
        evaluations.Add(binding.Evaluate(_nowMs, offsets));
        if (before != binding.Period && !binding.IsRolling)
        {
            binding.Account.DropBoundaries(timeMs => _bindings[binding.Account.Id].Exists(other => other.Needs(timeMs)));
        }
    }

    private void Bind(ScopeAccount account)
    {
        while (_bindings.Count <= account.Id)
        {
            _bindings.Add([]);
        }

        foreach (var budget in _exact.GetValueOrDefault(account.Scope.Text) ?? [])
        {
            Bind(budget, account);
        }

        foreach (var budget in _each)
        {
            if (budget.Scope.Covers(account.Scope) && !IsFolded(account.Scope))
            {
                BindEach(budget, account);
            }
        }
    }

    private void BindEach(Budget budget, ScopeAccount account)
    {
        if (_eachCounts[budget.Name] >= budget.EachLimit)
        {
            BeyondEachLimit++;
            return;
        }

        _eachCounts[budget.Name]++;
        Bind(budget, account);
    }

    private void Bind(Budget budget, ScopeAccount account)
    {
        var binding = new BudgetBinding(budget, account, _calendars[budget], _openings, _all.Count);
        if (_running.TryGetValue((budget.Name, account.Scope), out var running))
        {
            // A period that has ended since is left by the first evaluation: spend of it may not be read yet, and decides what is carried over.
            binding.Continue(running.Period, running.Carried);
            binding.Roll(Math.Min(_nowMs, running.Period.EndMs - 1));
        }
        else
        {
            binding.Roll(_nowMs);
        }

        _bindings[account.Id].Add(binding);
        _all.Add(binding);
        _dueMs.Add(0);
    }

    /// <summary>What stands for many values together cannot be governed as one.</summary>
    private static bool IsFolded(Scope scope)
    {
        for (var i = 0; i < Scope.Dimensions; i++)
        {
            if (scope[(ScopeDimension)i] is { Kind: ScopeTermKind.Exact, Text: RollupKey.Other })
            {
                return true;
            }
        }

        return false;
    }
}

/// <summary>The running period of a budget for a scope, and what was carried into it.</summary>
internal sealed record RunningPeriod(string Budget, Scope Scope, PeriodSpan Period, Int128 Carried);
