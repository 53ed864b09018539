using System.Globalization;
using System.Text;
using TokenStream.Pricing;
using TokenStream.Storage;
using TokenStream.Windowing;

namespace TokenStream.Simulation;

/// <summary>A record of the input log. What it is worth is known here without decoding it.</summary>
internal sealed record SimulatedRecord(string Id, long TimeMs, string Tenant, long Tokens, long AtMs, long RealMs)
{
    public byte[] Value { get; } = Encoding.UTF8.GetBytes(string.Create(
        CultureInfo.InvariantCulture,
        $$"""{"event_id":"{{Id}}","time":{{TimeMs}},"tenant_id":"{{Tenant}}","provider":"p","model":"m","tokens_in":{{Tokens}},"tokens_out":0}"""));
}

/// <summary>Identity of a value on the log: the tenant stands for the whole key.</summary>
internal readonly record struct ValueId(int Partition, long WindowMs, string Tenant, long Part);

/// <summary>A value as later stages see it.</summary>
internal sealed record SimulatedValue(ValueId Id, long Decision, bool Final, long Position, long Tokens, Int128 Cost, long Book);

/// <summary>Identity of what a scope spent in a window.</summary>
internal readonly record struct SpendId(int Partition, long WindowMs, string Scope, long Part);

/// <summary>A record of an output partition, decoded once.</summary>
internal sealed record OutputRecord(byte[] Key, byte[] Value, Mark? Mark, IReadOnlyList<SimulatedValue> Values);

/// <summary>
/// Everything outside the processors: input logs, output logs, commits, the store's tables, time and weather. Its brute-force totals over the
/// input logs are what the rows, the views and the ledger must come to.
/// </summary>
internal sealed class SimulatedWorld
{
    public const long Second = 1000;
    public const int Inputs = 3;
    public const int Outputs = 2;
    public const string Topic = "in";
    public const long Horizon = 40 * Second;
    public const int Memory = 30;
    public const long Ahead = 60 * Second;

    private const string Tenants = "abcde";
    private readonly Dictionary<(string, int), int> _generations = [];
    private readonly long[] _past;
    private readonly HashSet<int> _empty = [];
    private readonly long[] _skew = new long[Inputs];
    private readonly long[] _idsFrom = new long[Inputs];
    private readonly bool _overrun;
    private long _ids;

    public SimulatedWorld(int seed, Mutation mutation)
    {
        Seed = seed;
        Mutation = mutation;
        Random = new Random(seed);
        _overrun = Random.NextDouble() < 0.15;
        _past = [0, Random.Next(2) == 0 ? 0 : 300_000 * Second, 0];
        if (Random.NextDouble() < 0.3)
        {
            _empty.Add(2);
        }

        Store = new SimulatedTables(this);
        AddRules();
    }

    public int Seed { get; }

    public Mutation Mutation { get; }

    public Random Random { get; }

    public long NowMs { get; set; } = 1_750_000_000 * Second;

    public int Book { get; private set; }

    public RulesHistory Rules { get; } = new();

    public static GrainSizes Grains { get; } = new(10 * Second, 30 * Second, 60 * Second, 120 * Second);

    public List<SimulatedRecord>[] Log { get; } = [.. Enumerable.Range(0, Inputs).Select(_ => new List<SimulatedRecord>())];

    /// <summary>First offset that retention left.</summary>
    public long[] Start { get; } = new long[Inputs];

    public Dictionary<(long WindowMs, string Tenant), long>[] Truth { get; } =
        [.. Enumerable.Range(0, Inputs).Select(_ => new Dictionary<(long, string), long>())];

    public List<OutputRecord?>[] Out { get; } = [.. Enumerable.Range(0, Outputs).Select(_ => new List<OutputRecord?>())];

    public Dictionary<(string Role, int Part), (long Offset, string Metadata)> Commits { get; } = [];

    public Dictionary<ValueId, SimulatedValue> Published { get; } = [];

    /// <summary>What the spend partitions hold.</summary>
    public List<SpendRecord>[] Spend { get; } = [.. Enumerable.Range(0, Outputs).Select(_ => new List<SpendRecord>())];

