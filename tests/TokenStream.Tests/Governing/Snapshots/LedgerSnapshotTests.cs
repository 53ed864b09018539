using TokenStream.Budgets;
using TokenStream.Governing.Evaluation;
using TokenStream.Governing.Ledger;
using TokenStream.Governing.Snapshots;
using TokenStream.Scopes;
using TokenStream.Tests.Governing.Evaluation;
using TokenStream.Windowing;
using Xunit;
using static TokenStream.Tests.Governing.Evaluation.LedgerFeed;

namespace TokenStream.Tests.Governing.Snapshots;

public sealed class LedgerSnapshotTests
{
    private static readonly Budget[] Budgets =
    [
        Monthly(720),
        Monthly(720, "daily") with { Period = new BudgetPeriod(PeriodKind.Day), CarryOver = true },
        Monthly(10, "each", "tenant=<each>") with { Amount = new BudgetAmount(5000, IsTokens: true) },
        Monthly(10, "hours", "all") with { Period = new BudgetPeriod(PeriodKind.Rolling, Hours: 30) },
    ];

    [Fact]
    public void A_restored_ledger_and_the_rest_come_to_what_one_that_never_stopped_says()
    {
        for (var seed = 0; seed < 20; seed++)
        {
            var random = new Random(seed);
            var steady = new LedgerFeed(Budgets);
            var (ledger, evaluator) = (new SpendLedger(), (BudgetEvaluator?)null);
            evaluator = New(ledger, [], [], June);
            var (now, decision) = (June, 0L);
            for (var i = 0; i < 200; i++)
            {
                now += random.Next(120_000);
                if (random.Next(20) == 0)
                {
                    (ledger, evaluator) = Restart(ledger, evaluator, now);
                }

                foreach (var record in Records(random, now, ref decision))
                {
                    Apply(steady.Ledger, record);
                    Apply(ledger, record);
                }

                if (random.Next(5) == 0)
                {
                    Assert.Equal(Text(steady.Evaluator, steady.Ledger, now), Text(evaluator, ledger, now));
                }
            }
        }
    }

    [Fact]
    public void A_snapshot_written_while_spend_goes_on_and_what_came_since_it_began_are_the_same_as_one_that_never_stopped()
    {
        for (var seed = 0; seed < 20; seed++)
        {
            // Three hours from nine in the evening on: periods end while snapshots are written, and before they are restored.
            var (random, now, decision) = (new Random(seed), June + (21 * Hour), 0L);
            var ledger = new SpendLedger();
            var evaluator = New(ledger, [], [], now);
            var log = new List<object>();
            var (writer, chunks, begun) = ((LedgerSnapshotWriter?)null, new List<byte[]>(), 0);
            var restored = 0;
            for (var i = 0; i < 300; i++)
            {
                now += random.Next(80_000);
                evaluator.SetNow(now);
                foreach (var record in i == 0 ? EveryScope(now) : Records(random, now, ref decision))
                {
                    ApplyAt(ledger, record, log.Count);
                    log.Add(record);
                }

                _ = Text(evaluator, ledger, now);
                if (i > 0 && writer is null && random.Next(3) == 0)
                {
                    (writer, begun) = (new LedgerSnapshotWriter(ledger, evaluator, () => [], log.Count), log.Count);
                    chunks.Clear();
                }

                if (writer?.Continue(log.Count, random.Next(1, 900), (_, bytes) => chunks.Add(bytes.ToArray())) == true)
                {
                    var read = LedgerSnapshot.Read(chunks, 1000);
                    var again = New(read.Ledger, read.Running, read.Openings, now);
                    for (var offset = begun; offset < log.Count; offset++)
                    {
                        ApplyAt(read.Ledger, log[offset], offset);
                    }

                    Assert.Equal(Text(evaluator, ledger, now), Text(again, read.Ledger, now));
                    (writer, restored) = (null, restored + 1);
                }
            }

            Assert.InRange(restored, 5, 300);
        }
    }

    [Fact]
    public void Notes_may_change_while_they_are_written()
    {
        var ledger = new SpendLedger();
        var evaluator = New(ledger, [], [], June);
        var (notes, chunks) = (new List<byte[]> { new byte[] { 1 }, new byte[] { 2 } }, new List<byte[]>());
        var writer = new LedgerSnapshotWriter(ledger, evaluator, () => notes, position: 0);
        while (!writer.Continue(0, bytes: 1, (_, bytes) => chunks.Add(bytes.ToArray())))
        {
            notes.Add([3]);
        }

        Assert.Equal([1, 2], LedgerSnapshot.Read(chunks, 1000).Notes.Take(2).Select(note => note[0]));
    }

