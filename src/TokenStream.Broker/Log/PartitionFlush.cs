using Microsoft.Extensions.Logging;

namespace TokenStream.Broker.Log;

/// <summary>
/// Brings one partition's segments to disk, in order, and then writes the index files that say so. A failed flush is final: the system may
/// have dropped the pages it could not write, so a later success would prove nothing. Appends are refused from then on until a restart
/// reads the files.
/// </summary>
internal sealed class PartitionFlush(PartitionLog log, LogStoreOptions options, OpenFiles files, ILogger logger)
{
    /// <summary>
    /// The active segment's index file is written anew when it has grown by this much, which bounds what a start reads of it.
    /// </summary>
    private const long ActiveIndexBytes = 16 << 20;

    private readonly Lock _gate = new();
    private readonly Lock _groupGate = new();
    private Task? _group;
    private long _durableEnd = -1;
    private int _directoryChanged;
    private string? _failure;

    public void NoteDirectoryChanged() => Volatile.Write(ref _directoryChanged, 1);

    public ValueTask WhenDurableAsync(long endOffset)
        => !options.FlushOnAppend || Volatile.Read(ref _durableEnd) >= endOffset
            ? ValueTask.CompletedTask
            : new ValueTask(WaitAsync(endOffset));

    /// <exception cref="IOException">The disk refused, now or before.</exception>
    public void Run(bool closing)
    {
        lock (_gate)
        {
            if (_failure is not null)
            {
                throw new IOException(_failure);
            }

            long end = log.HighWatermark;
            bool directoryChanged = Interlocked.Exchange(ref _directoryChanged, 0) != 0;
            if ((end == _durableEnd && !directoryChanged && !closing) || log.IsDeleted)
            {
                return;
            }

            try
            {
                Flush(closing, directoryChanged);
                Volatile.Write(ref _durableEnd, end);
            }
            catch (Exception e) when (e is (IOException or UnauthorizedAccessException) && !log.IsDeleted)
            {
                _failure = $"{log.Directory} could not be flushed to disk ({e.Message}); restart to read back what the disk holds.";
                log.RefuseAppends(_failure);
                logger.FlushFailed(log.Directory, e.Message);
                throw new IOException(_failure, e);
            }
        }
    }

    private void Flush(bool closing, bool directoryChanged)
    {
        if (directoryChanged)
        {
            DurableFile.FlushDirectory(log.Directory);
        }

        Segment[] segments = log.Segments;
        for (int i = 0; i < segments.Length; i++)
        {
            Segment segment = segments[i];
            bool isActive = i == segments.Length - 1;
            long length = segment.Length;
            bool index = segment.DamagedFrom == long.MaxValue
                && (isActive ? closing || length - segment.IndexedLength >= ActiveIndexBytes : segment.IndexedLength < length);
            if (length == segment.FlushedLength && !index)
            {
                continue;
            }

            // Taken before the flush, so that it speaks of no byte that the flush may miss.
            SegmentIndexFile? image = !index ? null
                : isActive ? log.CaptureActive()
                : segment.Capture(segment.SealedProducers ?? ProducerTable.NoProducers);
            if (FlushFile(segment, length) && image is not null && image.BaseOffset == segment.BaseOffset)
            {
                image.Write(segment.IndexPath);
                segment.IndexedLength = image.LogLength;
                segment.SealedProducers = isActive ? segment.SealedProducers : null;
            }
        }
    }

    /// <returns>False for a segment that was deleted meanwhile.</returns>
    private bool FlushFile(Segment segment, long length)
    {
        if (!files.TryAcquire(segment.File))
        {
            return false;
        }

        try
        {
            RandomAccess.FlushToDisk(segment.File.Handle!);
            segment.FlushedLength = length;
            return true;
        }
        finally
        {
            files.Release(segment.File);
        }
    }

    /// <summary>All who wait while a flush runs share the next one.</summary>
    private async Task WaitAsync(long endOffset)
    {
        while (Volatile.Read(ref _durableEnd) < endOffset)
        {
            Task group;
            lock (_groupGate)
            {
                if (_group is null || _group.IsCompleted)
                {
                    _group = Task.Run(() => Run(closing: false));
                }

                group = _group;
            }

            await group.ConfigureAwait(false);
        }
    }
}
