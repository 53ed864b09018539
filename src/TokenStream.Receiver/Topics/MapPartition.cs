using TokenStream.Mapping;
using TokenStream.Receiver.Intake;
using TokenStream.Runtime;

namespace TokenStream.Receiver.Topics;

/// <summary>One partition of a topic of payloads: how far it was mapped, and how far that is committed.</summary>
internal sealed class MapPartition(TopicPartition partition, MapTopic topic, MapStage stage) : IPartitionReader
{
    public TopicPartition Partition { get; } = partition;

    public MapTopic Topic { get; } = topic;

    /// <summary>The offset that is committed; what lies between it and <see cref="Next"/> has been published.</summary>
    public long Committed { get; set; }

    /// <summary>The offset of the next record to map.</summary>
    public long Next { get; set; }

    /// <summary>Records that wait to be mapped, as far as is known; read from other threads.</summary>
    public long Lag { get; set; }

    public void Read(in Record record) => stage.Read(this, in record);

    /// <summary>Begins, or begins again, at an offset.</summary>
    public void Start(long offset) => (Committed, Next) = (offset, offset);
}

/// <summary>A topic of payloads with its mappers.</summary>
internal sealed class MapTopic(TopicSource source)
{
    public PayloadSource? Source { get; } = source.Source;

    public SourceMappers Mappers { get; } = new(new MapperFactories(_ => source.Attribution));
}