    /// <summary>Final spend by identity.</summary>
    public Dictionary<SpendId, ScopeSpend> Spent { get; } = [];

    public SimulatedTables Store { get; }

    /// <summary>Partitions whose owner reported that retention took what it needs: they owe nothing more.</summary>
    public HashSet<int> Reported { get; } = [];

    public List<string> Faults { get; } = [];

    public static long WindowOf(long timeMs) => timeMs / Grains.TenSecondsMs * Grains.TenSecondsMs;

    public int NextGeneration(string role, int part) => _generations[(role, part)] = Generation(role, part) + 1;

    public int Generation(string role, int part) => _generations.GetValueOrDefault((role, part));

    public bool Chance(double probability) => Random.NextDouble() < probability;

    public T Choice<T>(params ReadOnlySpan<T> of) => of[Random.Next(of.Length)];

    /// <summary>Some records more on one partition; some are retries, late, or claim to come from the future.</summary>
    public void Produce()
    {
        var p = Random.Next(Inputs);
        NowMs += Choice(0, 0, 0, 1, 1, 2, 7, 40) * Second;
        _skew[p] = Chance(0.05) ? Choice(0, 0, 25, -30) * Second : _skew[p];
        var log = Log[p];
        for (var left = _empty.Contains(p) ? 0 : Random.Next(6); left > 0; left--)
        {
            var at = NowMs + _skew[p];
            var time = NowMs - _past[p] - (Choice(0, 0, 1, 3, 8, 30, Chance(0.2) ? -75 : 0) * Second);
            var record = log.Count > 0 && Chance(0.2)
                ? log[Random.Next(Math.Max(0, log.Count - 12), log.Count)] with { AtMs = at, RealMs = NowMs }
                : new SimulatedRecord($"e{_ids++}", time, Choice<char>(Tenants).ToString(), Random.Next(1, 10), at, NowMs);
            Append(p, record);
        }
    }

    /// <summary>New rules, dropped rows, retention, compaction.</summary>
    public void Weather()
    {
        var (p, q) = (Random.Next(Inputs), Random.Next(Outputs));
        if (Chance(0.02))
        {
            AddRules();
        }

        if (Chance(0.05))
        {
            Store.DropSealedRows();
        }

        // Before the first commit nothing was promised: a new group begins with what is there.
        if (Chance(0.1) && Commits.TryGetValue(("aggregate", p), out var commit))
        {
            var needed = AggregateCommit.Parse(commit.Offset, commit.Metadata).IdsFrom;
            Start[p] = Math.Max(Start[p], _overrun && Chance(0.3) ? Random.NextInt64(needed, Log[p].Count + 1) : needed);
        }

        if (Mutation == Mutation.Compacted)
        {
            Compact(Out[q]);
        }
    }

    /// <summary>Takes a record of a stage; a final value whose identity was published with another content is a fault.</summary>
    public void Publish(int q, byte[] key, byte[] value)
    {
        var rollups = new List<Rollup>();
        var mark = RollupDecoder.Read(value, rollups);
        var values = rollups.ConvertAll(r => new SimulatedValue(
            new ValueId(r.Block.Partition, r.Block.WindowStartMs, r.Key.TenantId, r.Block.Part), r.Block.Decision, r.Block.Final, r.Block.Position,
            r.Measures.TokensIn, r.Measures.Cost, r.Block.RulesVersion));
        foreach (var final in values.Where(v => v.Final))
        {
            if (!Published.TryAdd(final.Id, final) && Published[final.Id] != final)
            {
                Faults.Add($"two contents: {Published[final.Id]} and {final}");
            }
        }

        for (var copies = Chance(0.05) ? 2 : 1; copies > 0; copies--)
        {
            Out[q].Add(new OutputRecord(key, value, mark, values));
        }
    }

