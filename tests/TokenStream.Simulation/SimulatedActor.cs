using System.Runtime.CompilerServices;

namespace TokenStream.Simulation;

/// <summary>
/// Something that runs in turns: a worker of a stage, or the ledger. Between any two effects it gives its turn back and may then crash (never
/// to be advanced again), sleep, or be replaced and wake as a zombie.
/// </summary>
internal abstract class SimulatedActor(SimulatedWorld world, string role, int part)
{
    private Action? _continuation;
    private Task? _step;

    public SimulatedWorld World { get; } = world;

    public string Role { get; } = role;

    public int Part { get; } = part;

    /// <summary>Which owner of the part it is; the group lets only the last one commit.</summary>
    public int Generation { get; } = world.NextGeneration(role, part);

    public bool IsFenced => Generation != World.Generation(Role, Part);

    /// <summary>Whether it has nothing to do but wait.</summary>
    public abstract bool IsQuiet { get; }

    /// <summary>Runs for some turns. Returns whether it lives on.</summary>
    public bool Advance(int turns)
    {
        try
        {
            for (; turns > 0; turns--)
            {
                Turn();
            }

            return true;
        }
        catch (SimulatedCrashException)
        {
            return false;
        }
    }

    /// <summary>Gives the turn back; goes on when the actor is advanced again, if ever.</summary>
    public Pause GiveTurn() => new(this);

    protected abstract Task StepAsync();

    private void Turn()
    {
        if (_continuation is { } go)
        {
            _continuation = null;
            go();
        }
        else
        {
            _step = StepAsync();
        }

        if (_step is { IsFaulted: true })
        {
            _step.GetAwaiter().GetResult();
        }
    }

    public readonly struct Pause(SimulatedActor actor) : INotifyCompletion
    {
        public bool IsCompleted => false;

        public Pause GetAwaiter() => this;

        public void GetResult()
        {
        }

        public void OnCompleted(Action continuation) => actor._continuation = continuation;
    }
}

/// <summary>An actor ends here.</summary>
internal sealed class SimulatedCrashException(string why) : Exception(why);

/// <summary>A clock that shows the world's time, and is wrong by some.</summary>
internal sealed class SimulatedClock(SimulatedWorld world) : TimeProvider
{
    public long ShiftMs { get; set; }

    public override long TimestampFrequency => 1000;

    public override long GetTimestamp() => world.NowMs + ShiftMs;
}
