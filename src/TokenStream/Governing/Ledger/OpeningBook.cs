using TokenStream.Budgets;
using TokenStream.Scopes;
using TokenStream.Windowing;

namespace TokenStream.Governing.Ledger;

/// <summary>
/// What accounts had spent in a period before the ledger counted. That is a matter of the pattern: from the moment that its spend is
/// published on, a scope that was never met has spent nothing. Only where the pattern itself came in the middle of a period has somebody to
/// tell what its scopes had spent before, once for all of them; until then they are seeding.
/// </summary>
internal sealed class OpeningBook(SpendLedger ledger)
{
    /// <summary>So long after a pattern was said its spend is certain to be published: partitions take it up within a minute.</summary>
    internal const long TakenUpMs = 10 * ScopeAccount.MinuteMs;

    private readonly Dictionary<(string Pattern, long StartMs), PatternOpening> _filled = [];
    private readonly List<YoungPattern> _young = [];
    private readonly HashSet<ScopePattern> _each = [];
    private readonly HashSet<string> _exact = new(StringComparer.Ordinal);
    private IReadOnlyDictionary<string, long> _sinceMs = new Dictionary<string, long>();
    private long _adoptedMs;

    /// <summary>What was told and still counts, for a snapshot.</summary>
    public IEnumerable<PatternOpening> Filled => _filled.Values;

    /// <summary>Takes up what a snapshot kept.</summary>
    public void Restore(IEnumerable<PatternOpening> openings)
    {
        foreach (var opening in openings)
        {
            _filled[(opening.Pattern, opening.PeriodStartMs)] = opening;
        }
    }

    /// <summary>Takes up the budgets whose scopes this ledger has, and notes of every account how long its spend is published.</summary>
    public void Adopt(IReadOnlyList<Budget> budgets, Func<Budget, PeriodCalendar> calendar, IReadOnlyDictionary<string, long> sinceMs, long nowMs)
    {
        (_sinceMs, _adoptedMs) = (sinceMs, nowMs);
        _each.Clear();
        _exact.Clear();
        _young.Clear();
        foreach (var budget in budgets)
        {
            _ = budget.Scope.HasEach ? _each.Add(budget.Scope) : _exact.Add(budget.Scope.Text);
            var span = calendar(budget).At(nowMs);
            if (span.EndMs > nowMs && budget.Scope[ScopeDimension.User].Kind == ScopeTermKind.Any && IsYoung(budget.Scope.Text, span))
            {
                _young.Add(new YoungPattern(budget.Scope, calendar(budget)) { Span = span });
            }
        }

        foreach (var account in ledger.Accounts)
        {
            var since = SinceOf(account.Scope);
            account.PublishedSinceMs = since is null ? null : Math.Min(since.Value, account.PublishedSinceMs ?? long.MaxValue);
            account.HasGap |= since is null;
        }
    }

    /// <summary>Notes of a new account how long its spend is published.</summary>
    public void Open(ScopeAccount account) => account.PublishedSinceMs = SinceOf(account.Scope);

    /// <summary>The patterns that wait for what their scopes had spent.</summary>
    public IEnumerable<SeedingPattern> Seeding(long nowMs)
    {
        Follow(nowMs);
        return _young.Where(IsWaiting).Select(young => new SeedingPattern(young.Text, young.Span.StartMs, Since(young.Text))).Distinct();
    }

    /// <summary>Takes what a pattern's scopes had spent. False where nothing waits for it.</summary>
    /// <param name="isOwn">Whether a scope is one of this ledger's.</param>
    public bool Fill(PatternOpening opening, Predicate<Scope> isOwn, long nowMs)
    {
        Follow(nowMs);
        if (_young.Find(young => young.Text == opening.Pattern && young.Span.StartMs == opening.PeriodStartMs && IsWaiting(young)) is not { } waiting)
        {
            return false;
        }

        var balances = opening.Balances.Where(pair => isOwn(pair.Key) && pair.Value != default && waiting.Pattern.Covers(pair.Key));
        opening = opening with { Balances = balances.ToDictionary(), SinceMs = Since(opening.Pattern) };
        _filled[(opening.Pattern, opening.PeriodStartMs)] = opening;
        foreach (var account in ledger.Accounts)
        {
            if (account.FindBoundary(opening.PeriodStartMs) is { IsComplete: false } boundary && waiting.Pattern.Covers(account.Scope))
            {
                boundary.Before -= opening.Balances.GetValueOrDefault(account.Scope);
                boundary.IsComplete = true;
                ledger.MarkDirty(account);
            }
        }

        // Who had spent and was not met since has a budget that may be exhausted.
        foreach (var scope in opening.Balances.Keys.OrderBy(scope => scope.Text, StringComparer.Ordinal).Where(scope => ledger.Count < ledger.Limit))
        {
            ledger.Open(scope);
        }

        return true;
    }

