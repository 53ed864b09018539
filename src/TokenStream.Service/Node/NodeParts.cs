using Microsoft.Extensions.Logging;
using TokenStream.Mapping.Sources;
using TokenStream.Runtime;
using TokenStream.Service.Options;

namespace TokenStream.Service.Node;

/// <summary>
/// What the parts of a node share, and how they end: in the opposite of the order in which they started, after all were told to stop.
/// </summary>
internal sealed class NodeParts : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Stack<Func<ValueTask>> _ends = new();

    public NodeParts(NodeOptions options, TimeProvider clock, ILoggerFactory loggers)
    {
        (Options, Clock, Loggers) = (options, clock, loggers);
        Logger = loggers.CreateLogger("TokenStream.Node");
        AtEnd(_stop);
        AtEnd(Metrics);
    }

    public NodeOptions Options { get; }

    public TimeProvider Clock { get; }

    public ILoggerFactory Loggers { get; }

    public ILogger Logger { get; }

    public StreamMetrics Metrics { get; } = new();

    public NodeHealth Health { get; } = new();

    /// <summary>What sources send, counted by whoever takes it in.</summary>
    public SourceCounters Sources { get; } = new($"{Environment.MachineName}-{Guid.NewGuid():N}"[..^24]);

    /// <summary>Says that the node stops.</summary>
    public CancellationToken Stopping => _stop.Token;

    public void AtEnd(Func<ValueTask> end) => _ends.Push(end);

    public void AtEnd(IDisposable part) => _ends.Push(() =>
    {
        part.Dispose();
        return ValueTask.CompletedTask;
    });

    /// <summary>Runs a worker until the node stops, and then disposes of it and of what it writes to.</summary>
    public void Run(StreamWorker worker, params IDisposable[] sinks)
    {
        // A thread of its own: polling waits, and decoding should not share a thread with anything.
        var running = Task.Factory.StartNew(
            () => worker.RunAsync(Stopping), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).Unwrap();
        Health.Watch(worker, running);
        AtEnd(async () =>
        {
            await running;
            worker.Dispose();
            foreach (var sink in sinks)
            {
                sink.Dispose();
            }
        });
    }

    /// <summary>Why a stage is not well; null where it is.</summary>
    public static string? Condition(IEnumerable<(TopicPartition Partition, string Reason)> stopped, bool hasPartitions)
    {
        var first = stopped.FirstOrDefault();
        if (first.Reason is not null)
        {
            return $"{first.Partition}: {first.Reason}";
        }

        return hasPartitions ? null : "waits for its partitions from the consumer group";
    }

    public async ValueTask DisposeAsync()
    {
        if (_ends.Count == 0)
        {
            return;
        }

        await _stop.CancelAsync();
        while (_ends.TryPop(out var end))
        {
            await end();
        }
    }
}
