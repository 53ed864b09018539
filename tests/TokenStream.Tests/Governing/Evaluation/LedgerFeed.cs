using TokenStream.Budgets;
using TokenStream.Governing.Evaluation;
using TokenStream.Governing.Ledger;
using TokenStream.Governing.Snapshots;
using TokenStream.Scopes;
using TokenStream.Windowing;

namespace TokenStream.Tests.Governing.Evaluation;

/// <summary>A ledger with its evaluator, fed by hand: final values, each under a decision of its own.</summary>
internal sealed class LedgerFeed
{
    public const long Usd = 1_000_000_000_000;
    public const long Minute = 60_000;
    public const long Hour = 60 * Minute;
    public const long Day = 24 * Hour;

    /// <summary>2026-06-01T00:00:00Z: a month of 30 days, a Monday.</summary>
    public const long June = 1_780_272_000_000;

    private readonly List<BudgetEvaluation> _evaluations = [];
    private long _decision;

    public LedgerFeed(params Budget[] budgets)
        : this(new SpendLedger(), budgets)
    {
    }

    public LedgerFeed(SpendLedger ledger, Budget[] budgets, long nowMs = June, bool isNew = false)
    {
        (Ledger, Evaluator) = (ledger, new BudgetEvaluator(ledger, 0, 1));
        Adopt(nowMs, isNew, budgets);
    }

    /// <summary>Goes on with what a snapshot held.</summary>
    public LedgerFeed(IReadOnlyList<byte[]> snapshot, int limit = 1000)
    {
        var restored = LedgerSnapshot.Read(snapshot, limit);
        (Ledger, Evaluator) = (restored.Ledger, new BudgetEvaluator(restored.Ledger, 0, 1));
        Evaluator.Restore(restored.Running, restored.Openings);
        _decision = Ledger.Sources.Select(source => source.Position).DefaultIfEmpty(0).Max();
    }

    public static Scope Acme { get; } = Scope.Of((ScopeDimension.Tenant, ScopeTerm.Exact("acme")));

    public SpendLedger Ledger { get; }

    public BudgetEvaluator Evaluator { get; }

    public static Budget Monthly(long usd, string name = "acme", string scope = "tenant=acme")
    {
        _ = ScopePattern.TryParse(scope, out var pattern, out _);
        return new Budget
        {
            Name = name,
            Scope = pattern,
            Amount = new BudgetAmount((Int128)usd * Usd, IsTokens: false),
            Period = new BudgetPeriod(PeriodKind.Month),
        };
    }

    /// <param name="isNew">Whether nothing is known of what the scopes spent before.</param>
    public void Adopt(long nowMs, bool isNew, params Budget[] budgets)
    {
        var since = isNew ? [] : budgets.Select(budget => budget.Scope.Text).Distinct().ToDictionary(text => text, _ => 0L);
        Evaluator.Adopt(new BudgetSet(1, budgets), since, nowMs);
    }

    /// <param name="sinceMs">From when on the spend of every pattern is published.</param>
    public void Adopt(long nowMs, long sinceMs, params Budget[] budgets) => Evaluator.Adopt(
        new BudgetSet(1, budgets), budgets.Select(budget => budget.Scope.Text).Distinct().ToDictionary(text => text, _ => sinceMs), nowMs);

    public IReadOnlyList<byte[]> Snapshot()
    {
        var chunks = new List<byte[]>();
        LedgerSnapshot.Write(Ledger, Evaluator, [], (_, bytes) => chunks.Add(bytes.ToArray()));
        return chunks;
    }

    public void Spend(long windowMs, Int128 cost, Scope? scope = null) => Spend(windowMs, new SpendMeasures { Cost = cost, Requests = 1, Tokens = 10 }, scope);

    public void Spend(long windowMs, in SpendMeasures measures, Scope? scope = null)
    {
        var header = new RollupBlockHeader(0, "llm.requests", 0, windowMs, ++_decision, _decision, _decision, 1, Final: true);
        Ledger.Apply(new ScopeSpend(header, scope ?? Acme, measures) { EventMs = windowMs + 5_000 });
    }

    /// <summary>Every evaluation that is due, with what changed.</summary>
    public IReadOnlyList<BudgetEvaluation> EvaluateAll(long nowMs)
    {
        _evaluations.Clear();
        foreach (var account in Ledger.Accounts)
        {
            Ledger.MarkDirty(account);
        }

        Evaluator.Evaluate(nowMs, _evaluations);
        return [.. _evaluations];
    }

    public BudgetEvaluation Evaluate(long nowMs, string name = "acme") => EvaluateAll(nowMs).First(evaluation => evaluation.Budget.Name == name);
}
