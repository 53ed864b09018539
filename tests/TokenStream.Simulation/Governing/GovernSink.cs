using System.Text;
using TokenStream.Commands;
using TokenStream.Runtime;

namespace TokenStream.Simulation.Governing;

/// <summary>
/// Takes a node's records. The log has each only when the flush reaches it; what a crash or a failed flush leaves under way may still
/// arrive, any time later.
/// </summary>
internal sealed class GovernSink(GovernNode node) : IRecordSink
{
    /// <summary>The one name that the snapshots of a mutation have.</summary>
    public const string InPlace = "0000000000000000000-0-0";

    private readonly List<(TopicPartition Partition, LogRecord Record)> _buffer = [];
    private readonly List<(TopicPartition Partition, LogRecord Record)> _held = [];
    private readonly Queue<(TopicPartition Partition, LogRecord Record)> _flying = [];

    /// <summary>Whether something was handed over and is not acknowledged yet.</summary>
    public bool IsBusy => _flying.Count > 0;

    private GovernWorld World => node.World;

    public void Publish(TopicPartition partition, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, IReadOnlyList<RecordHeader>? headers) =>
        Buffer(partition, new LogRecord(key.ToArray(), value.ToArray()));

    public void Delete(TopicPartition partition, ReadOnlySpan<byte> key) => Buffer(partition, new LogRecord(key.ToArray(), null));

    public async ValueTask FlushAsync()
    {
        foreach (var record in _buffer.SelectMany(Mutated))
        {
            _flying.Enqueue(record);
        }

        _buffer.Clear();
        var left = _flying.Count > 0 && World.Fails(0.02) ? World.Random.Next(_flying.Count + 1) : int.MaxValue;
        while (_flying.TryPeek(out var next) && left-- > 0)
        {
            await node.GiveTurn();
            _flying.Dequeue();
            DeleteOthers(next.Partition, next.Record);
            World.Append(node, next.Partition.Topic, next.Partition.Partition, next.Record);
        }

        node.Source.CommitDeferred();
        if (left <= 0)
        {
            Abandon();
            if (World.Mutation != GovernMutation.FlushTakenForGranted)
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
                World.Delay(next.Partition.Topic, next.Partition.Partition, next.Record);
            }
        }
    }

    /// <summary>A mutation publishes its snapshot only now.</summary>
    public void PublishHeld()
    {
        foreach (var (partition, record) in _held)
        {
            World.Append(node, partition.Topic, partition.Partition, record);
        }

        _held.Clear();
    }

    public void Dispose()
    {
    }

    private void Buffer(TopicPartition partition, LogRecord record)
    {
        if (partition.Topic is GovernWorld.CommandsTopic or GovernWorld.LedgerTopic)
        {
            _buffer.Add((partition, record));
        }
    }

    private IEnumerable<(TopicPartition Partition, LogRecord Record)> Mutated((TopicPartition Partition, LogRecord Record) published)
    {
        var (partition, record) = published;
        switch (World.Mutation)
        {
            case GovernMutation.NoEpoch when partition.Topic == GovernWorld.CommandsTopic && record.Value is not null:
                return [(partition, new LogRecord(record.Key, WithoutEpoch(record)))];
            case GovernMutation.TombstoneBeforeRelease when IsRelease(partition, record):
                return [(partition, new LogRecord(record.Key, null)), published];
            case GovernMutation.SnapshotInPlace when partition.Topic == GovernWorld.LedgerTopic:
                var parts = record.Name.Split('/');
                var key = Encoding.UTF8.GetBytes($"{parts[0]}/{InPlace}/{parts[2]}");
                return record.Value is null ? [] : [(partition, new LogRecord(key, record.Value))];
            case GovernMutation.NamedBeforeFlushed when partition.Topic == GovernWorld.LedgerTopic && record.Value is not null:
                _held.Add(published);
                return [];
            default:
                return [published];
        }
    }

    /// <summary>A mutation deletes whatever snapshots are there when its deletions arrive.</summary>
    private void DeleteOthers(TopicPartition partition, LogRecord record)
    {
        if (World.Mutation != GovernMutation.OthersDeleted || partition.Topic != GovernWorld.LedgerTopic || record.Value is not null)
        {
            return;
        }

        var own = node.Stage.Partitions.First(owned => owned.Number == partition.Partition).Commit.Snapshot;
        foreach (var other in World.Ledger[partition.Partition].From(0).Where(other => other.Value is not null).ToArray())
        {
            if (!other.Name.Contains(own, StringComparison.Ordinal))
            {
                World.Append(node, partition.Topic, partition.Partition, new LogRecord(other.Key, null));
            }
        }
    }

    private static bool IsRelease(TopicPartition partition, LogRecord record) =>
        partition.Topic == GovernWorld.CommandsTopic && record.Value is { } value &&
        SimulatedSigning.Verifier.TryVerify(record.Key, value, out var signed) == CommandRefusal.None &&
        signed.Command?.Action == CommandAction.None;

    private static byte[] WithoutEpoch(LogRecord record)
    {
        SimulatedSigning.Verifier.TryVerify(record.Key, record.Value, out var signed);
        return signed.Command is { } command
            ? SimulatedSigning.Signer.Sign(command with { Version = command.Version with { Epoch = 1 } })
            : SimulatedSigning.Signer.Sign(signed.Heartbeat! with { Version = signed.Heartbeat.Version with { Epoch = 1 } });
    }
}
