using System.Collections.Concurrent;

namespace TokenStream.Chdb.Engine;

/// <summary>
/// A thread that does nothing but call the engine. Calls block for long, and each thread that ever called gets its alternate signal stack
/// replaced by the engine's smaller one: so few threads, of their own, never the pool's.
/// </summary>
internal sealed class ChdbThread : IDisposable
{
    private readonly BlockingCollection<Action> _work = [];
    private readonly Thread _thread;

    internal ChdbThread(string name)
    {
        _thread = new Thread(Run) { Name = name, IsBackground = true };
        _thread.Start();
    }

    /// <summary>Runs the work on this thread, after whatever was given before; its exception is the task's.</summary>
    internal Task<T> RunAsync<T>(Func<T> work)
    {
        var completion = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        _work.Add(() =>
        {
            try
            {
                completion.SetResult(work());
            }
            catch (Exception exception)
            {
                completion.SetException(exception);
            }
        });
        return completion.Task;
    }

    /// <summary>Lets the thread finish what it was given, and end.</summary>
    public void Dispose()
    {
        _work.CompleteAdding();
        _thread.Join();
        _work.Dispose();
    }

    private void Run()
    {
        foreach (var work in _work.GetConsumingEnumerable())
        {
            work();
        }
    }
}
