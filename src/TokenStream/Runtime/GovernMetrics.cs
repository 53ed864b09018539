using System.Diagnostics.Metrics;
using TokenStream.Commands;
using TokenStream.Governing.Evaluation;

namespace TokenStream.Runtime;

/// <summary>The instruments of govern; <see cref="StreamMetrics"/> has them.</summary>
public sealed class GovernMetrics
{
    private const int MostBudgets = 1000;

    private readonly Counter<long> _commands;
    private readonly Histogram<double> _latency;
    private volatile Func<IEnumerable<GovernGauges>> _partitions = () => [];
    private volatile Func<IEnumerable<BudgetEvaluation>> _budgets = () => [];

    internal GovernMetrics(Meter meter)
    {
        Evaluations = meter.CreateCounter<long>("tokenstream.govern.evaluations", "{evaluation}", "Budgets evaluated, one for each scope.");
        CommandsAgain = meter.CreateCounter<long>(
            "tokenstream.govern.commands.again", "{command}", "Commands published again because a record that does not count lay above them.");
        _commands = meter.CreateCounter<long>("tokenstream.govern.commands", "{command}", "Commands acknowledged by the log, by action.");
        _latency = meter.CreateHistogram(
            "tokenstream.govern.latency",
            "s",
            "From the newest event that a command was decided on, by the broker's timestamp, to the command's acknowledgement; renewals and releases left out.",
            advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.75, 1, 2, 5, 10, 30, 60] });
        meter.CreateObservableGauge("tokenstream.govern.lag", () => Measure(p => p.LagRecords), "{record}", "Records of spend between a partition's ledger and its end.");
        meter.CreateObservableGauge("tokenstream.govern.scopes", () => Measure(p => p.Scopes), "{scope}", "Scopes in a partition's ledger.");
        meter.CreateObservableGauge("tokenstream.govern.snapshot.size", () => Measure(p => p.SnapshotBytes), "By", "Size of a ledger's last snapshot.");
        meter.CreateObservableGauge("tokenstream.govern.snapshot.age", () => Measure(p => p.SnapshotAgeMs / 1000.0), "s", "Age of a ledger's last snapshot.");
        meter.CreateObservableGauge("tokenstream.budget.used", () => Budgets(Used), "1", "Spent in the period over the limit; the thousand most used.");
        meter.CreateObservableGauge(
            "tokenstream.budget.burn_rate", () => Budgets(e => e.Pairs is [var first, ..] ? first.LongRate : 0), "1", "Burn rate over the first pair's long lookback; likewise.");
    }

    public Counter<long> Evaluations { get; }

    public Counter<long> CommandsAgain { get; }

    /// <summary>Counts a command that the log acknowledged, and how long after its cause that was.</summary>
    /// <param name="isNew">Neither a renewal nor a release.</param>
    public void Count(Command command, bool isNew, long acknowledgedMs)
    {
        _commands.Add(1, new KeyValuePair<string, object?>("action", command.Action.ToString()));
        if (isNew && command.Cause is { EventMs: > 0 } cause)
        {
            _latency.Record(Math.Max(0, acknowledgedMs - cause.EventMs) / 1000.0);
        }
    }

    /// <summary>Where the gauges of spend partitions and of budgets are read from; called from any thread.</summary>
    public void Observe(Func<IEnumerable<GovernGauges>> partitions, Func<IEnumerable<BudgetEvaluation>> budgets) => (_partitions, _budgets) = (partitions, budgets);

    private static double Used(BudgetEvaluation evaluation) => evaluation.Limit == 0 ? 0 : (double)evaluation.Spent / (double)evaluation.Limit;

    private IEnumerable<Measurement<double>> Measure(Func<GovernGauges, double> value) =>
        _partitions().Select(p => new Measurement<double>(value(p), new KeyValuePair<string, object?>("partition", p.Partition)));

    /// <summary>Of the most used budgets only: tags are memory of whoever reads them.</summary>
    private IEnumerable<Measurement<double>> Budgets(Func<BudgetEvaluation, double> value) => _budgets().OrderByDescending(Used).Take(MostBudgets).Select(
        e => new Measurement<double>(
            value(e), new KeyValuePair<string, object?>("budget", e.Budget.Name), new KeyValuePair<string, object?>("scope", e.Scope.Text)));
}

/// <summary>How the ledger of a spend partition stood when its worker looked last.</summary>
public sealed record GovernGauges(int Partition, long LagRecords, int Scopes, long SnapshotBytes, long SnapshotAgeMs);
