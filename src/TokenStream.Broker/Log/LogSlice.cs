namespace TokenStream.Broker.Log;

/// <summary>Whole batches found by <see cref="PartitionLog.TryLocate"/>: a stretch of one segment file, not read yet. It keeps the file
/// open: dispose it once, after the last <see cref="CopyTo"/>. Not for use by two threads at a time. The default value is empty.</summary>
public readonly struct LogSlice : IDisposable
{
    private readonly OpenFiles? _files;
    private readonly SegmentFile? _file;
    private readonly long _position;

    internal LogSlice(OpenFiles files, SegmentFile file, long position, int length)
    {
        _files = files;
        _file = file;
        _position = position;
        Length = length;
    }

    /// <summary>Bytes of the batches; 0 where nothing lies at the asked offset yet.</summary>
    public int Length { get; }

    /// <summary>Reads the batches straight into <paramref name="destination"/>, which has at least <see cref="Length"/> bytes.</summary>
    /// <exception cref="IOException">The disk could not give them.</exception>
    public void CopyTo(Span<byte> destination)
    {
        if (_file is null)
        {
            return;
        }

        int read = HeaderWindow.ReadFully(_file.Handle!, destination[..Length], _position);
        if (read != Length)
        {
            throw new IOException($"{_file.Path} ended at byte {_position + read}, within records it should hold.");
        }
    }

    public void Dispose()
    {
        if (_file is not null)
        {
            _files!.Release(_file);
        }
    }
}
