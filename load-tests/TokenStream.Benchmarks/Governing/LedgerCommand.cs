using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using TokenStream.Budgets;
using TokenStream.Governing.Evaluation;
using TokenStream.Governing.Ledger;
using TokenStream.Governing.Snapshots;
using TokenStream.Runtime;
using TokenStream.Scopes;
using TokenStream.Windowing;

namespace TokenStream.Benchmarks.Governing;

/// <summary>
/// <c>ledger [SCOPES]</c>: so many tenants (default 10,000), each with a monthly budget in dollars, that spent something in every window that a
/// ledger keeps sums of: memory, time to book a value, to evaluate a budget of which nothing changed, to write and to restore a snapshot.
/// One line of JSON.
/// </summary>
internal static class LedgerCommand
{
    /// <summary>2026-06-29T00:00:00Z.</summary>
    private const long Now = 1_782_691_200_000;

    private const long Minute = 60_000;
    private const long Hour = 60 * Minute;
    private const long Day = 24 * Hour;

    public static int Run(string[] args, TextWriter output)
    {
        var scopes = args is [var count, ..] ? int.Parse(count, CultureInfo.InvariantCulture) : 10_000;
        var tenants = Enumerable.Range(0, scopes).Select(i => Scope.Of((ScopeDimension.Tenant, ScopeTerm.Exact($"tenant-{i:D5}")))).ToArray();
        var (ledger, evaluator) = (new SpendLedger(), (BudgetEvaluator?)null);
        evaluator = New(ledger, []);
        evaluator.SetNow(Now - (28 * Day));
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var since = Used();
        var values = Fill(ledger, tenants);
        var booked = Used() - since;
        var evaluations = new List<BudgetEvaluation>();
        evaluator.Evaluate(Now, evaluations);
        evaluations.Clear();
        evaluations.TrimExcess();
        var bytes = GC.GetTotalMemory(forceFullCollection: true) - before;
        var perEvaluation = Evaluate(evaluator, Now);
        since = Used();
        var chunks = new List<byte[]>();
        LedgerSnapshot.Write(ledger, evaluator, [], (_, chunk) => chunks.Add(chunk.ToArray()));
        var written = Used() - since;
        var slices = Slices(ledger, evaluator);
        since = Used();
        var restored = LedgerSnapshot.Read(chunks, ledger.Limit);
        _ = New(restored.Ledger, restored.Running);
        output.WriteLine(JsonSerializer.Serialize(new
        {
            scopes,
            memory_mb = Math.Round(bytes / 1048576.0, 1),
            booking_ns = Math.Round(booked.TotalNanoseconds / values),
            evaluation_best_ns = Math.Round(perEvaluation.Best),
            evaluation_mean_ns = Math.Round(perEvaluation.Mean),
            evaluation_bytes = Math.Round(perEvaluation.Bytes),
            snapshot_mb = Math.Round(chunks.Sum(chunk => (long)chunk.Length) / 1048576.0, 1),
            snapshot_write_ms = Math.Round(written.TotalMilliseconds),
            snapshot_slices = slices.Count,
            snapshot_slice_median_ms = Math.Round(slices[slices.Count / 2], 1),
            snapshot_slice_longest_ms = Math.Round(slices[^1], 1),
            snapshot_restore_ms = Math.Round((Used() - since).TotalMilliseconds),
        }));
        return 0;
    }

    /// <summary>What a step waits for a snapshot that is written in slices, each step's milliseconds, in order.</summary>
    private static List<double> Slices(SpendLedger ledger, BudgetEvaluator evaluator)
    {
        var slices = new List<double>();
        var since = Used();
        var writer = new LedgerSnapshotWriter(ledger, evaluator, () => [], position: 1);
        for (var isWhole = false; !isWhole;)
        {
            isWhole = writer.Continue(1, new GovernStageOptions { Partitions = 1 }.SnapshotSliceBytes, (_, _) => { });
            slices.Add((Used() - since).TotalMilliseconds);
            since = Used();
        }

        slices.Sort();
        return slices;
    }

