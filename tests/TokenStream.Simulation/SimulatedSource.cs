using TokenStream.Runtime;
using TokenStream.Windowing;

namespace TokenStream.Simulation;

/// <summary>What a worker's source and sinks share: its actor, and what the mutations do to it at the edges.</summary>
internal abstract class SimulatedSource(SimulatedActor actor, string topic) : IRecordSource
{
    private bool _assigned;
    private bool _lost;
    private IPartitionReader? _reader;

    protected SimulatedActor Actor { get; } = actor;

    protected SimulatedWorld World => Actor.World;

    /// <summary>Offset after the last record that was delivered.</summary>
    public long Position { get; private set; }

    protected abstract long End { get; }

    protected TopicPartition Partition { get; } = new(topic, actor.Part);

    public bool IsAtLogEnd => Position >= End;

    public void Poll(TimeSpan wait, IAssignmentHandler handler)
    {
        if (_lost)
        {
            handler.Lost(Partition);
            throw new SimulatedCrashException("fenced");
        }

        if (!_assigned)
        {
            _assigned = true;
            (Position, _reader) = handler.Assigned(Partition);
        }

        for (var left = (int)Math.Min(World.Random.Next(7), Math.Max(0, End - Position)); left > 0; left--)
        {
            Deliver(Position++, _reader!);
        }
    }

    public async ValueTask<bool> CommitAsync(IReadOnlyList<OffsetCommit> commits)
    {
        var commit = commits.Single();
        if (Actor.IsFenced && !MayCommitFenced)
        {
            _lost = true;
            return false;
        }

        Store(commit);
        await Actor.GiveTurn();
        return true;
    }

    public virtual OffsetCommit? Committed(TopicPartition partition) =>
        World.Commits.TryGetValue((Actor.Role, Actor.Part), out var commit) ? new OffsetCommit(partition, commit.Offset, commit.Metadata) : null;

    public void Seek(TopicPartition partition, long offset) => Position = offset;

    public void SetPaused(TopicPartition partition, bool paused)
    {
    }

    public (long Start, long End) Watermarks(TopicPartition partition) => (Start, End);

    public virtual bool IsAtEnd(TopicPartition partition) => IsAtLogEnd;

    public (long Start, long End) QueryWatermarks(TopicPartition partition) => (Start, End);

    public void Dispose()
    {
    }

    protected virtual long Start => 0;

    protected virtual bool MayCommitFenced => false;

    protected abstract void Deliver(long offset, IPartitionReader reader);

    protected virtual void Store(OffsetCommit commit) => World.Commits[(Actor.Role, Actor.Part)] = (commit.Offset, commit.Metadata);
}

/// <summary>An input partition.</summary>
internal sealed class InputSource(AggregateActor actor) : SimulatedSource(actor, SimulatedWorld.Topic)
{
    private List<SimulatedRecord> Log => World.Log[Actor.Part];

    protected override long End => Log.Count;

    protected override long Start => World.Mutation == Mutation.ResetEarliest ? 0 : World.Start[Actor.Part];

    protected override bool MayCommitFenced => World.Mutation == Mutation.RevokeNotAwaited;

    public override OffsetCommit? Committed(TopicPartition partition)
    {
        if (base.Committed(partition) is not { } offset)
        {
            return null;
        }

        var commit = AggregateCommit.Parse(offset.Offset, offset.Metadata);
        if (World.Mutation == Mutation.SkipToDecision)
        {
            commit = commit with { Before = commit.Position };
        }
        else if (World.Mutation == Mutation.SkimByTime && commit.Offset < Log.Count)
        {
            var since = Log[(int)commit.Offset].AtMs - SimulatedWorld.Horizon;
            commit = commit with { IdsFrom = Log.FindLastIndex((int)commit.Offset, r => r.AtMs < since) + 1 };
        }
        else if (World.Mutation == Mutation.ResetEarliest)
        {
            var start = World.Start[Actor.Part];
            commit = commit with { IdsFrom = Math.Max(commit.IdsFrom, start), Offset = Math.Max(commit.Offset, start) };
        }

        return new OffsetCommit(partition, commit.Offset, commit.ToMetadata());
    }

    public override bool IsAtEnd(TopicPartition partition) =>
        base.IsAtEnd(partition) && !(World.Mutation == Mutation.SilentSaysNothing && actor.Processor?.OpenKeys == 0);

    protected override void Store(OffsetCommit commit)
    {
        var decision = AggregateCommit.Parse(commit.Offset, commit.Metadata);
        if (decision.IsPending)
        {
            World.CheckDecision(Actor.Part, decision);
            if (World.Mutation == Mutation.NoDecision)
            {
                return;
            }
        }

        base.Store(commit);
    }

    protected override void Deliver(long offset, IPartitionReader reader)
    {
        var record = Log[(int)offset];
        reader.Read(new Record(offset, Timestamp(record), [], record.Value));
        actor.AfterRecord();
    }

    private long Timestamp(SimulatedRecord record)
    {
        var ahead = record.TimeMs - record.AtMs;
        var aheadOfClock = record.TimeMs - World.NowMs - actor.Clock.ShiftMs;
        return World.Mutation switch
        {
            Mutation.FutureLeads when ahead is > 0 and <= SimulatedWorld.Ahead => record.TimeMs,
            Mutation.FutureByClock when ahead > SimulatedWorld.Ahead && aheadOfClock <= SimulatedWorld.Ahead => record.TimeMs,
            Mutation.FutureByClock when ahead <= SimulatedWorld.Ahead && aheadOfClock > SimulatedWorld.Ahead => World.NowMs + actor.Clock.ShiftMs,
            _ => record.AtMs,
        };
    }
}

/// <summary>A rollups partition.</summary>
internal sealed class OutputSource(SimulatedActor actor) : SimulatedSource(actor, "rollups")
{
    private readonly Dictionary<int, long> _told = [];

    protected override long End => World.Out[Actor.Part].Count;

    protected override void Deliver(long offset, IPartitionReader reader)
    {
        if (World.Out[Actor.Part][(int)offset] is { } record)
        {
            reader.Read(new Record(offset, World.NowMs, record.Key, record.Mark is { } mark ? Delayed(mark, record.Value) : record.Value));
        }
    }

    private ReadOnlySpan<byte> Delayed(Mark mark, byte[] value)
    {
        if (World.Mutation != Mutation.SealBySlowest)
        {
            return value;
        }

        _told[mark.Partition] = Math.Max(mark.ClosedThroughMs, _told.GetValueOrDefault(mark.Partition, AggregateCommit.Never));
        var slowest = _told.Count < SimulatedWorld.Inputs ? AggregateCommit.Never : _told.Values.Min();
        var buffer = new BlockBuffer();
        MarkFormat.Write(mark with { ClosedThroughMs = slowest }, buffer);
        return buffer.Written;
    }
}
