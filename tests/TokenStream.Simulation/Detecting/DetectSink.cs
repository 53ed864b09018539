using TokenStream.Runtime;
using TokenStream.Simulation.Governing;

namespace TokenStream.Simulation.Detecting;

/// <summary>
/// Takes a node's snapshots. The log has each record only when the flush reaches it; what a crash or a failed flush leaves under way may still
/// arrive, any time later.
/// </summary>
internal sealed class DetectSink(DetectNode node) : IRecordSink
{
    /// <summary>The one name that the snapshots of a mutation have.</summary>
    public const string InPlace = "0000000000000000000-0-0";

    private readonly List<LogRecord> _buffer = [];
    private readonly List<LogRecord> _held = [];
    private readonly Queue<LogRecord> _flying = [];

    public bool IsBusy => _flying.Count > 0;

    private DetectWorld World => node.World;

    public void Publish(TopicPartition partition, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, IReadOnlyList<RecordHeader>? headers) =>
        Buffer(partition, new LogRecord(key.ToArray(), value.ToArray()));

    public void Delete(TopicPartition partition, ReadOnlySpan<byte> key) => Buffer(partition, new LogRecord(key.ToArray(), null));

    public async ValueTask FlushAsync()
    {
        _buffer.ForEach(_flying.Enqueue);
        _buffer.Clear();
        var left = _flying.Count > 0 && World.Fails(0.05) ? World.Random.Next(_flying.Count) : int.MaxValue;
        while (_flying.TryPeek(out var next) && left-- > 0)
        {
            await node.GiveTurn();
            _flying.Dequeue();
            World.AppendSeries(next);
        }

        if (left <= 0)
        {
            Abandon();
            if (World.Mutation != DetectMutation.FlushTakenForGranted)
            {
                throw new PublishFailedException("the broker did not answer");
            }
        }
    }

    /// <summary>The node ends, or gives up waiting: what is under way is lost or arrives at any time.</summary>
    public void Abandon()
    {
        while (_flying.TryDequeue(out var next))
        {
            if (World.Chance(0.5))
            {
                World.Delay(next);
            }
        }
    }

    /// <summary>A mutation publishes its snapshot only now.</summary>
    public void PublishHeld()
    {
        _held.ForEach(World.AppendSeries);
        _held.Clear();
    }

    public void Dispose()
    {
    }

    private void Buffer(TopicPartition partition, LogRecord record)
    {
        if (partition.Topic != DetectWorld.SeriesTopic)
        {
            return;
        }

        switch (World.Mutation)
        {
            case DetectMutation.NamedBeforeFlushed when record.Value is not null:
                _held.Add(record);
                break;
            case DetectMutation.SnapshotInPlace:
                var parts = record.Name.Split('/');
                if (record.Value is not null)
                {
                    _buffer.Add(new LogRecord(System.Text.Encoding.UTF8.GetBytes($"{parts[0]}/{InPlace}/{parts[2]}"), record.Value));
                }

                break;
            default:
                _buffer.Add(record);
                break;
        }
    }
}