    [Fact]
    public void What_a_period_left_over_is_counted_when_its_last_spend_is_read()
    {
        // The snapshot is of a minute before midnight; ten dollars of that minute are read again after it.
        var feed = new LedgerFeed(Budgets);
        feed.Spend(June + Day - (2 * Minute), 20 * Usd);
        Assert.Equal(720 * (Int128)Usd, feed.Evaluate(June + Day - Minute, "daily").Limit);
        var restored = new LedgerFeed(feed.Snapshot());
        restored.Adopt(June + Day + Minute, 0, Budgets);
        restored.Spend(June + Day - Minute, 10 * Usd);
        Assert.Equal((720 + 690) * (Int128)Usd, restored.Evaluate(June + Day + Minute, "daily").Limit);
    }

    [Fact]
    public void A_snapshot_has_these_bytes()
    {
        var feed = new LedgerFeed(Monthly(720));
        feed.Spend(June, 300);
        feed.Ledger.Apply(new ScopeSpend(new RollupBlockHeader(0, "in", 1, June + 10_000, 0, 2, 9, 1, Final: false), Acme, new SpendMeasures { Cost = 5 }));
        var chunk = Assert.Single(Chunks(feed.Ledger, feed.Evaluator, [[0x2A]]));
        Assert.Equal(Golden, Convert.ToHexString(chunk));
    }

    [Fact]
    public void Long_snapshots_are_split_and_read_back()
    {
        var feed = new LedgerFeed(Monthly(10, "each", "tenant=<each>"));
        for (var i = 0; i < 3000; i++)
        {
            feed.Spend(June, 300 + i, Scope.Of((ScopeDimension.Tenant, ScopeTerm.Exact($"tenant-with-a-long-name-{i}"))));
        }

        var chunks = Chunks(feed.Ledger, feed.Evaluator, []);
        Assert.True(chunks.Count > 1);
        Assert.All(chunks, chunk => Assert.InRange(chunk.Length, 1, 512 * 1024));
        Assert.Equal(3000, LedgerSnapshot.Read(chunks, 10_000).Ledger.Count);
        Assert.Throws<FormatException>(() => LedgerSnapshot.Read(chunks.Take(chunks.Count - 1).ToArray(), 10_000));
        Assert.Throws<FormatException>(() => LedgerSnapshot.Read(chunks, 2999));
    }

    [Fact]
    public void Damaged_bytes_are_a_format_error()
    {
        var feed = new LedgerFeed(Budgets);
        feed.Spend(June, 300);
        feed.Spend(June, 300, Scope.Everything);
        var chunk = Chunks(feed.Ledger, feed.Evaluator, [[1, 2, 3]])[0];
        var random = new Random(1);
        for (var i = 0; i < 3000; i++)
        {
            var damaged = chunk[..(random.Next(10) == 0 ? random.Next(chunk.Length) : chunk.Length)];
            for (var flips = random.Next(3); flips > 0 && damaged.Length > 0; flips--)
            {
                damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            }

            try
            {
                LedgerSnapshot.Read([damaged], 100);
            }
            catch (FormatException)
            {
            }
        }
    }

    /// <summary>Put together by a program of its own from the format's description.</summary>
    private const string Golden =
        "4C0101010B74656E616E743D61636D65A0CCD887D06780B0D787D06790FED787D067E20400000000140000000200000280B0D787D06701" +
        "0100000000000000000000000080D0CDAFE3670101E20400000000140000000200000380B0D787D067020000D8040A080002000280B0D7" +
        "87D067020000E2040800020280B0D787D067020000E2040800020280B0D787D067010000E2040202696E02000000FFFFFFFFFFFFFFFF3F" +
        "00120402696E0201A0CCD887D0670000120A0000000000000000000000020C6C6C6D2E726571756573747300000000FFFFFFFFFFFFFFFF" +
        "3F0002030C6C6C6D2E7265717565737473000180B0D787D0670002050461636D650B74656E616E743D61636D6580B0D787D06780D0CDAF" +
        "E3670006012A";

    private static BudgetEvaluator New(SpendLedger ledger, IEnumerable<RunningPeriod> running, IEnumerable<PatternOpening> openings, long nowMs)
    {
        var evaluator = new BudgetEvaluator(ledger, 0, 1);
        evaluator.Restore(running, openings);
        evaluator.Adopt(new BudgetSet(1, Budgets), Budgets.Select(b => b.Scope.Text).Distinct().ToDictionary(text => text, _ => 0L), nowMs);
        return evaluator;
    }