    /// <summary>The sum of what an account had spent before a time at which a period begins or ends, and whether that is the whole truth.</summary>
    public PeriodBoundary Boundary(ScopeAccount account, long timeMs, int columns, long nowMs)
    {
        if (account.FindBoundary(timeMs) is { } known)
        {
            return known;
        }

        var (boundary, since) = (account.AddBoundary(timeMs, columns), account.PublishedSinceMs ?? nowMs);
        var lostMs = account.OldestWindowMs < timeMs ? 0 : ledger.CompleteSinceMs;
        if (!boundary.IsComplete)
        {
            // The ledger does not hold sums as fine as this period's start asks for.
            boundary.CountsFromMs = nowMs;
        }
        else if (lostMs > timeMs && lostMs > since)
        {
            boundary.CountsFromMs = lostMs;
        }
        else if (since > timeMs && account.Scope[ScopeDimension.User].Kind != ScopeTermKind.Any)
        {
            // Rollups do not hold users: what came before can never be told.
            boundary.CountsFromMs = since;
        }
        else if (since + TakenUpMs > timeMs && account.HasGap && account.NewestWindowMs >= timeMs)
        {
            // The period's first spend is in the account already: the store's rollups would count it again.
            boundary.CountsFromMs = since;
        }
        else if (since + TakenUpMs > timeMs && account.Scope[ScopeDimension.User].Kind == ScopeTermKind.Any)
        {
            boundary.IsComplete = TryFind(account.Scope, timeMs, out var opening);
            boundary.Before -= opening;
        }

        boundary.IsComplete |= boundary.CountsFromMs is not null;
        return boundary;
    }

    private bool TryFind(Scope scope, long startMs, out SpendMeasures opening)
    {
        opening = default;
        if (_filled.Count == 0)
        {
            return false;
        }

        var found = FindFilled(scope.Text, startMs);
        foreach (var pattern in _each)
        {
            found ??= pattern.Covers(scope) ? FindFilled(pattern.Text, startMs) : null;
        }

        opening = found?.Balances.GetValueOrDefault(scope) ?? default;
        return found is not null;
    }

    private PatternOpening? FindFilled(string pattern, long startMs) =>
        _filled.TryGetValue((pattern, startMs), out var opening) && opening.SinceMs >= Since(pattern) ? opening : null;

    private long Since(string pattern) => _sinceMs.GetValueOrDefault(pattern, _adoptedMs);

    /// <summary>Since when a pattern that covers the scope is published; null where none covers it.</summary>
    private long? SinceOf(Scope scope)
    {
        long? since = _exact.Contains(scope.Text) ? Since(scope.Text) : null;
        foreach (var pattern in _each)
        {
            if (pattern.Covers(scope))
            {
                since = Math.Min(since ?? long.MaxValue, Since(pattern.Text));
            }
        }

        return since;
    }

    private bool IsYoung(string pattern, PeriodSpan span) => Since(pattern) + TakenUpMs > span.StartMs;

    private bool IsWaiting(YoungPattern young) =>
        FindFilled(young.Text, young.Span.StartMs) is null && !(ledger.CompleteSinceMs > young.Span.StartMs && ledger.CompleteSinceMs > Since(young.Text));

    /// <summary>Forgets what belongs to periods that are over, and patterns that were there before the running one.</summary>
    private void Follow(long nowMs)
    {
        if (!_young.Exists(young => nowMs >= young.Span.EndMs) && _filled.Count <= _young.Count)
        {
            return;
        }

        _young.ForEach(young => young.Span = young.Calendar.At(nowMs));
        _young.RemoveAll(young => !IsYoung(young.Text, young.Span));
        var running = _young.Select(young => (young.Text, young.Span.StartMs)).ToHashSet();
        foreach (var key in _filled.Keys.Where(key => !running.Contains(key)).ToArray())
        {
            _filled.Remove(key);
        }
    }

    /// <summary>A pattern that was said after, or shortly before, the running period of one of its budgets began.</summary>
    private sealed class YoungPattern(ScopePattern pattern, PeriodCalendar calendar)
    {
        public ScopePattern Pattern { get; } = pattern;

        public string Text => Pattern.Text;

        public PeriodCalendar Calendar { get; } = calendar;

        public PeriodSpan Span { get; set; }
    }
}
