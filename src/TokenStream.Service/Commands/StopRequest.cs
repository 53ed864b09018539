using System.Runtime.InteropServices;

namespace TokenStream.Service.Commands;

/// <summary>What asks a program in the foreground to stop.</summary>
internal static class StopRequest
{
    /// <summary>Waits for SIGTERM, Ctrl-C or the caller's own cancellation.</summary>
    /// <param name="cancellation">The caller's.</param>
    /// <param name="ignoresInterrupt">
    /// Ctrl-C reaches a whole group of processes at once: one that another supervises passes it over, and waits until that one asks it to
    /// end.
    /// </param>
    public static async Task WaitAsync(CancellationToken cancellation, bool ignoresInterrupt = false)
    {
        var stop = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        void Stop(PosixSignalContext context)
        {
            context.Cancel = true;
            if (!ignoresInterrupt || context.Signal == PosixSignal.SIGTERM)
            {
                stop.TrySetResult();
            }
        }

        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        await using var cancelled = cancellation.Register(() => stop.TrySetResult());
        await stop.Task;
    }
}
