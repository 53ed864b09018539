using System.Globalization;
using System.Text;
using TokenStream.Budgets;
using TokenStream.Governing.Evaluation;
using TokenStream.Governing.Ledger;
using TokenStream.Scopes;
using TokenStream.Windowing;
using Xunit;

namespace TokenStream.IntegrationTests.Governing;

/// <summary>
/// Burn rates beside those that Prometheus reckons from the same series. Each window is a sample of a gauge; the comparison is of whole
/// cents, within what a double holds exactly. Asked five seconds after a sample, so that none lies on the edge of a range.
/// </summary>
public sealed class PrometheusParityTests
{
    private const long WindowMs = 10_000;
    private const long MostSeconds = 87_000;
    private const long CentPico = 10_000_000_000;

    /// <summary>2026-06-10T00:00:00Z: ten days into a month of 30, a multiple of every step that sums are kept in.</summary>
    private const long Start = 1_781_049_600_000;

    private static readonly Scope Acme = Scope.Of((ScopeDimension.Tenant, ScopeTerm.Exact("acme")));

    [FactNeeding("program:promtool")]
    public async Task Burn_rates_exceed_their_factors_exactly_when_Prometheus_says_so()
    {
        var scenarios = BurnScenario.All().ToList();
        Assert.True(scenarios.Count >= 20);
        var text = new StringBuilder("rule_files: []\nevaluation_interval: 10s\ntests:\n");
        var seen = new int[BurnScenario.Pairs.Count, 2];
        foreach (var scenario in scenarios)
        {
            Write(text, scenario, seen);
        }

        // Each pair was seen above and not above, or the comparison would say little.
        Assert.DoesNotContain(0, seen.Cast<int>());
        var file = Path.Combine(Path.GetTempPath(), $"burn-rates-{Guid.NewGuid():N}.yml");
        try
        {
            await File.WriteAllTextAsync(file, text.ToString());
            var (code, output) = await ChildProcess.RunAsync("promtool", ["test", "rules", file]);
            Assert.True(code == 0, output.Length > 4000 ? output[..4000] : output);
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static void Write(StringBuilder text, BurnScenario scenario, int[,] seen)
    {
        text.Append(CultureInfo.InvariantCulture, $"  - name: {scenario.Name}\n    interval: 10s\n    input_series:\n");
        text.Append("      - series: spend\n        values: ").Append(Values(scenario.Windows.Select(window => window.Cents))).Append('\n');
        text.Append("      - series: requests\n        values: ").Append(Values(scenario.Windows.Select(window => window.Requests))).Append('\n');
        text.Append("    promql_expr_test:\n");
        var budget = new Budget
        {
            Name = "b",
            Scope = ScopePattern.Of((ScopeDimension.Tenant, ScopeTerm.Exact("acme"))),
            Amount = new BudgetAmount((Int128)BurnScenario.AmountCents * CentPico, IsTokens: false),
            Period = new BudgetPeriod(PeriodKind.Month),
        };
        var ledger = new SpendLedger();
        var evaluator = new BudgetEvaluator(ledger, 0, 1);
        evaluator.Adopt(new BudgetSet(1, [budget]), new Dictionary<string, long> { [budget.Scope.Text] = 0 }, Start);
        for (var i = 0; i < scenario.Windows.Count; i++)
        {
            Apply(ledger, i, scenario.Windows[i]);
            if (i < scenario.Windows.Count - scenario.Compared)
            {
                continue;
            }

            var evaluations = new List<BudgetEvaluation>();
            ledger.MarkDirty(ledger.Find(Acme)!);
            evaluator.Evaluate(Start + (i * WindowMs) + 5_000, evaluations);
            var readings = evaluations[^1].Pairs;
            for (var pair = 0; pair < BurnScenario.Pairs.Count; pair++)
            {
                seen[pair, readings[pair].IsAbove ? 1 : 0]++;
                text.Append(
                    CultureInfo.InvariantCulture,
                    $"      - expr: {Expression(pair, i)}\n        eval_time: {(i * 10) + 5}s\n        exp_samples: [{{labels: '{{}}', value: {(readings[pair].IsAbove ? 1 : 0)}}}]\n");
            }
        }
    }

    private static void Apply(SpendLedger ledger, int index, BurnWindow window)
    {
        var header = new RollupBlockHeader(0, "llm.requests", 0, Start + (index * WindowMs), index + 1, index + 1, index + 1, 1, Final: true);
        var measures = new SpendMeasures
        {
            Cost = (window.Cents + window.BatchCents) * (Int128)CentPico,
            BatchCost = window.BatchCents * (Int128)CentPico,
            Requests = window.Requests,
        };
        ledger.Apply(new ScopeSpend(header, Acme, measures));
    }

    /// <summary>sum / length &gt; factor x amount / period, in whole numbers; at least a hundredth of the amount and five requests.</summary>
    private static string Expression(int pair, int index)
    {
        var (factor, longWindows, shortWindows) = BurnScenario.Pairs[pair];
        var (longSeconds, shortSeconds) = (Seconds(longWindows, index), Seconds(shortWindows, index));
        return string.Create(
            CultureInfo.InvariantCulture,
            $"({Sum("spend", longSeconds)} * 25920000 > bool {factor} * {BurnScenario.AmountCents} * {longSeconds})" +
            $" * ({Sum("spend", shortSeconds)} * 25920000 > bool {factor} * {BurnScenario.AmountCents} * {shortSeconds})" +
            $" * ({Sum("spend", longSeconds)} * 100 >= bool {BurnScenario.AmountCents}) * ({Sum("requests", longSeconds)} >= bool 5)");
    }

    /// <summary>The sum over a range, a day after the other: promtool loads no more than 10,000 samples at once.</summary>
    private static string Sum(string series, long seconds)
    {
        var parts = new List<string>();
        for (long offset = 0; offset < seconds; offset += MostSeconds)
        {
            parts.Add(string.Create(
                CultureInfo.InvariantCulture, $"(sum_over_time({series}[{Math.Min(MostSeconds, seconds - offset)}s]{(offset > 0 ? $" offset {offset}s" : "")}) or vector(0))"));
        }

        return $"({string.Join(" + ", parts)})";
    }

    /// <summary>Up to two hours a lookback begins at a window, up to twelve at a whole minute, beyond at ten minutes: it is so much longer.</summary>
    private static long Seconds(int windows, int index)
    {
        var step = windows <= 720 ? 10 : windows <= 4320 ? 60 : 600;
        var from = ((index + 1) * 10) - (windows * 10);
        return (windows * 10) + (((from % step) + step) % step);
    }

    /// <summary>Prometheus' short form: a value and how often it repeats.</summary>
    private static string Values(IEnumerable<long> values)
    {
        var text = new StringBuilder();
        var (last, count) = (0L, 0);
        foreach (var value in values.Append(long.MinValue))
        {
            if (count > 0 && value != last)
            {
                text.Append(CultureInfo.InvariantCulture, $"{last}x{count - 1} ");
                count = 0;
            }

            (last, count) = (value, count + 1);
        }

        return text.ToString();
    }
}
