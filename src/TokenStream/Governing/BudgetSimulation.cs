using TokenStream.Budgets;
using TokenStream.Commands;
using TokenStream.Governing.Alerts;
using TokenStream.Governing.Evaluation;
using TokenStream.Governing.Ledger;
using TokenStream.Scopes;
using TokenStream.Windowing;

namespace TokenStream.Governing;

/// <summary>What requests of one attribution used in one step of a simulation: stored rollups, as far as budgets go.</summary>
/// <param name="Values">By <see cref="ScopeDimension"/>, absent ones empty. The organisation comes from the directory, whatever stands here.</param>
public sealed record SimulatedUsage(string[] Values, SpendMeasures Measures);

/// <summary>What the commands of one budget for one scope did in a simulation. Money is picodollars.</summary>
/// <param name="RequestsBlocked">Requests that were refused: estimated, since a throttle is taken to refuse an even part of what comes.</param>
/// <param name="Saved">What refused and trimmed requests would have cost.</param>
public sealed record SimulatedEffect(string Budget, Scope Scope, long RequestsBlocked, Int128 Saved);

/// <summary>
/// Replays usage through the ledger, the evaluation and the governor that really govern, on the clock of the usage, and lets its commands act on what
/// follows, as an obeying gateway would at the beginning of the next step. What a command blocks is taken to be tried again no more and no less than
/// it was, and to be reported; trimming and routing save the shares that <see cref="GovernorOptions"/> assumes.
/// </summary>
public sealed class BudgetSimulation
{
    private const int Whole = 1_000_000;
    private const int Percent = Whole / 100;
    private const string Topic = "simulation";

    private readonly GovernorOptions _options = new() { Partitions = 1 };
    private readonly SpendLedger _ledger = new();
    private readonly BudgetEvaluator _evaluator;
    private readonly Governor _governor;
    private readonly ScopeIndex _index;
    private readonly TenantDirectory _directory;
    private readonly Dictionary<(string Budget, Scope Scope), SimulatedEffect> _effects = [];
    private readonly List<BudgetEvaluation> _evaluations = [];
    private long _nowMs;
    private long _decision;

    /// <param name="set">The budgets.</param>
    /// <param name="directory">The tenants.</param>
    /// <param name="startMs">The beginning of the first step, a multiple of ten seconds.</param>
    /// <param name="enforces">Whether every budget is taken to enforce; else their own modes count, and what only observes blocks nothing.</param>
    public BudgetSimulation(BudgetSet set, TenantDirectory directory, long startMs, bool enforces)
    {
        var simulated = enforces ? set with { Budgets = [.. set.Budgets.Select(budget => budget with { Mode = BudgetMode.Enforce })] } : set;
        _directory = directory;
        _index = new ScopeIndex(set.Patterns, directory);
        _evaluator = new BudgetEvaluator(_ledger, 0, 1);
        _governor = new Governor(0, _options);
        _nowMs = startMs;
        _evaluator.SetNow(startMs);
        _evaluator.Adopt(simulated, set.Patterns.ToDictionary(pattern => pattern.Text, _ => 0L, StringComparer.Ordinal), startMs);
        _governor.Adopt(simulated, directory);
    }

    /// <summary>What the commands did, by budget and scope, the greatest saving first.</summary>
    public IReadOnlyList<SimulatedEffect> Effects =>
        [.. _effects.Values.OrderByDescending(effect => effect.Saved).ThenBy(effect => effect.Budget, StringComparer.Ordinal).ThenBy(effect => effect.Scope.Text, StringComparer.Ordinal)];

    /// <summary>What the usage cost as it was.</summary>
    public Int128 Demanded { get; private set; }

    /// <summary>What it would have cost.</summary>
    public Int128 Spent { get; private set; }

    /// <summary>
    /// Goes on to a time, a multiple of ten seconds, and gives what happened then. Steps should be of a minute at most: lookbacks are no shorter.
    /// </summary>
    public IReadOnlyList<BudgetTransition> Step(long untilMs, IReadOnlyList<SimulatedUsage> usages)
    {
        var sums = new Dictionary<Scope, SpendMeasures>();
        Serve(usages, untilMs - _nowMs, sums);
        _nowMs = untilMs;
        _evaluator.SetNow(untilMs);
        Book(sums);
        _evaluations.Clear();
        _evaluator.Evaluate(untilMs, _evaluations);
        var ticked = _governor.Tick(untilMs);
        return [.. ticked.Transitions, .. _governor.Evaluate(_evaluations, untilMs).Transitions];
    }

