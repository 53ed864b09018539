using System.Runtime.InteropServices;

namespace TokenStream.Chdb.Engine;

/// <summary>
/// Keeps the runtime's own signal alive. The engine, when it starts, takes signal 34 (SIGRTMIN) for its stack traces and never calls the
/// handler that was there; the runtime stops threads for garbage collection by that signal, so the first collection beside a tight loop
/// would wait for ever. Only 34 is put back: the runtime installs others lazily, and restoring those would undo it.
/// </summary>
internal sealed unsafe partial class ChdbSignals
{
    private const int Activation = 34;

    /// <summary>Bytes of <c>struct sigaction</c> in 64-bit glibc.</summary>
    private const int ActionBytes = 152;

    private readonly byte[] _saved = new byte[ActionBytes];

    private ChdbSignals()
    {
    }

    /// <summary>Remembers the handler that is there now: call it before the engine's first connect.</summary>
    internal static ChdbSignals Save()
    {
        var signals = new ChdbSignals();
        fixed (byte* action = signals._saved)
        {
            Check(SigAction(Activation, null, action));
        }
        return signals;
    }

    /// <summary>Puts the handler back: call it after every connect, since one that restarts the engine takes the signal again.</summary>
    internal void Restore()
    {
        fixed (byte* action = _saved)
        {
            Check(SigAction(Activation, action, null));
        }
    }

    private static void Check(int result)
    {
        if (result != 0)
        {
            throw new InvalidOperationException($"sigaction({Activation}) failed with error {Marshal.GetLastPInvokeError()}.");
        }
    }

    [LibraryImport("libc", EntryPoint = "sigaction", SetLastError = true)]
    private static partial int SigAction(int signal, byte* action, byte* old);
}
