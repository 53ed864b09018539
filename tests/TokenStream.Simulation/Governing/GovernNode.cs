using Microsoft.Extensions.Logging.Abstractions;
using TokenStream.Runtime;

namespace TokenStream.Simulation.Governing;

/// <summary>A node that governs: the real worker and stage over simulated edges, with a clock of its own.</summary>
internal sealed class GovernNode : TurnActor
{
    /// <summary>Clocks of two nodes differ by at most twice as much.</summary>
    private const int MostShiftMs = 1000;

    private readonly StreamWorker _worker;
    private int _seen;

    public GovernNode(GovernWorld world, StreamMetrics metrics)
    {
        World = world;
        _seen = world.People.Latest;
        Source = new GovernSource(this);
        Sink = new GovernSink(this);
        var clock = new NodeClock(world, world.Random.Next(-MostShiftMs, MostShiftMs + 1));
        var options = new GovernStageOptions
        {
            Partitions = GovernWorld.Partitions,
            SnapshotIntervalMs = world.Choice(500, 5_000, 20_000),
            SnapshotChunkBytes = world.Choice(100, 400, 4000),
            SnapshotSliceBytes = world.Choice(100, 1_000, 100_000),
            RetryMs = 100,
        };
        Stage = new GovernStage(
            Source,
            Sink,
            new GovernLog(this, world.Commands, isOfCommands: true),
            new GovernLog(this, world.Ledger, isOfCommands: false),
            () => world.People[_seen],
            SimulatedSigning.Signer,
            SimulatedSigning.Verifier,
            options,
            metrics,
            clock,
            NullLogger.Instance);
        _worker = new StreamWorker("govern", Source, Stage, clock, NullLogger.Instance);
    }

    public GovernWorld World { get; }

    public GovernStage Stage { get; }

    public GovernSource Source { get; }

    public GovernSink Sink { get; }

    /// <summary>Whether it knows of itself as the owner of a partition that decides.</summary>
    public GovernPartition? Deciding(int partition) =>
        Stage.Partitions.FirstOrDefault(owned => owned.Number == partition && owned is { Phase: GovernPhase.Deciding, Stopped: null });

    protected override async Task StepAsync()
    {
        if (World.IsCalm || World.Chance(0.6))
        {
            _seen = World.People.Latest;
        }

        await _worker.StepAsync(TimeSpan.Zero);
        World.Checks.Node(this);
    }
}

/// <summary>A node's clock: the world's time, off by a constant.</summary>
internal sealed class NodeClock(GovernWorld world, long shiftMs) : TimeProvider
{
    public override long TimestampFrequency => 1000;

    public override long GetTimestamp() => world.NowMs;

    public override DateTimeOffset GetUtcNow() => DateTimeOffset.FromUnixTimeMilliseconds(world.NowMs + shiftMs);
}