    private void Serve(IReadOnlyList<SimulatedUsage> usages, long stepMs, Dictionary<Scope, SpendMeasures> sums)
    {
        var scopes = usages.Select(ScopesOf).ToArray();
        var demands = new Dictionary<Scope, SpendMeasures>();
        for (var i = 0; i < scopes.Length; i++)
        {
            Sum(demands, scopes[i], usages[i].Measures);
        }

        var commands = _governor.InForce.Where(command => !(command.ExpiresMs <= _nowMs)).ToLookup(command => command.Scope);
        for (var i = 0; i < scopes.Length; i++)
        {
            var (admitted, kept, hardest) = (Whole, Whole, (Command?)null);
            foreach (var command in scopes[i].SelectMany(scope => commands[scope]))
            {
                var (part, rest) = PartsOf(command, demands[command.Scope], stepMs);
                hardest = hardest is null || part < admitted || (part == admitted && command.Action > hardest.Action) ? command : hardest;
                admitted = Math.Min(admitted, part);
                kept = (int)((long)kept * rest / Whole);
            }

            Sum(sums, scopes[i], Served(usages[i].Measures, admitted, kept, hardest));
        }
    }

    /// <summary>Which part of the requests a command admits, and which part of their cost it leaves, in millionths.</summary>
    private (int Admitted, int Kept) PartsOf(Command command, in SpendMeasures demand, long stepMs) => command.Action switch
    {
        CommandAction.Kill or CommandAction.CacheOnly => (0, Whole),
        CommandAction.Throttle => (
            Math.Min(PartOf(command.Parameters.TokensPerMinute, demand.Tokens, stepMs), PartOf(command.Parameters.RequestsPerMinute, demand.Requests, stepMs)), Whole),
        CommandAction.TrimOutput => (Whole, Whole - (_options.TrimSavesPercent * Percent)),
        CommandAction.RouteTo => (Whole, Whole - (_options.RouteSavesPercent * Percent)),
        _ => (Whole, Whole),
    };

    private static int PartOf(long? perMinute, long demanded, long stepMs) =>
        perMinute is { } rate && demanded > 0 ? (int)Int128.Min(Whole, (Int128)rate * stepMs * Whole / 60_000 / demanded) : Whole;

    private SpendMeasures Served(in SpendMeasures demand, int admitted, int kept, Command? command)
    {
        var served = new SpendMeasures
        {
            Cost = Part(Part(demand.Cost, admitted), kept),
            BatchCost = Part(Part(demand.BatchCost, admitted), kept),
            UnpricedBound = Part(Part(demand.UnpricedBound, admitted), kept),
            BatchUnpricedBound = Part(Part(demand.BatchUnpricedBound, admitted), kept),
            BlockedCost = demand.Cost + demand.UnpricedBound - Part(demand.Cost + demand.UnpricedBound, admitted),
            Tokens = (long)Part(demand.Tokens, admitted),
            BatchTokens = (long)Part(demand.BatchTokens, admitted),
            UnboundTokens = (long)Part(demand.UnboundTokens, admitted),
            BlockedTokens = demand.Tokens - (long)Part(demand.Tokens, admitted),
            Requests = (long)Part(demand.Requests, admitted),
            BatchRequests = (long)Part(demand.BatchRequests, admitted),
            BlockedRequests = demand.Requests - (long)Part(demand.Requests, admitted),
        };
        Demanded += demand.Cost;
        Spent += served.Cost;
        if (command?.Cause is { } cause)
        {
            var key = (cause.Budget, command.Scope);
            var before = _effects.GetValueOrDefault(key) ?? new SimulatedEffect(cause.Budget, command.Scope, 0, 0);
            _effects[key] = before with { RequestsBlocked = before.RequestsBlocked + served.BlockedRequests, Saved = before.Saved + demand.Cost - served.Cost };
        }

        return served;
    }

    private static Int128 Part(Int128 amount, int part) => amount * part / Whole;

    /// <summary>Books the sums in the last window before now, as a decision of their own.</summary>
    private void Book(Dictionary<Scope, SpendMeasures> sums)
    {
        if (sums.Count == 0)
        {
            return;
        }

        _decision++;
        var block = new RollupBlockHeader(1, Topic, 0, _nowMs - ScopeAccount.WindowMs, 0, _decision, _decision, 1, Final: true);
        foreach (var (scope, measures) in sums)
        {
            _ledger.Apply(new ScopeSpend(block, scope, measures) { EventMs = _nowMs });
        }

        _ledger.Apply(new Mark
        {
            Epoch = 1,
            Topic = Topic,
            Partition = 0,
            Decision = _decision,
            Position = _decision,
            ClosedThroughMs = _nowMs,
            StreamTimeMs = _nowMs,
            RulesVersion = 1,
            NeededOffset = _decision,
            IdsFrom = 0,
            Counts = new MarkCounts(0, 0, 0, 0, 0, 0, new Dictionary<string, long>()),
        });
    }

    private Scope[] ScopesOf(SimulatedUsage usage)
    {
        var values = (string[])usage.Values.Clone();
        values[(int)ScopeDimension.Organisation] = _directory.At(values[(int)ScopeDimension.Tenant], _nowMs)?.Organisation ?? "";
        return [.. _index.Find(values, withUser: false).Select(found => found.Scope).Distinct()];
    }

    private static void Sum(Dictionary<Scope, SpendMeasures> sums, Scope[] scopes, in SpendMeasures measures)
    {
        foreach (var scope in scopes)
        {
            sums[scope] = sums.GetValueOrDefault(scope) + measures;
        }
    }
}
