using System.Globalization;
using System.Text;
using System.Text.Json;
using TokenStream.Budgets;
using TokenStream.Governing;
using TokenStream.Governing.Evaluation;
using TokenStream.Governing.Ledger;
using TokenStream.Scopes;
using TokenStream.Windowing;

namespace TokenStream.Benchmarks.Governing;

/// <summary>
/// <c>rollover [BUDGETS]</c>: so many budgets (default 10,000), each of a tenant and with a ladder, whose month ends at the same midnight in
/// Berlin, one in a hundred of them exhausted. Before and after it every tenant spends twice a second. What a step of the govern stage
/// computes, ten a second, in processor time: values booked, budgets evaluated, commands decided. One line of JSON.
/// </summary>
internal static class RolloverCommand
{
    /// <summary>2026-07-01T00:00:00 in Berlin.</summary>
    private const long Midnight = 1_782_856_800_000;

    private const long StepMs = 100;
    private const int StepsApart = 5;
    private const long LeadMs = 60_000;
    private const long TailMs = 90_000;

    public static int Run(string[] args, TextWriter output)
    {
        var count = args is [var text, ..] ? int.Parse(text, CultureInfo.InvariantCulture) : 10_000;
        var set = new BudgetSet(1, BudgetFile.Load(Yaml(count)).Document!.Budgets);
        var tenants = Enumerable.Range(0, count).Select(i => Scope.Of((ScopeDimension.Tenant, ScopeTerm.Exact($"tenant-{i:D5}")))).ToArray();
        var ledger = new SpendLedger();
        var evaluator = new BudgetEvaluator(ledger, 0, 1);
        var begin = Midnight - LeadMs;
        evaluator.Adopt(set, set.Patterns.ToDictionary(pattern => pattern.Text, _ => 0L), begin);
        var governor = new Governor(0, new GovernorOptions { Partitions = 1 });
        governor.Adopt(set, TenantDirectory.Empty);
        var (evaluations, decision, commands, evaluated) = (new List<BudgetEvaluation>(), 0L, 0, 0);
        var (before, after, atMidnight) = (new List<double>(), new List<double>(), 0.0);
        for (var now = begin; now < Midnight + TailMs; now += StepMs)
        {
            var since = Environment.CpuUsage.TotalTime;
            evaluator.SetNow(now);
            for (var i = (int)(now / StepMs % StepsApart); i < count; i += StepsApart)
            {
                // A hundredth of the tenants have spent their amount within the first half minute.
                var cost = i % 100 == 0 ? 500_000_000_000 : 1_000_000_000;
                var window = now / 10_000 * 10_000;
                var header = new RollupBlockHeader(0, "llm.requests", 0, window, ++decision, decision, decision, 1, Final: true);
                ledger.Apply(new ScopeSpend(header, tenants[i], new SpendMeasures { Cost = cost, Tokens = 900, Requests = 3 }) { EventMs = now });
            }

            evaluations.Clear();
            evaluator.Evaluate(now, evaluations);
            evaluated += evaluations.Count;
            commands += governor.Evaluate(evaluations, now).Commands.Count + governor.Tick(now).Commands.Count;
            var elapsed = (Environment.CpuUsage.TotalTime - since).TotalMilliseconds;
            (now < Midnight ? before : after).Add(elapsed);
            atMidnight = now == Midnight ? elapsed : atMidnight;
        }

        output.WriteLine(JsonSerializer.Serialize(new
        {
            budgets = count,
            evaluations = evaluated,
            commands,
            before_ms = Spread(before.Skip(before.Count / 2)),
            at_midnight_ms = Math.Round(atMidnight, 1),
            first_seconds_ms = Spread(after.Take(20)),
            after_ms = Spread(after),
            longest_after_ms = after.IndexOf(after.Max()) * StepMs,
            collected = GC.CollectionCount(2),
            paused_ms = Math.Round(GC.GetTotalPauseDuration().TotalMilliseconds),
        }));
        return 0;
    }

    private static object Spread(IEnumerable<double> steps)
    {
        var sorted = steps.Order().ToArray();
        return new { median = Math.Round(sorted[sorted.Length / 2], 1), p99 = Math.Round(sorted[sorted.Length * 99 / 100], 1), longest = Math.Round(sorted[^1], 1) };
    }

    private static string Yaml(int count)
    {
        var text = new StringBuilder("version: 1\nbudgets:\n");
        for (var i = 0; i < count; i++)
        {
            text.Append(CultureInfo.InvariantCulture, $$"""
                  - {name: b{{i}}, scope: {tenant: tenant-{{i:D5}}}, amount: 50 USD, period: month, time_zone: Europe/Berlin, mode: enforce,
                     passes_breaker: true, ladder: [{at: burn 6, action: trim_output, max_output_tokens: 256}, {at: exhausted, action: kill}]}

                """);
        }

        return text.ToString();
    }
}
