using System.Collections.Concurrent;
using TokenStream.Governing;
using TokenStream.Governing.Alerts;
using TokenStream.Governing.Evaluation;
using TokenStream.Governing.Ledger;
using TokenStream.Governing.Snapshots;
using TokenStream.Windowing;

namespace TokenStream.Runtime;

/// <summary>Where a spend partition's owner stands.</summary>
internal enum GovernPhase
{
    /// <summary>Nothing was done yet: records are passed over, they are read again.</summary>
    Starting,

    /// <summary>The ledger is restored and reads on to the end that it found. Nothing is decided.</summary>
    CatchingUp,

    Deciding,
}

/// <summary>A spend partition that this worker owns: its ledger, its budgets, its governor, and the commands it answers for.</summary>
internal sealed class GovernPartition(TopicPartition partition, Action<TopicPartition, long, FormatException> damaged) : IPartitionReader
{
    private readonly SpendDecoder _decoder = new();
    private readonly List<ScopeSpend> _spends = [];

    public TopicPartition Partition { get; } = partition;

    public int Number => Partition.Partition;

    public GovernPhase Phase { get; set; }

    /// <summary>Why the partition does not read, for people; null where it does.</summary>
    public string? Stopped { get; private set; }

    /// <summary>What was committed last.</summary>
    public GovernCommit Commit { get; set; } = new(0, 0, 0, "");

    public SpendLedger Ledger { get; private set; } = new();

    public BudgetEvaluator Evaluator { get; private set; } = null!;

    public Governor Governor { get; private set; } = null!;

    public PublishedCommands Commands { get; private set; } = null!;

    public SnapshotTable Snapshots { get; private set; } = null!;

    /// <summary>The offset after the last record read.</summary>
    public long Position { get; private set; }

    /// <summary>The end that was found at the start; nothing is decided before it.</summary>
    public long CatchUpEnd { get; private set; }

    /// <summary>What was adopted last.</summary>
    public GovernInputs? Inputs { get; set; }

    public long SnapshotMs { get; set; }

    public long SnapshotBytes { get; set; }

    public long SnapshotNumber { get; set; }

    /// <summary>The snapshot that is being written; null between two.</summary>
    public SnapshotInProgress? Writing { get; set; }

    /// <summary>The newest evaluation of each budget and scope; read from any thread.</summary>
    public ConcurrentDictionary<(string Budget, string Scope), BudgetEvaluation> Latest { get; } = [];

    /// <summary>The states of the same.</summary>
    public ConcurrentDictionary<(string Budget, string Scope), BudgetState> States { get; } = [];

    /// <summary>Patterns that wait for what their scopes had spent before, as of the last look; read from any thread.</summary>
    public volatile IReadOnlyList<SeedingPattern> Seeding = [];

    /// <summary>As of the last look; null before the first. Read from any thread.</summary>
    public volatile GovernGauges? Gauges;

    public void Begin(SpendLedger ledger, BudgetEvaluator evaluator, Governor governor, PublishedCommands commands, SnapshotTable snapshots, long offset, long end)
    {
        (Ledger, Evaluator, Governor, Commands, Snapshots) = (ledger, evaluator, governor, commands, snapshots);
        (Position, CatchUpEnd, Inputs, Writing) = (offset, end, null, null);
        Latest.Clear();
        States.Clear();
    }

    public void Stop(string reason) => Stopped = reason;

    public void Read(in Record record)
    {
        if (Stopped is not null || Phase == GovernPhase.Starting)
        {
            return;
        }

        Position = record.Offset + 1;
        Ledger.Offset = record.Offset;
        try
        {
            if (_decoder.Read(record.Value, _spends) is { } mark)
            {
                Ledger.Apply(mark);
            }

            foreach (var spend in _spends)
            {
                Ledger.Apply(spend);
            }
        }
        catch (FormatException failure)
        {
            damaged(Partition, record.Offset, failure);
        }
        catch (InvalidOperationException fork)
        {
            Stop(fork.Message);
        }
        finally
        {
            _spends.Clear();
        }
    }
}

/// <summary>A snapshot that is being written, a slice in each step.</summary>
/// <param name="Offset">Up to which it counts: where whoever restores it reads on.</param>
internal sealed record SnapshotInProgress(string Name, long Offset, LedgerSnapshotWriter Writer);
