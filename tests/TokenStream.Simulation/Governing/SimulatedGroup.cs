namespace TokenStream.Simulation.Governing;

/// <summary>
/// The consumer group: who owns which partition. Each change raises the partition's generation, and only the generation that runs may
/// commit: not a member that left, nor one that lost only this partition.
/// </summary>
internal sealed class SimulatedGroup
{
    private readonly GovernNode?[] _owners = new GovernNode?[GovernWorld.Partitions];
    private readonly GovernNode?[] _successors = new GovernNode?[GovernWorld.Partitions];
    private readonly int[] _generations = new int[GovernWorld.Partitions];

    public GovernNode? Owner(int partition) => _owners[partition];

    public int Generation(int partition) => _generations[partition];

    /// <summary>Whether the partition is to be handed on once its owner has finished with it.</summary>
    public bool IsLeaving(int partition) => _successors[partition] is not null;

    /// <summary>Gives a partition to a member at once: who had it crashed, or was not heard of in time.</summary>
    public void Give(int partition, GovernNode node)
    {
        (_owners[partition], _successors[partition]) = (node, null);
        _generations[partition]++;
    }

    /// <summary>Asks the owner to finish with a partition before another one gets it.</summary>
    public void Move(int partition, GovernNode to) => _successors[partition] = to;

    /// <summary>A member is gone: nothing is handed on to it any more.</summary>
    public void Forget(GovernNode node)
    {
        for (var partition = 0; partition < GovernWorld.Partitions; partition++)
        {
            _successors[partition] = _successors[partition] == node ? null : _successors[partition];
        }
    }

    /// <summary>The owner has finished with a partition.</summary>
    public void Left(int partition)
    {
        if (_successors[partition] is { } successor)
        {
            Give(partition, successor);
        }
    }
}
