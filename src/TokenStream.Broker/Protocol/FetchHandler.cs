using TokenStream.Broker.Network;

namespace TokenStream.Broker.Protocol;

/// <summary>
/// Fetch: whole batches from the asked offsets on, as they lie on disk, copied once from the file into the response. With less than the
/// asked minimum it is held back until more is appended or the asked time is over.
/// </summary>
internal sealed class FetchHandler(TopicCatalog topics, BrokerOptions options, MemoryBudget memory, TimeProvider time)
{
    public async ValueTask HandleAsync(RequestContext request)
    {
        FetchRequest fetch = FetchRequest.Read(request.Body(), request.Version);
        try
        {
            // Fetch sessions are not kept: every answer says session 0, and clients go on sending full requests.
            bool unknownSession = fetch.SessionId != 0;
            if (!unknownSession)
            {
                await CollectAsync(fetch, request.Closed).ConfigureAwait(false);
                if (fetch.FoundBytes > 0)
                {
                    await memory.ReserveAsync(fetch.FoundBytes, request.Closed).ConfigureAwait(false);
                    request.ReservedBytes = fetch.FoundBytes;
                }
            }

            Write(request, fetch, unknownSession ? ErrorCode.FetchSessionIdNotFound : ErrorCode.None);
        }
        finally
        {
            fetch.Release();
        }
    }

    private async ValueTask CollectAsync(FetchRequest fetch, CancellationToken closed)
    {
        int limit = Math.Clamp(fetch.MaxBytes, 0, options.MaxFetchBytes);
        int waitMs = Math.Clamp(fetch.MaxWaitMs, 0, options.MaxFetchWaitMs);
        long start = time.GetTimestamp();
        while (true)
        {
            bool failed = fetch.Locate(topics, limit);
            TimeSpan left = TimeSpan.FromMilliseconds(waitMs) - time.GetElapsedTime(start);
            if (failed || fetch.FoundBytes >= Math.Min(fetch.MinBytes, limit) || left <= TimeSpan.Zero || fetch.Partitions.Count == 0)
            {
                return;
            }

            fetch.Release();
            await WaitForMoreAsync(fetch, left, closed).ConfigureAwait(false);
            closed.ThrowIfCancellationRequested();
        }
    }

    /// <summary>Completes when one of the partitions has grown, or after that time.</summary>
    private async Task WaitForMoreAsync(FetchRequest fetch, TimeSpan longest, CancellationToken closed)
    {
        using var done = CancellationTokenSource.CreateLinkedTokenSource(closed);
        var waits = new Task[fetch.Partitions.Count + 1];
        waits[0] = Task.Delay(longest, time, done.Token);
        for (int i = 0; i < fetch.Partitions.Count; i++)
        {
            FetchedPartition partition = fetch.Partitions[i];
            waits[i + 1] = partition.Log!.WaitForAppendAsync(partition.HighWatermark, done.Token);
        }

        await Task.WhenAny(waits).ConfigureAwait(false);
        await done.CancelAsync().ConfigureAwait(false);
    }

    private static void Write(RequestContext request, FetchRequest fetch, ErrorCode error)
    {
        WireWriter to = request.BeginResponse(fetch.FoundBytes);
        to.Int32(0);
        if (request.Version >= 7)
        {
            to.Error(error);
            to.Int32(0);
        }

        to.ArrayLength(error == ErrorCode.None ? fetch.Topics.Count : 0);
        for (int t = 0; t < fetch.Topics.Count && error == ErrorCode.None; t++)
        {
            (string name, int first, int count) = fetch.Topics[t];
            to.String(name);
            to.ArrayLength(count);
            for (int p = first; p < first + count; p++)
            {
                WritePartition(to, request.Version, fetch.Partitions[p]);
            }

            to.Tags();
        }

        to.Tags();
    }

    private static void WritePartition(WireWriter to, short version, FetchedPartition partition)
    {
        to.Int32(partition.Number);
        to.Int16((short)partition.Error);
        to.Int64(partition.HighWatermark);

        // The last stable offset; there are no transactions.
        to.Int64(partition.HighWatermark);
        if (version >= 5)
        {
            to.Int64(partition.Log?.LogStart ?? -1);
        }

        // No aborted transactions, no preferred replica to read from.
        to.ArrayLength(-1);
        if (version >= 11)
        {
            to.Int32(-1);
        }

        partition.Slice.CopyTo(to.ReserveBytes(partition.Slice.Length));
        to.Tags();
    }
}
