using System.Text.RegularExpressions;
using TokenStream.Runtime;

namespace TokenStream.Simulation.Governing;

/// <summary>A node's member of the group, over the spend partitions. It learns of what it lost when it polls, sooner or later.</summary>
internal sealed partial class GovernSource(GovernNode node) : IRecordSource
{
    private readonly Held?[] _held = new Held?[GovernWorld.Partitions];
    private readonly SpendMutator _mutator = new(node.World.Mutation);
    private OffsetCommit? _deferred;

    private GovernWorld World => node.World;

    /// <summary>The end of a partition when this member asked for it last.</summary>
    public long Asked(int partition) => _held[partition]?.AskedEnd ?? 0;

    public void Poll(TimeSpan wait, IAssignmentHandler handler)
    {
        for (var number = 0; number < GovernWorld.Partitions; number++)
        {
            Follow(number, handler);
            if (_held[number] is { } held)
            {
                Deliver(number, held);
            }
        }
    }

    public async ValueTask<bool> CommitAsync(IReadOnlyList<OffsetCommit> commits)
    {
        var commit = Mutated(commits.Single());
        await node.GiveTurn();
        if (World.Mutation == GovernMutation.ProduceBeforeCommit && IsCounterOnly(commit))
        {
            _deferred = commit;
            return true;
        }

        var isDone = !World.Fails(0.01) && await TryStoreAsync(commit);
        return World.Mutation == GovernMutation.CommitTakenForGranted || (isDone && !World.Fails(0.01));
    }

    /// <summary>A mutation commits only now.</summary>
    public void CommitDeferred()
    {
        if (_deferred is { } commit && MayCommit(commit.Partition.Partition))
        {
            World.Commit(node, commit);
        }

        _deferred = null;
    }

    public OffsetCommit? Committed(TopicPartition partition) => World.Committed(partition.Partition);

    public void Seek(TopicPartition partition, long offset) => _held[partition.Partition]!.Position = offset;

    public void SetPaused(TopicPartition partition, bool paused)
    {
    }

    public (long Start, long End) Watermarks(TopicPartition partition) =>
        (World.Spend[partition.Partition].Start, World.Spend[partition.Partition].End);

    public bool IsAtEnd(TopicPartition partition) => _held[partition.Partition]?.Position == World.Spend[partition.Partition].End;

    public (long Start, long End) QueryWatermarks(TopicPartition partition)
    {
        var (start, end) = Watermarks(partition);
        if (_held[partition.Partition] is not { } held)
        {
            return (start, end);
        }

        if (World.Fails(0.01))
        {
            throw new SourceFailedException("the broker does not answer");
        }

        held.AskedEnd = end;
        return World.Mutation == GovernMutation.DecidesEarly ? (start, Committed(partition)?.Offset ?? start) : (start, end);
    }

    public void Dispose()
    {
    }

    private void Follow(int number, IAssignmentHandler handler)
    {
        var partition = new TopicPartition(GovernWorld.SpendTopic, number);
        if (_held[number] is { } held && held.Generation != World.Group.Generation(number))
        {
            if (!World.IsCalm && World.Chance(0.6))
            {
                return;
            }

            _held[number] = null;
            handler.Lost(partition);
        }

        if (World.Group.Owner(number) != node)
        {
            return;
        }

        if (_held[number] is not null && World.Group.IsLeaving(number))
        {
            _held[number] = null;
            handler.Revoked(partition);
            World.Group.Left(number);
        }
        else if (_held[number] is null)
        {
            var (offset, reader) = handler.Assigned(partition);
            _held[number] = new Held(World.Group.Generation(number), reader) { Position = offset };
        }
    }

    private void Deliver(int number, Held held)
    {
        var log = World.Spend[number];
        var end = World.IsCalm ? log.End : Math.Min(log.End, held.Position + World.Random.Next(15));
        for (; held.Position < end && held.Position >= log.Start; held.Position++)
        {
            var record = log[held.Position]!;
            held.Reader.Read(new Record(held.Position, World.NowMs, record.Key, _mutator.Mutated(record.Value!)));
        }
    }

    private bool MayCommit(int number) => World.Mutation == GovernMutation.NoFencing
        || (World.Group.Owner(number) == node && _held[number]?.Generation == World.Group.Generation(number));

    private async ValueTask<bool> TryStoreAsync(OffsetCommit commit)
    {
        var number = commit.Partition.Partition;
        if (World.Mutation == GovernMutation.DeletedBeforeCommit && !IsCounterOnly(commit) && MayCommit(number))
        {
            foreach (var record in World.Ledger[number].From(0).Where(record => record.Value is not null).ToArray())
            {
                if (!record.Name.Contains(SnapshotOf(commit), StringComparison.Ordinal))
                {
                    World.Append(node, GovernWorld.LedgerTopic, number, new LogRecord(record.Key, null));
                }
            }

            await node.GiveTurn();
        }

        if (!MayCommit(number))
        {
            return false;
        }

        World.Commit(node, commit);
        await node.GiveTurn();
        node.Sink.PublishHeld();
        return true;
    }

    private OffsetCommit Mutated(OffsetCommit commit) => World.Mutation switch
    {
        GovernMutation.SnapshotInPlace => commit with { Metadata = SnapshotPattern().Replace(commit.Metadata, $"s={GovernSink.InPlace}") },
        GovernMutation.PositionWithoutSnapshot when IsCounterOnly(commit) =>
            commit with { Offset = _held[commit.Partition.Partition]!.Position },
        _ => commit,
    };

    private bool IsCounterOnly(OffsetCommit commit) =>
        Committed(commit.Partition) is { } before && SnapshotOf(before) == SnapshotOf(commit);

    public static string SnapshotOf(OffsetCommit commit) => GovernCommit.Parse(commit.Offset, commit.Metadata).Snapshot;

    [GeneratedRegex("s=.+$")]
    private static partial Regex SnapshotPattern();

    private sealed class Held(int generation, IPartitionReader reader)
    {
        public int Generation { get; } = generation;

        public IPartitionReader Reader { get; } = reader;

        public long Position { get; set; }

        public long AskedEnd { get; set; }
    }
}
