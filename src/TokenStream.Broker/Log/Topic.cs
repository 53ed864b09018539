using System.Collections.Immutable;

namespace TokenStream.Broker.Log;

/// <summary>A topic as it is now; partitions are only ever added, so an index stays valid.</summary>
public sealed class Topic
{
    private volatile State _state;

    internal Topic(string name, Guid id, TopicConfig config, ImmutableArray<PartitionLog> partitions)
    {
        Name = name;
        Id = id;
        _state = new State(config, partitions);
    }

    public string Name { get; }

    public Guid Id { get; }

    public TopicConfig Config => _state.Config;

    /// <summary>Logs of the partitions, by number.</summary>
    public ImmutableArray<PartitionLog> Partitions => _state.Partitions;

    /// <summary>The partition's log, or null for a number the topic does not have.</summary>
    public PartitionLog? Partition(int number)
    {
        ImmutableArray<PartitionLog> partitions = _state.Partitions;
        return number >= 0 && number < partitions.Length ? partitions[number] : null;
    }

    internal void Change(TopicConfig config, ImmutableArray<PartitionLog> partitions) => _state = new State(config, partitions);

    private sealed record State(TopicConfig Config, ImmutableArray<PartitionLog> Partitions);
}