    /// <summary>Processor time: others work on the machine, too.</summary>
    private static TimeSpan Used() => Environment.CpuUsage.TotalTime;

    private static BudgetEvaluator New(SpendLedger ledger, IEnumerable<RunningPeriod> running)
    {
        _ = ScopePattern.TryParse("tenant=<each>", out var pattern, out _);
        var budget = new Budget
        {
            Name = "each",
            Scope = pattern,
            Amount = new BudgetAmount((Int128)5_000 * 1_000_000_000_000, IsTokens: false),
            Period = new BudgetPeriod(PeriodKind.Month),
            EachLimit = int.MaxValue,
        };
        var evaluator = new BudgetEvaluator(ledger, 0, 1);
        evaluator.Restore(running, []);
        evaluator.Adopt(new BudgetSet(1, [budget]), new Dictionary<string, long> { [pattern.Text] = 0 }, Now);
        return evaluator;
    }

    /// <summary>Something in every sample that is kept: hours of four weeks, ten minutes of three days, minutes of half a day, all of the last hour.</summary>
    private static long Fill(SpendLedger ledger, Scope[] tenants)
    {
        var decision = 0L;
        var windows = new SortedSet<long>();
        foreach (var (span, step) in new[] { (28 * Day, Hour), (3 * Day, 10 * Minute), (12 * Hour, Minute), (80 * Minute, 10_000L) })
        {
            for (var window = Now - span; window < Now; window += step)
            {
                windows.Add(window);
            }
        }

        foreach (var window in windows)
        {
            var header = new RollupBlockHeader(0, "llm.requests", 0, window, ++decision, decision, decision, 1, Final: true);
            for (var i = 0; i < tenants.Length; i++)
            {
                var measures = new SpendMeasures { Cost = 1_000_000_000 + (window % 997 * i), Tokens = 900, Requests = 3 };
                ledger.Apply(new ScopeSpend(header, tenants[i], measures) { EventMs = window });
            }

            ledger.Apply(new Mark
            {
                Epoch = 0,
                Topic = "llm.requests",
                Partition = 0,
                Decision = decision,
                Position = decision,
                ClosedThroughMs = window,
                StreamTimeMs = window,
                RulesVersion = 1,
                NeededOffset = 0,
                IdsFrom = 0,
                Counts = new MarkCounts(0, 0, 0, 0, 0, 0, new Dictionary<string, long>()),
            });
        }

        return decision * tenants.Length;
    }

    /// <summary>
    /// Nanoseconds an evaluation in rounds of ten seconds, in which nothing is spent and every budget is evaluated once: the best of a
    /// hundred, which is one without forecasts, and processor time of the last sixty, when all code is compiled, with a forecast in one of
    /// six.
    /// </summary>
    private static (double Best, double Mean, double Bytes) Evaluate(BudgetEvaluator evaluator, long now)
    {
        var (rounds, evaluations, allocated) = (new List<double>(), new List<BudgetEvaluation>(), 0.0);
        var (warmed, warm) = (TimeSpan.Zero, 0L);
        for (var round = 1; round <= 100; round++)
        {
            warmed = round == 41 ? Used() : warmed;
            var (count, bytes, since) = (0L, GC.GetAllocatedBytesForCurrentThread(), Stopwatch.GetTimestamp());
            for (var second = 1; second <= 10; second++)
            {
                evaluator.Evaluate(now + (round * 10_000) + (second * 1000), evaluations);
                count += evaluations.Count;
                evaluations.Clear();
            }

            warm += round > 40 ? count : 0;
            rounds.Add(Stopwatch.GetElapsedTime(since).TotalNanoseconds / count);
            allocated = (double)(GC.GetAllocatedBytesForCurrentThread() - bytes) / count;
        }

        return (rounds.Min(), (Used() - warmed).TotalNanoseconds / warm, allocated);
    }
}
