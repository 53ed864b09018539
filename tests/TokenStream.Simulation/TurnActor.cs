using System.Runtime.CompilerServices;

namespace TokenStream.Simulation;

/// <summary>
/// Something that runs in turns. Between any two effects it gives its turn back and may then crash (never to be advanced again), sleep, or be
/// replaced and wake as a zombie.
/// </summary>
internal abstract class TurnActor
{
    private Action? _continuation;
    private Task? _step;

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

    /// <summary>Runs until what it does now is done to the end. Returns whether it lives on.</summary>
    public bool Complete(int mostTurns)
    {
        for (var left = mostTurns; left > 0; left--)
        {
            if (!Advance(1))
            {
                return false;
            }

            if (_step is { IsCompleted: true })
            {
                return true;
            }
        }

        return true;
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

    public readonly struct Pause(TurnActor actor) : INotifyCompletion
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
