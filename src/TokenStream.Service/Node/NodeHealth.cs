using TokenStream.Runtime;

namespace TokenStream.Service.Node;

/// <summary>What a node says of itself: each part is well, or says why not.</summary>
internal sealed class NodeHealth
{
    private readonly List<(string Name, Func<string?> Check)> _checks = [];
    private readonly Lock _lock = new();
    private readonly TaskCompletionSource<Exception> _failed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Ends when a worker ended before it was asked to.</summary>
    public Task<Exception> Failed => _failed.Task;

    /// <summary>Adds a part; the check returns null where all is well, else a reason.</summary>
    public void Add(string name, Func<string?> check)
    {
        lock (_lock)
        {
            _checks.Add((name, check));
        }
    }

    public void Watch(StreamWorker worker, Task running)
    {
        Add($"worker {worker.Name}", () => worker.Failure is { } failure ? $"it ended: {failure.Message}" : null);
        _ = running.ContinueWith(
            _ =>
            {
                if (worker.Failure is { } failure)
                {
                    _failed.TrySetResult(failure);
                }
            },
            TaskScheduler.Default);
    }

    /// <summary>Every part with its reason, null where it is well.</summary>
    public IReadOnlyList<(string Name, string? Reason)> Read()
    {
        lock (_lock)
        {
            return [.. _checks.Select(c => (c.Name, c.Check()))];
        }
    }
}
