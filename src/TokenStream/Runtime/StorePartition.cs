using TokenStream.Storage;
using TokenStream.Windowing;

namespace TokenStream.Runtime;

/// <summary>A rollups or spend partition that this worker owns: the block that was read and is not stored yet.</summary>
internal sealed class StorePartition(TopicPartition partition, bool isSpend, Action<TopicPartition, long, FormatException> damaged)
    : IPartitionReader
{
    private readonly List<Rollup> _read = [];
    private readonly List<ScopeSpend> _readSpends = [];
    private readonly SpendDecoder _spendDecoder = new();

    public TopicPartition Partition { get; } = partition;

    public SealPlan Seals { get; private set; } = new(partition.Partition, GrainSizes.Standard);

    /// <summary>Whether <see cref="Seals"/> knows what the store has sealed.</summary>
    public bool SealsAreKnown { get; set; }

    /// <summary>Why the partition does not read, for people; null where it does.</summary>
    public string? Stopped { get; private set; }

    /// <summary>Whether it holds what scopes spent, and not rollups.</summary>
    public bool IsSpend => isSpend;

    public List<Rollup> Rollups { get; } = [];

    public List<ScopeSpend> Spends { get; } = [];

    public List<Mark> Marks { get; } = [];

    /// <summary>Offset of the block's first record.</summary>
    public long From { get; private set; }

    /// <summary>Offset after the block's last record.</summary>
    public long Upto { get; private set; }

    public long AgeMs { get; set; }

    public bool IsEmpty => Upto == From;

    public int Rows => Rollups.Count + Spends.Count;

    /// <summary>Begins an empty block.</summary>
    public void Start(long offset, SealPlan seals)
    {
        (Seals, SealsAreKnown, Stopped, Upto) = (seals, false, null, offset);
        Stored();
    }

    public void Stop(string reason) => Stopped = reason;

    public void Read(in Record record)
    {
        if (Stopped is not null)
        {
            return;
        }

        Upto = record.Offset + 1;
        try
        {
            if ((isSpend ? _spendDecoder.Read(record.Value, _readSpends) : RollupDecoder.Read(record.Value, _read)) is { } mark)
            {
                Marks.Add(mark);
            }

            Rollups.AddRange(_read.Where(r => r.Block.Final));
            Spends.AddRange(_readSpends.Where(s => s.Block.Final));
        }
        catch (FormatException failure)
        {
            damaged(Partition, record.Offset, failure);
        }
        finally
        {
            _read.Clear();
            _readSpends.Clear();
        }
    }

    /// <summary>The block is stored and committed: the next one begins.</summary>
    public void Stored()
    {
        From = Upto;
        AgeMs = 0;
        Rollups.Clear();
        Spends.Clear();
        Marks.Clear();
    }
}
