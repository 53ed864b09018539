using TokenStream.Governing.Ledger;
using TokenStream.Scopes;
using TokenStream.Windowing;
using Xunit;

namespace TokenStream.Tests.Governing.Ledger;

public sealed class SpendLedgerTests
{
    private const long Window = 1_700_000_000_000 / 10_000 * 10_000;

    private static readonly Scope Acme = Scope.Of((ScopeDimension.Tenant, ScopeTerm.Exact("acme")));

    private readonly SpendLedger _ledger = new();

    private Int128 Sum => _ledger.Find(Acme)?.Total.Cost ?? 0;

    [Fact]
    public void Of_provisional_values_the_higher_position_counts()
    {
        Provisional(position: 10, cost: 5);
        Provisional(position: 30, cost: 9);
        Provisional(position: 20, cost: 7);
        Assert.Equal(9, Sum);
    }

    [Fact]
    public void A_final_value_replaces_the_provisional_one_whatever_came_first()
    {
        Provisional(position: 10, cost: 5);
        Final(decision: 1, cost: 8);
        Provisional(position: 99, cost: 6);
        Assert.Equal(8, Sum);
    }

    [Fact]
    public void A_repeated_final_value_changes_nothing_before_and_after_its_mark()
    {
        Final(decision: 1, cost: 8);
        Final(decision: 1, cost: 8);
        Mark(decision: 1, closedThrough: Window + 10_000);
        Final(decision: 1, cost: 8);
        Mark(decision: 1, closedThrough: Window + 10_000);
        Assert.Equal(8, Sum);
        Assert.Equal(0, _ledger.OpenValues);
    }

    [Fact]
    public void A_mark_voids_provisional_values_of_the_windows_it_closes_and_later_ones()
    {
        Provisional(position: 10, cost: 5);
        Provisional(position: 10, cost: 4, window: Window + 10_000);
        Mark(decision: 1, closedThrough: Window + 10_000);
        Assert.Equal(4, Sum);
        Provisional(position: 99, cost: 5);
        Assert.Equal(4, Sum);
    }

    [Fact]
    public void Corrections_are_added_to_the_window_they_correct()
    {
        Final(decision: 1, cost: 8);
        Mark(decision: 1, closedThrough: Window + 10_000);
        Final(decision: 2, cost: 3, part: 2);
        Mark(decision: 2, closedThrough: Window + 20_000);
        Assert.Equal(11, Sum);
        Assert.Equal(Window, _ledger.Find(Acme)!.NewestWindowMs);
    }

