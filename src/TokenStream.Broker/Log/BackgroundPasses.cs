using Microsoft.Extensions.Logging;

namespace TokenStream.Broker.Log;

/// <summary>The store's timers: flush, retention, compaction. Each runs at most once at a time; a failure of one partition is logged and
/// does not keep the pass from the others.</summary>
internal sealed class BackgroundPasses : IAsyncDisposable
{
    private readonly LogStore _store;
    private readonly LogStoreOptions _options;
    private readonly OpenFiles _files;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly ITimer[] _timers;
    private volatile bool _isStopping;

    public BackgroundPasses(LogStore store, LogStoreOptions options, OpenFiles files, TimeProvider time, ILogger logger)
    {
        _store = store;
        _options = options;
        _files = files;
        _time = time;
        _logger = logger;
        _timers =
        [
            Every(options.FlushIntervalMs, Flush),
            Every(options.RetentionIntervalMs, Retain),
            Every(options.CompactionIntervalMs, () => Compact(force: false)),
        ];
    }

    public void Flush() => OverAll("flush", partition =>
    {
        if (!partition.IsRefusing)
        {
            partition.Flush();
        }
    });

    public void Retain()
    {
        long now = NowMs();
        OverAll("retention", partition =>
        {
            partition.ExpireProducers(now - _options.ProducerExpirationMs);
            RetentionPass.Run(partition, now, _logger);
        });
    }

    public void Compact(bool force)
    {
        long now = NowMs();
        OverAll("compaction", partition => new CompactionPass(partition, _files, _options, _logger, now).Run(force));
    }

    public async ValueTask DisposeAsync()
    {
        _isStopping = true;
        foreach (ITimer timer in _timers)
        {
            await timer.DisposeAsync().ConfigureAwait(false);
        }
    }

    private long NowMs() => _time.GetUtcNow().ToUnixTimeMilliseconds();

    private ITimer Every(int milliseconds, Action pass)
    {
        var running = new Lock();
        var period = TimeSpan.FromMilliseconds(milliseconds);
        void Tick(object? state)
        {
            // A pass that takes longer than its period is not started twice; the next tick finds what this one left.
            if (running.TryEnter())
            {
                try
                {
                    pass();
                }
                finally
                {
                    running.Exit();
                }
            }
        }

        return _time.CreateTimer(Tick, null, period, period);
    }

    private void OverAll(string pass, Action<PartitionLog> onPartition)
    {
        foreach (Topic topic in _store.Topics)
        {
            foreach (PartitionLog partition in topic.Partitions)
            {
                if (_isStopping)
                {
                    return;
                }

                try
                {
                    onPartition(partition);
                }
                catch (InvalidDataException e)
                {
                    _logger.CompactionFailed(partition.Directory, e.Message);
                }
                catch (Exception e) when (e is IOException or UnauthorizedAccessException)
                {
                    // A partition deleted under the pass has no directory any more; that is no failure.
                    if (Directory.Exists(partition.Directory))
                    {
                        _logger.PassFailed(pass, partition.Directory, e.Message);
                    }
                }
            }
        }
    }
}
