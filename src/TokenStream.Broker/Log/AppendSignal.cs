namespace TokenStream.Broker.Log;

/// <summary>Wakes those who wait for a partition's next append; one completion for all of them.</summary>
internal sealed class AppendSignal
{
    private TaskCompletionSource? _next;

    /// <summary>Called after the high watermark moved, and after the partition closed.</summary>
    public void Raise()
    {
        // A waiter publishes its signal and then looks at the high watermark; here it is the other way round, so neither may be reordered.
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref _next) is not null)
        {
            Interlocked.Exchange(ref _next, null)?.TrySetResult();
        }
    }

    public async Task WaitAsync(PartitionLog log, long offset, CancellationToken cancel)
    {
        while (log.HighWatermark <= offset)
        {
            TaskCompletionSource? next = Volatile.Read(ref _next);
            if (next is null)
            {
                var created = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                next = Interlocked.CompareExchange(ref _next, created, null) ?? created;
            }

            // An append between the look above and the signal's publication would not complete it.
            if (log.HighWatermark > offset || log.IsClosed)
            {
                return;
            }

            await next.Task.WaitAsync(cancel).ConfigureAwait(false);
        }
    }
}