    [Fact]
    public void A_mark_that_repeats_a_number_with_another_position_is_a_fork()
    {
        Mark(decision: 1, closedThrough: Window, position: 5);
        var failure = Assert.Throws<InvalidOperationException>(() => Mark(decision: 1, closedThrough: Window, position: 6));
        Assert.Contains("two owners decided it", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_reset_input_begins_with_new_numbers_and_voids_what_was_provisional()
    {
        Final(decision: 7, cost: 8);
        Mark(decision: 7, closedThrough: Window + 10_000);
        Provisional(position: 10, cost: 5, window: Window + 10_000);
        Final(decision: 1, cost: 2, window: Window + 20_000, epoch: 1);
        Final(decision: 8, cost: 100, window: Window + 20_000, epoch: 0);
        Assert.Equal(10, Sum);
    }

    [Fact]
    public void Scopes_beyond_the_limit_are_counted_and_not_kept()
    {
        var ledger = new SpendLedger(limit: 1);
        Assert.NotNull(ledger.Open(Acme));
        Assert.Null(ledger.Open(Scope.Everything));
        Assert.Equal(1, ledger.Refused);
    }

    /// <summary>Against the rules written down naively: every value kept, sums made anew at each step.</summary>
    [Fact]
    public void Any_interleaving_with_repeats_comes_to_the_naive_sums()
    {
        for (var seed = 0; seed < 300; seed++)
        {
            var (random, ledger, naive) = (new Random(seed), new SpendLedger(), new NaiveLedger());
            var log = new List<object>();
            var next = new long[2];
            var (closed, closes) = (new long[2], new long[2]);
            for (var i = 0; i < 120; i++)
            {
                var p = random.Next(2);
                var window = Window + (random.Next(6) * 10_000);
                var isLate = window + 10_000 <= closed[p];
                switch (random.Next(10))
                {
                    case < 4:
                        log.Add(Value(p, window, 0, next[p] + 1, i, final: false, random.Next(100), Scopes(random)));
                        break;
                    case < 7:
                        // A decision publishes part 0 of the windows that it closes, and no others.
                        closes[p] = Math.Max(closes[p], window + 10_000);
                        log.Add(Value(p, window, isLate ? next[p] + 1 : 0, next[p] + 1, i, final: true, Content(p, window, isLate ? next[p] + 1 : 0), Acme));
                        break;
                    case < 8:
                        (next[p], closed[p]) = (next[p] + 1, Math.Max(closes[p], window));
                        log.Add(NewMark(p, next[p], closed[p], next[p] * 10));
                        break;
                    default:
                        // A replay: something of the last records is said again.
                        log.AddRange(log.TakeLast(random.Next(8)).ToArray());
                        break;
                }
            }

            foreach (var record in log)
            {
                if (record is Mark mark)
                {
                    ledger.Apply(mark);
                    naive.Apply(mark);
                }
                else
                {
                    ledger.Apply((ScopeSpend)record);
                    naive.Apply((ScopeSpend)record);
                }

                foreach (var scope in new[] { Acme, Scope.Everything })
                {
                    Assert.True(naive.Sum(scope) == (ledger.Find(scope)?.Total.Cost ?? 0), $"seed {seed}");
                }
            }
        }

        static Scope Scopes(Random random) => random.Next(2) == 0 ? Acme : Scope.Everything;
        static int Content(int p, long window, long part) => (int)((window / 10_000 * 7) + (part * 13) + p) % 100;
    }

    private static ScopeSpend Value(int partition, long window, long part, long decision, long position, bool final, long cost, Scope scope, int epoch = 0) => new(
        new RollupBlockHeader(epoch, "llm.requests", partition, window, part, decision, position, 1, final), scope, new SpendMeasures { Cost = cost });

    private static Mark NewMark(int partition, long decision, long closedThrough, long position) => new()
    {
        Epoch = 0,
        Topic = "llm.requests",
        Partition = partition,
        Decision = decision,
        Position = position,
        ClosedThroughMs = closedThrough,
        StreamTimeMs = closedThrough,
        RulesVersion = 1,
        NeededOffset = 0,
        IdsFrom = 0,
        Counts = new MarkCounts(0, 0, 0, 0, 0, 0, new Dictionary<string, long>()),
    };

    private void Provisional(long position, long cost, long window = Window) =>
        _ledger.Apply(Value(0, window, 0, 1, position, final: false, cost, Acme));

    private void Final(long decision, long cost, long window = Window, long part = 0, int epoch = 0) =>
        _ledger.Apply(Value(0, window, part, decision, 50, final: true, cost, Acme, epoch));

    private void Mark(long decision, long closedThrough, long position = 50) => _ledger.Apply(NewMark(0, decision, closedThrough, position));

    private sealed class NaiveLedger
    {
        private readonly Dictionary<(int, long, Scope), Int128> _total = [];
        private readonly Dictionary<int, (long Decision, long Closed)> _done = [];
        private readonly Dictionary<(int P, long Window, Scope Scope, long Part), ScopeSpend> _finals = [];
        private readonly Dictionary<(int P, long Window, Scope Scope, long Part), ScopeSpend> _live = [];

        public Int128 Sum(Scope scope) =>
            Sum(_total.Where(pair => pair.Key.Item3.Equals(scope)).Select(pair => pair.Value)) +
            Sum(_finals.Where(pair => pair.Key.Scope.Equals(scope)).Select(pair => pair.Value.Measures.Cost)) +
            Sum(_live.Where(pair => pair.Key.Scope.Equals(scope) && !_finals.ContainsKey(pair.Key)).Select(pair => pair.Value.Measures.Cost));

        public void Apply(Mark mark)
        {
            var (decision, closed) = _done.GetValueOrDefault(mark.Partition, (0, long.MinValue));
            if (mark.Decision <= decision)
            {
                return;
            }

            foreach (var (key, value) in _finals.Where(pair => pair.Key.P == mark.Partition).ToArray())
            {
                _total[(key.P, key.Window, key.Scope)] = _total.GetValueOrDefault((key.P, key.Window, key.Scope)) + value.Measures.Cost;
                _finals.Remove(key);
            }

            _done[mark.Partition] = (mark.Decision, closed = Math.Max(closed, mark.ClosedThroughMs));
            foreach (var key in _live.Keys.Where(key => key.P == mark.Partition && key.Window + 10_000 <= closed).ToArray())
            {
                _live.Remove(key);
            }
        }

        public void Apply(ScopeSpend value)
        {
            var block = value.Block;
            var key = (block.Partition, block.WindowStartMs, value.Scope, block.Part);
            var (decision, closed) = _done.GetValueOrDefault(block.Partition, (0, long.MinValue));
            if (block.Final)
            {
                if (block.Decision > decision)
                {
                    _finals[key] = value;
                }
            }
            else if (block.WindowStartMs + 10_000 > closed && (!_live.TryGetValue(key, out var old) || block.Position >= old.Block.Position))
            {
                _live[key] = value;
            }
        }

        private static Int128 Sum(IEnumerable<Int128> values) => values.Aggregate((Int128)0, (sum, value) => sum + value);
    }
}