    /// <summary>Takes a record of spend: nothing may have two contents, the wrong partition, or be more than was used.</summary>
    public void PublishSpend(int q, byte[] key, byte[] value)
    {
        var spends = new List<ScopeSpend>();
        var mark = new SpendDecoder().Read(value, spends);
        foreach (var spend in spends)
        {
            var id = new SpendId(spend.Block.Partition, spend.Block.WindowStartMs, spend.Scope.Text, spend.Block.Part);
            if (spend.Scope.Partition(Outputs) != q || spend.Measures.Cost != spend.Measures.Tokens * (Int128)spend.Block.RulesVersion)
            {
                Faults.Add($"spend in the wrong place or at the wrong price: {spend}");
            }

            if (!spend.Block.Final && spend.Measures.Tokens > SimulatedScopes.Most(this, id))
            {
                Faults.Add($"provisional spend is too much: {spend}");
            }

            // The number of the decision and its position are part of the content: whoever publishes again publishes the same.
            if (spend.Block.Final && !Spent.TryAdd(id, spend) && Spent[id] != spend)
            {
                Faults.Add($"two contents: {Spent[id]} and {spend}");
            }
        }

        for (var copies = Chance(0.05) ? 2 : 1; copies > 0; copies--)
        {
            Spend[q].Add(new SpendRecord(key, value, mark, spends));
        }
    }

    /// <summary>A decision may close only what time has passed: no clock that jumps, no event from the future may close a window.</summary>
    public void CheckDecision(int p, AggregateCommit decision)
    {
        var passed = Log[p].Take((int)decision.Position).Select(r => Math.Min(r.TimeMs, r.AtMs) + NowMs - r.RealMs).DefaultIfEmpty(0).Max();
        if (decision.ClosesThroughMs > passed + (25 * Second))
        {
            Faults.Add($"closed ahead of time: partition {p}");
        }
    }

    private void Append(int p, SimulatedRecord record)
    {
        // Brute force: what counts, and where it is booked, is a function of the log.
        var (log, offset) = (Log[p], Log[p].Count);
        log.Add(record);
        var from = _idsFrom[p];
        while (from < offset && (log[(int)from].AtMs < record.AtMs - Horizon || offset - from >= Memory))
        {
            from++;
        }

        _idsFrom[p] = from;
        if (log.Skip((int)from).Take(offset - (int)from).All(r => r.Id != record.Id))
        {
            var booked = record.TimeMs > record.AtMs + Ahead ? record.AtMs : record.TimeMs;
            var key = (WindowOf(booked), record.Tenant);
            Truth[p][key] = Truth[p].GetValueOrDefault(key) + record.Tokens;
        }
    }

    private void AddRules()
    {
        Book++;
        Rate.TryCreate(Book, 1, out var rate);
        var prices = new PriceBook(PriceBookContent.Empty with
        {
            Providers =
            [
                new ProviderPrices("p", [], [], [],
                [
                    new ModelPrices("m", [], [new PriceEntry { Bands = [new PriceBand(PriceBand.Everything, new RateSet([KeyValuePair.Create("input", rate)]))] }]),
                ]),
            ],
        });
        Rules.Add(new AggregateRules
        {
            Version = Book,
            Prices = prices,
            WindowMs = Grains.TenSecondsMs,
            GraceMs = 15 * Second,
            FutureMs = Ahead,
            DuplicateHorizonMs = Horizon,
            DuplicateRecords = Memory,
            Bounds = [9, 2, 9, 9, 9, 9, 9, 9, 9, 9, 9],
            RollupsPartitions = Outputs,
            SpendPartitions = Outputs,
            Scopes = SimulatedScopes.Index,
            MaxScopes = SimulatedScopes.MaxScopes,
            BudgetsVersion = Book,
            MaxElapsedMs = Mutation == Mutation.ClockJumps ? long.MaxValue : 5 * Second,
            SilentStepMs = Grains.MinuteMs,
            SilentUntilMs = Grains.DayMs,
            CorrectionDelayMs = 5 * Second,
            CountDelayMs = 20 * Second,
        });
    }

    private static void Compact(List<OutputRecord?> log)
    {
        var last = new Dictionary<string, int>();
        for (var i = 0; i < log.Count; i++)
        {
            if (log[i] is { Mark: null } record)
            {
                last[Encoding.UTF8.GetString(record.Key)] = i;
            }
        }

        for (var i = 0; i < log.Count; i++)
        {
            if (log[i] is { Mark: null } record && last[Encoding.UTF8.GetString(record.Key)] != i)
            {
                log[i] = null;
            }
        }
    }
}
