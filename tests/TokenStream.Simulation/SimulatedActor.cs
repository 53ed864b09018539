namespace TokenStream.Simulation;

/// <summary>A worker of a stage, or the ledger: what owns one part of one role.</summary>
internal abstract class SimulatedActor(SimulatedWorld world, string role, int part) : TurnActor
{
    public SimulatedWorld World { get; } = world;

    public string Role { get; } = role;

    public int Part { get; } = part;

    /// <summary>Which owner of the part it is; the group lets only the last one commit.</summary>
    public int Generation { get; } = world.NextGeneration(role, part);

    public bool IsFenced => Generation != World.Generation(Role, Part);

    /// <summary>Whether it has nothing to do but wait.</summary>
    public abstract bool IsQuiet { get; }
}

/// <summary>A clock that shows the world's time, and is wrong by some.</summary>
internal sealed class SimulatedClock(SimulatedWorld world) : TimeProvider
{
    public long ShiftMs { get; set; }

    public override long TimestampFrequency => 1000;

    public override long GetTimestamp() => world.NowMs + ShiftMs;
}
