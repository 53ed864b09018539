using System.Text.RegularExpressions;
using TokenStream.Runtime;
using TokenStream.Simulation.Governing;

namespace TokenStream.Simulation.Detecting;

/// <summary>A node's member of the group over the one rollups partition.</summary>
internal sealed partial class DetectSource(DetectNode node) : IRecordSource
{
    private IPartitionReader? _reader;
    private long _position;

    private DetectWorld World => node.World;

    public void Poll(TimeSpan wait, IAssignmentHandler handler)
    {
        if (_reader is null)
        {
            (_position, _reader) = handler.Assigned(new TopicPartition(DetectWorld.RollupsTopic, 0));
        }

        var log = World.Rollups;
        var end = World.IsCalm ? log.End : Math.Min(log.End, _position + World.Random.Next(30));
        for (; _position < end && _position >= log.Start; _position++)
        {
            if (World.Mutation == DetectMutation.MarksLost && log[_position]!.Value![0] == (byte)'M' && World.Chance(0.1))
            {
                continue;
            }

            _reader.Read(new Record(_position, World.NowMs, [], log[_position]!.Value!));
        }
    }

    public async ValueTask<bool> CommitAsync(IReadOnlyList<OffsetCommit> commits)
    {
        await node.GiveTurn();
        var isDone = !World.Fails(0.03) && await TryStoreAsync(Mutated(commits.Single()));
        return World.Mutation == DetectMutation.CommitTakenForGranted || (isDone && !World.Fails(0.02));
    }

    public OffsetCommit? Committed(TopicPartition partition) => World.Committed;

    public void Seek(TopicPartition partition, long offset) => _position = offset;

    public void SetPaused(TopicPartition partition, bool paused)
    {
    }

    public (long Start, long End) Watermarks(TopicPartition partition) => (World.Rollups.Start, World.Rollups.End);

    public bool IsAtEnd(TopicPartition partition) => _position == World.Rollups.End;

    public (long Start, long End) QueryWatermarks(TopicPartition partition) =>
        World.Fails(0.02) && _reader is not null ? throw new SourceFailedException("the broker does not answer") : Watermarks(partition);

    public void Dispose()
    {
    }

    private async ValueTask<bool> TryStoreAsync(OffsetCommit commit)
    {
        if (World.Mutation == DetectMutation.DeletedBeforeCommit && node.IsOwner && SnapshotOf(commit) != SnapshotOf(World.Committed))
        {
            foreach (var record in World.Series.From(0).Where(record => !record.Name.Contains(SnapshotOf(commit), StringComparison.Ordinal)).ToArray())
            {
                World.AppendSeries(new LogRecord(record.Key, null));
            }

            await node.GiveTurn();
        }

        if (!node.IsOwner)
        {
            return false;
        }

        World.Commit(commit);
        await node.GiveTurn();
        node.Sink.PublishHeld();
        return true;
    }

    private OffsetCommit Mutated(OffsetCommit commit) => World.Mutation switch
    {
        DetectMutation.SnapshotInPlace => commit with { Metadata = SnapshotPattern().Replace(commit.Metadata, $"s={DetectSink.InPlace}") },
        DetectMutation.PositionWithoutSnapshot => commit with { Offset = Math.Max(commit.Offset, _position) },
        _ => commit,
    };

    private static string SnapshotOf(OffsetCommit? commit) => commit is null ? "" : DetectCommit.Parse(commit.Offset, commit.Metadata).Snapshot;

    [GeneratedRegex("s=.+$")]
    private static partial Regex SnapshotPattern();
}
