using TokenStream.Budgets;
using TokenStream.Commands;
using TokenStream.Governing;
using TokenStream.Governing.Evaluation;
using TokenStream.Governing.Ledger;
using TokenStream.Scopes;
using TokenStream.Windowing;

namespace TokenStream.Simulation.Overshoot;

/// <summary>Ledger, evaluation and governor as a node has them, and the log that they write to. A successor has the log and the ledger.</summary>
internal sealed class OvershootGovern
{
    private readonly BudgetSet _set;
    private readonly OvershootMutation _mutation;
    private readonly SpendLedger _ledger = new();
    private readonly List<BudgetEvaluation> _evaluations = [];
    private readonly List<(long AtMs, Command Command)> _log = [];
    private BudgetEvaluator _evaluator = null!;
    private Governor _governor = null!;
    private long _decision;
    private long _epoch;
    private long _counter;

    public OvershootGovern(Budget budget, long nowMs, OvershootMutation mutation)
    {
        (_set, _mutation) = (new BudgetSet(1, [budget]), mutation);
        Begin(nowMs);
    }

    /// <summary>The commands topic, with the time at which each was written.</summary>
    public IReadOnlyList<(long AtMs, Command Command)> Log => _log;

    /// <summary>Whether the last lease says that nothing remains.</summary>
    public bool IsUsedUp => _log.Count > 0 && _log[^1].Command is { Action: CommandAction.Lease, RetryAtMs: not null };

    /// <summary>A new owner takes over; its predecessor may speak once more, after the log was read.</summary>
    public void Begin(long nowMs, bool hasZombie = false)
    {
        var (former, epoch, counter) = (_governor, _epoch, _counter);
        (_epoch, _counter) = (_epoch + 1, 0);
        _evaluator = new BudgetEvaluator(_ledger, 0, 1);
        _evaluator.Adopt(_set, new Dictionary<string, long> { [_set.Budgets[0].Scope.Text] = 0 }, nowMs);
        _governor = new Governor(0, new GovernorOptions { Partitions = 1 });
        var standing = _log.Select(entry => entry.Command).GroupBy(command => command.Key).Select(group => group.MaxBy(command => command.Version)!);
        _governor.Restore(standing.Where(command => _mutation != OvershootMutation.SuccessorForgets || !command.IsLease).ToArray(), [], nowMs);
        _governor.Adopt(_set, TenantDirectory.Empty);
        _governor.SetControls(GovernControls.None);
        if (hasZombie)
        {
            Publish(former, former.Tick(nowMs + 1_000), epoch, ref counter, nowMs);
        }
    }

    public void Spend(long timeMs, long cost)
    {
        var windowMs = timeMs - (timeMs % 10_000);
        var header = new RollupBlockHeader(0, "llm.requests", 0, windowMs, ++_decision, _decision, _decision, 1, Final: true);
        _ledger.Apply(new ScopeSpend(header, OvershootWorld.Acme, new SpendMeasures { Cost = cost, Requests = 1, Tokens = 10 }) { EventMs = timeMs });
    }

    public void Take(GatewayAck ack, long nowMs)
    {
        foreach (var report in ack.Leases)
        {
            _governor.SetLeaseReport(ack.GatewayId, ack.AtMs, report, nowMs);
        }
    }

    public void Step(long nowMs)
    {
        _evaluations.Clear();
        _evaluator.SetNow(nowMs);
        _evaluator.Evaluate(nowMs, _evaluations);
        Publish(_governor, _governor.Evaluate([.. _evaluations.Select(Mutated)], nowMs), _epoch, ref _counter, nowMs);
        Publish(_governor, _governor.Tick(nowMs), _epoch, ref _counter, nowMs);
    }

    private void Publish(Governor governor, GovernorOutput output, long epoch, ref long counter, long nowMs)
    {
        if (output.Commands.Count == 0)
        {
            return;
        }

        var first = counter;
        var issued = output.Commands.Select((command, i) => command with { Version = new CommandVersion(epoch, first + i + 1) }).ToArray();
        counter += issued.Length;
        governor.SetVersions(issued);
        foreach (var command in issued)
        {
            // Through its bytes, as over the log: what a successor needs must be in them.
            Assert(CommandFormat.TryRead(CommandFormat.Write(command), out var read));
            _log.Add((nowMs, read!));
        }
    }

    private BudgetEvaluation Mutated(BudgetEvaluation evaluation) => _mutation == OvershootMutation.LedgerAlone && evaluation.Cut is { } cut
        ? evaluation with { Cut = new LedgerCut(long.MaxValue / 2, cut.Before + cut.Since, 0) }
        : evaluation;

    private static void Assert(bool holds)
    {
        if (!holds)
        {
            throw new InvalidOperationException("a command does not read back");
        }
    }
}
