using TokenStream.Storage;
using TokenStream.Windowing;

namespace TokenStream.Runtime;

/// <summary>A rollups partition that this worker owns: the block that was read and is not stored yet.</summary>
internal sealed class StorePartition(TopicPartition partition, Action<TopicPartition, long, FormatException> damaged) : IPartitionReader
{
    private readonly List<Rollup> _read = [];

    public TopicPartition Partition { get; } = partition;

    public SealPlan Seals { get; private set; } = new(partition.Partition, GrainSizes.Standard);

    /// <summary>Whether <see cref="Seals"/> knows what the store has sealed.</summary>
    public bool SealsAreKnown { get; set; }

    /// <summary>Why the partition does not read, for people; null where it does.</summary>
    public string? Stopped { get; private set; }

    public List<Rollup> Rollups { get; } = [];

    public List<Mark> Marks { get; } = [];

    /// <summary>Offset of the block's first record.</summary>
    public long From { get; private set; }

    /// <summary>Offset after the block's last record.</summary>
    public long Upto { get; private set; }

    public long AgeMs { get; set; }

    public bool IsEmpty => Upto == From;

    /// <summary>Names exactly what the block was read from.</summary>
    public string Token => $"{Partition.Topic}-{Partition.Partition}-{From}-{Upto}";

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
            if (RollupDecoder.Read(record.Value, _read) is { } mark)
            {
                Marks.Add(mark);
            }

            Rollups.AddRange(_read.Where(r => r.Block.Final));
        }
        catch (FormatException failure)
        {
            damaged(Partition, record.Offset, failure);
        }
        finally
        {
            _read.Clear();
        }
    }

    /// <summary>The block is stored and committed: the next one begins.</summary>
    public void Stored()
    {
        From = Upto;
        AgeMs = 0;
        Rollups.Clear();
        Marks.Clear();
    }
}