    private static (SpendLedger, BudgetEvaluator) Restart(SpendLedger ledger, BudgetEvaluator evaluator, long nowMs)
    {
        var restored = LedgerSnapshot.Read(Chunks(ledger, evaluator, []), 1000);
        return (restored.Ledger, New(restored.Ledger, restored.Running, restored.Openings, nowMs));
    }

    private static List<byte[]> Chunks(SpendLedger ledger, BudgetEvaluator evaluator, IEnumerable<byte[]> notes)
    {
        var chunks = new List<byte[]>();
        LedgerSnapshot.Write(ledger, evaluator, notes, (_, bytes) => chunks.Add(bytes.ToArray()));
        return chunks;
    }

    private static List<object> Records(Random random, long now, ref long decision)
    {
        var records = new List<object>();
        for (var left = random.Next(6); left > 0; left--)
        {
            var late = random.Next(8) == 0 ? random.Next(100) * 600_000L : random.Next(4) * 10_000L;
            var window = Math.Max(June, now - late) / 10_000 * 10_000;
            var scope = random.Next(3) switch
            {
                0 => Scope.Everything,
                1 => Acme,
                _ => Scope.Of((ScopeDimension.Tenant, ScopeTerm.Exact($"t{random.Next(4)}"))),
            };
            var measures = new SpendMeasures { Cost = random.NextInt64(10 * Usd), Tokens = random.Next(1000), Requests = 1, UnpricedBound = random.Next(9) == 0 ? Usd : 0 };
            records.Add(new ScopeSpend(new RollupBlockHeader(0, "in", 0, window, 0, decision + 1, random.Next(1000), 1, Final: false), scope, measures) { EventMs = now });
            if (random.Next(2) == 0)
            {
                records.Add(new ScopeSpend(new RollupBlockHeader(0, "in", 0, window, decision + 1, decision + 1, 5, 1, Final: true), scope, measures) { EventMs = now });
            }
        }

        if (random.Next(3) == 0)
        {
            records.Add(new Mark
            {
                Epoch = 0,
                Topic = "in",
                Partition = 0,
                Decision = ++decision,
                Position = decision,
                ClosedThroughMs = (now / 10_000 * 10_000) - 40_000,
                StreamTimeMs = now,
                RulesVersion = 1,
                NeededOffset = 0,
                IdsFrom = 0,
                Counts = new MarkCounts(0, 0, 0, 0, 0, 0, new Dictionary<string, long>()),
            });
        }

        return records;
    }

    private static IEnumerable<object> EveryScope(long now) => new[] { Scope.Everything, Acme }
        .Concat(Enumerable.Range(0, 4).Select(i => Scope.Of((ScopeDimension.Tenant, ScopeTerm.Exact($"t{i}")))))
        .Select(scope => new ScopeSpend(
            new RollupBlockHeader(0, "in", 0, now / 10_000 * 10_000, 0, 1, 1, 1, Final: false), scope, new SpendMeasures { Cost = Usd, Requests = 1 }) { EventMs = now });

    private static void ApplyAt(SpendLedger ledger, object record, long offset)
    {
        ledger.Offset = offset;
        Apply(ledger, record);
    }

    private static void Apply(SpendLedger ledger, object record)
    {
        if (record is Mark mark)
        {
            ledger.Apply(mark);
        }
        else
        {
            ledger.Apply((ScopeSpend)record);
        }
    }

    private static string Text(BudgetEvaluator evaluator, SpendLedger ledger, long nowMs)
    {
        foreach (var account in ledger.Accounts)
        {
            ledger.MarkDirty(account);
        }

        var evaluations = new List<BudgetEvaluation>();
        evaluator.Evaluate(nowMs, evaluations);

        // The forecast is kept for a minute, so it is as old as its process wants; all else is exact.
        return string.Join('\n', evaluations.OrderBy(e => e.Budget.Name, StringComparer.Ordinal).ThenBy(e => e.Scope.Text, StringComparer.Ordinal).DistinctBy(e => (e.Budget.Name, e.Scope)).Select(e =>
            $"{e.Budget.Name} {e.Scope} {e.Period} {e.Limit} {e.Spent} {e.UnpricedBound} {e.DemandPerMinute} {e.SteadyDemandPerMinute} {e.IsSeeding} {e.EventMs} " +
            string.Join(' ', e.Pairs.Select(pair => $"{pair.LongRate:R} {pair.ShortRate:R} {pair.IsAbove}"))));
    }
}
