using TokenStream.Runtime;
using TokenStream.Windowing;

namespace TokenStream.Simulation;

/// <summary>Takes a worker's records; the log has each only when the flush reaches it, and a crash may come between any two.</summary>
internal sealed class SimulatedSink(SimulatedActor actor) : IRecordSink
{
    private static readonly AggregateStageOptions Options = new();

    private readonly List<(TopicPartition Partition, byte[] Key, byte[] Value)> _buffer = [];
    private readonly List<(TopicPartition Partition, byte[] Key, byte[] Value)> _held = [];

    public void Publish(TopicPartition partition, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, IReadOnlyList<RecordHeader>? headers)
    {
        if (partition.Topic != Options.RollupsTopic && partition.Topic != Options.SpendTopic)
        {
            actor.World.Faults.Add("a record was refused");
            return;
        }

        _buffer.Add((partition, key.ToArray(), value.ToArray()));
    }

    public async ValueTask FlushAsync()
    {
        if (actor.World.Mutation == Mutation.MarksFirst && !_buffer.Exists(r => r.Value[0] == MarkFormat.Kind))
        {
            _held.AddRange(_buffer);
            _buffer.Clear();
            return;
        }

        var records = _buffer.Concat(_held).ToArray();
        _buffer.Clear();
        _held.Clear();
        foreach (var (partition, key, value) in records)
        {
            if (partition.Topic == Options.SpendTopic)
            {
                actor.World.PublishSpend(partition.Partition, key, value);
            }
            else
            {
                actor.World.Publish(partition.Partition, key, value);
            }

            await actor.GiveTurn();
        }
    }

    public void Dispose()
    {
    }
}

/// <summary>Takes provisional values: on the log at once, or never.</summary>
internal sealed class SimulatedLiveSink(SimulatedWorld world) : IRecordSink
{
    public long Dropped { get; private set; }

    public void Publish(TopicPartition partition, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, IReadOnlyList<RecordHeader>? headers)
    {
        if (!world.Chance(0.9))
        {
            Dropped++;
        }
        else if (partition.Topic == new AggregateStageOptions().SpendTopic)
        {
            world.PublishSpend(partition.Partition, key.ToArray(), value.ToArray());
        }
        else
        {
            world.Publish(partition.Partition, key.ToArray(), value.ToArray());
        }
    }

    public ValueTask FlushAsync() => ValueTask.CompletedTask;

    public void Dispose()
    {
    }
}
