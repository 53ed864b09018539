using Microsoft.Win32.SafeHandles;

namespace TokenStream.Broker.Log;

/// <summary>
/// Opens segment files when they are used and closes the longest unused beyond a bound. Shared by all partitions of a store.
/// </summary>
/// <param name="maxIdle">Most files kept open that nobody uses; files in use come on top.</param>
internal sealed class OpenFiles(int maxIdle)
{
    private readonly Lock _gate = new();
    private readonly LinkedList<SegmentFile> _idle = new();

    /// <summary>Takes the file into use; each success needs one <see cref="Release"/>.</summary>
    /// <returns>False for a file that was retired: the caller's list of segments is out of date.</returns>
    /// <exception cref="IOException">The file cannot be opened.</exception>
    public bool TryAcquire(SegmentFile file)
    {
        lock (_gate)
        {
            if (file.IsRetired)
            {
                return false;
            }

            if (file.IdleNode is { } node)
            {
                _idle.Remove(node);
                file.IdleNode = null;
            }

            file.Handle ??= File.OpenHandle(file.Path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
            file.Users++;
            return true;
        }
    }

    public void Release(SegmentFile file)
    {
        SafeFileHandle? close = null;
        lock (_gate)
        {
            if (--file.Users > 0)
            {
                return;
            }

            if (file.IsRetired)
            {
                close = Detach(file);
            }
            else
            {
                file.IdleNode = _idle.AddFirst(file);
                if (_idle.Count > maxIdle)
                {
                    SegmentFile oldest = _idle.Last!.Value;
                    _idle.RemoveLast();
                    oldest.IdleNode = null;
                    close = Detach(oldest);
                }
            }
        }

        close?.Dispose();
    }

    /// <summary>
    /// Ends new uses; the file closes when the last present one is released, so readers finish even after it was deleted.
    /// </summary>
    public void Retire(SegmentFile file)
    {
        SafeFileHandle? close = null;
        lock (_gate)
        {
            file.IsRetired = true;
            if (file.IdleNode is { } node)
            {
                _idle.Remove(node);
                file.IdleNode = null;
            }

            if (file.Users == 0)
            {
                close = Detach(file);
            }
        }

        close?.Dispose();
    }

    private static SafeFileHandle? Detach(SegmentFile file)
    {
        SafeFileHandle? handle = file.Handle;
        file.Handle = null;
        return handle;
    }
}

/// <summary>
/// One segment's file; its members belong to <see cref="OpenFiles"/>. A user may read <see cref="Handle"/> between acquire and release.
/// </summary>
internal sealed class SegmentFile(string path)
{
    public string Path { get; } = path;

    public SafeFileHandle? Handle { get; set; }

    public int Users { get; set; }

    public bool IsRetired { get; set; }

    public LinkedListNode<SegmentFile>? IdleNode { get; set; }
}
