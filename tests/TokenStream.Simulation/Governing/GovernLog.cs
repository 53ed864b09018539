using TokenStream.Runtime;

namespace TokenStream.Simulation.Governing;

/// <summary>A node's reader of a compacted topic; it may be behind.</summary>
internal sealed class GovernLog(GovernNode node, SimulatedLog[] partitions, bool isOfCommands) : ICompactedLog
{
    private readonly long[] _positions = new long[partitions.Length];

    public void ReadAll(int partition, CompactedRecordReader read)
    {
        if (node.World.Fails(0.01))
        {
            throw new SourceFailedException("the topic cannot be read");
        }

        if (!isOfCommands || node.World.Mutation != GovernMutation.CommandsNotRead)
        {
            Hand(partition, 0, partitions[partition].End, read);
        }
    }

    public void Follow(CompactedRecordReader read)
    {
        for (var partition = 0; partition < partitions.Length; partition++)
        {
            var (from, to) = (_positions[partition], partitions[partition].End);
            if (!node.World.IsCalm)
            {
                to = Math.Min(to, from + node.World.Random.Next(12));
            }

            _positions[partition] = to;
            if (node.World.Mutation != GovernMutation.NoReadBack)
            {
                Hand(partition, from, to, read);
            }
        }
    }

    public void Dispose()
    {
    }

    private void Hand(int partition, long from, long to, CompactedRecordReader read)
    {
        for (var offset = from; offset < to; offset++)
        {
            if (partitions[partition][offset] is { } record && IsRead(partition, record))
            {
                read(partition, offset, record.Key, record.Value ?? [], record.Value is null);
            }
        }
    }

    /// <summary>A mutation reads of the ledger's topic nothing but what the commit names.</summary>
    private bool IsRead(int partition, LogRecord record) => isOfCommands || node.World.Mutation != GovernMutation.NamesNotRead ||
        (node.World.Committed(partition) is { } commit && record.Name.Contains($"/{GovernSource.SnapshotOf(commit)}/", StringComparison.Ordinal));
}
