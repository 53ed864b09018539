using Microsoft.Extensions.Logging;

namespace TokenStream.Runtime;

/// <summary>
/// The loop of one stage on one thread: poll, then let the stage do what is due. Polling, assignment, commits and publishing all happen on
/// this thread, so that a revoked partition has nothing in flight and no record needs a lock.
/// </summary>
public sealed class StreamWorker(string name, IRecordSource source, IStage stage, TimeProvider clock, ILogger logger) : IDisposable
{
    private static readonly TimeSpan PollWait = TimeSpan.FromMilliseconds(50);

    private long _looked = clock.GetTimestamp();

    public string Name { get; } = name;

    /// <summary>Why the worker ended before it was asked to; null where it did not.</summary>
    public Exception? Failure { get; private set; }

    /// <summary>Runs until cancelled. Ends early, with <see cref="Failure"/> set, where going on would be wrong.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        try
        {
            while (!stop.IsCancellationRequested)
            {
                await StepAsync(PollWait);
            }
        }
#pragma warning disable CA1031 // Whatever it was: a worker whose invariant broke stops and says so, better late than wrong.
        catch (Exception failure)
#pragma warning restore CA1031
        {
            Failure = failure;
            Log.WorkerFailed(logger, Name, failure);
        }
    }

    /// <summary>Polls once and does what is due.</summary>
    public ValueTask StepAsync(TimeSpan wait)
    {
        source.Poll(wait, stage);
        // Whole milliseconds only, and the rest counts next time: a worker that steps a thousand times a second must not see time stand
        // still.
        var elapsedMs = (long)clock.GetElapsedTime(_looked, clock.GetTimestamp()).TotalMilliseconds;
        _looked += elapsedMs * clock.TimestampFrequency / 1000;
        return stage.StepAsync(elapsedMs);
    }

    public void Dispose() => source.Dispose();
}
