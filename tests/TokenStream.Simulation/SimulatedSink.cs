using TokenStream.Runtime;
using TokenStream.Windowing;

namespace TokenStream.Simulation;

/// <summary>Takes a worker's records; the log has each only when the flush reaches it, and a crash may come between any two.</summary>
internal sealed class SimulatedSink(SimulatedActor actor) : IRecordSink
{
    private readonly List<(int Partition, byte[] Key, byte[] Value)> _buffer = [];
    private readonly List<(int Partition, byte[] Key, byte[] Value)> _held = [];

    public void Publish(TopicPartition partition, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, IReadOnlyList<RecordHeader>? headers)
    {
        if (partition.Topic != new AggregateStageOptions().RollupsTopic)
        {
            actor.World.Faults.Add("a record was refused");
            return;
        }

        _buffer.Add((partition.Partition, key.ToArray(), value.ToArray()));
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
            actor.World.Publish(partition, key, value);
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
    public void Publish(TopicPartition partition, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, IReadOnlyList<RecordHeader>? headers)
    {
        if (world.Chance(0.9))
        {
            world.Publish(partition.Partition, key.ToArray(), value.ToArray());
        }
    }

    public ValueTask FlushAsync() => ValueTask.CompletedTask;

    public void Dispose()
    {
    }
}
