using TokenStream.Runtime;

namespace TokenStream.Simulation.Governing;

/// <summary>Everything outside the nodes that govern: topics, the group with its commits, time, people, gateways and weather.</summary>
internal sealed class GovernWorld
{
    public const int Partitions = 2;
    public const int Inputs = 2;
    public const long DayMs = 24 * 60 * 60_000;
    public const string SpendTopic = "tokenstream.spend";
    public const string CommandsTopic = "tokenstream.commands";
    public const string LedgerTopic = "tokenstream.ledger";

    /// <summary>2026-06-01T00:00:00Z.</summary>
    private const long June = 1_780_272_000_000;

    private readonly OffsetCommit?[] _commits = new OffsetCommit?[Partitions];
    private readonly List<(string Topic, int Partition, LogRecord Record)> _delayed = [];
    private readonly HashSet<LogRecord>[] _tombstones = [[], [], [], []];

    public GovernWorld(int seed, GovernMutation mutation)
    {
        (Seed, Mutation, Random) = (seed, mutation, new Random(seed));
        // Some lives run across a midnight.
        NowMs = June + (Chance(0.3) ? DayMs - Random.Next(200_000) : Random.Next(1, 20) * 3_600_000);
        Feeds = [.. Enumerable.Range(0, Inputs).Select(input => new SpendFeed(this, input))];
        People = new SimulatedPeople(this);
        Checks = new GovernChecks(this);
        Gateways = [new SimulatedGateway(this)];
    }

    public int Seed { get; }

    public GovernMutation Mutation { get; }

    public Random Random { get; }

    public long NowMs { get; set; }

    /// <summary>Whether faults have ceased.</summary>
    public bool IsCalm { get; set; }

    public SimulatedLog[] Spend { get; } = NewLogs();

    public SimulatedLog[] Commands { get; } = NewLogs();

    public SimulatedLog[] Ledger { get; } = NewLogs();

    public SimulatedGroup Group { get; } = new();

    public SpendFeed[] Feeds { get; }

    public SpendTruth Truth { get; } = new();

    public SimulatedPeople People { get; }

    /// <summary>The first reads from the beginning; others come later.</summary>
    public List<SimulatedGateway> Gateways { get; }

    public GovernChecks Checks { get; }

    public List<string> Faults { get; } = [];

    public bool Chance(double probability) => Random.NextDouble() < probability;

    /// <summary>Whether something fails that fails so often while faults last.</summary>
    public bool Fails(double probability) => !IsCalm && Chance(probability);

    public T Choice<T>(params ReadOnlySpan<T> of) => of[Random.Next(of.Length)];

    public OffsetCommit? Committed(int partition) => _commits[partition];

    public void Commit(GovernNode node, OffsetCommit commit)
    {
        var partition = commit.Partition.Partition;
        Checks.Commit(node, partition, commit, _commits[partition]);
        _commits[partition] = commit;
    }

    public void AppendSpend(int partition, byte[] value)
    {
        for (var copies = Fails(0.03) ? 2 : 1; copies > 0; copies--)
        {
            Spend[partition].Append(new LogRecord([], value));
        }
    }

    /// <param name="node">Who publishes it; null where nobody waits for it any more.</param>
    public void Append(GovernNode? node, string topic, int partition, LogRecord record)
    {
        var isOfCommands = topic == CommandsTopic;
        if (isOfCommands)
        {
            Checks.Command(node, partition, record);
        }
        else
        {
            Checks.Snapshot(partition, record, _commits[partition]);
        }

        for (var copies = Fails(0.02) ? 2 : 1; copies > 0; copies--)
        {
            (isOfCommands ? Commands : Ledger)[partition].Append(record);
        }
    }

    /// <summary>A record is under way that nobody waits for any more.</summary>
    public void Delay(string topic, int partition, LogRecord record) => _delayed.Add((topic, partition, record));

    /// <summary>Records that arrive late, compaction, retention, a gateway that starts.</summary>
    public void Weather()
    {
        if (_delayed.Count > 0 && Chance(0.15))
        {
            Arrive(Random.Next(_delayed.Count));
        }

        var partition = Random.Next(Partitions);
        if (Chance(0.1))
        {
            Compact(partition);
        }

        if (_commits[partition] is { } commit && GovernCommit.Parse(commit.Offset, commit.Metadata).Snapshot.Length > 0 && Chance(0.1))
        {
            Spend[partition].Start = Random.NextInt64(Spend[partition].Start, commit.Offset + 1);
        }

        if (Chance(0.02))
        {
            Gateways.Add(new SimulatedGateway(this));
        }

        foreach (var gateway in Gateways.Where(_ => Chance(0.3)))
        {
            gateway.Read();
        }
    }

    /// <summary>
    /// A group that was silent for long loses its offsets, and nothing of it is under way any more. What retention took would be gone for good.
    /// </summary>
    public void LoseOffsets()
    {
        ArriveAll();
        Checks.LostOffsets();
        for (var partition = 0; partition < Partitions; partition++)
        {
            _commits[partition] = Spend[partition].Start == 0 ? null : _commits[partition];
        }
    }

    /// <summary>Everything that is under way arrives.</summary>
    public void ArriveAll()
    {
        while (_delayed.Count > 0)
        {
            Arrive(Random.Next(_delayed.Count));
        }
    }

    public void Compact(int partition)
    {
        // A tombstone stays for a day: whoever reads at all reads it.
        Gateways.ForEach(gateway => gateway.Read());
        Commands[partition].Compact(_tombstones[partition]);
        Ledger[partition].Compact(_tombstones[Partitions + partition]);
    }

    private static SimulatedLog[] NewLogs() => [.. Enumerable.Range(0, Partitions).Select(_ => new SimulatedLog())];

    private void Arrive(int which)
    {
        var (topic, partition, record) = _delayed[which];
        _delayed.RemoveAt(which);
        Append(null, topic, partition, record);
    }
}
