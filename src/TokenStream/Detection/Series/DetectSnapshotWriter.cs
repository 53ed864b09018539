using TokenStream.Windowing;

namespace TokenStream.Detection.Series;

/// <summary>
/// Writes a snapshot of a detect processor in slices while it goes on reading: the head, which is everything but the series, as it was when
/// the snapshot was begun, then the series. These change only when a minute is scored; what is not written by then is copied first. So the
/// whole is one moment, and nobody waits for it. Format: docs/detection.md.
/// </summary>
internal sealed class DetectSnapshotWriter
{
    public const byte Version = 1;

    /// <summary>First byte of a chunk that is a piece of the head.</summary>
    public const byte HeadKind = (byte)'H';

    /// <summary>First byte of a chunk of whole series.</summary>
    public const byte SeriesKind = (byte)'S';

    public const byte More = 0;
    public const byte Last = 1;

    private readonly SeriesTable _series;
    private readonly int _chunkBytes;
    private readonly int _high;
    private readonly Action _ended;
    private readonly Queue<byte[]> _copied = new();
    private readonly BlockBuffer _to = new();
    private BlockBuffer? _head;
    private int _headWritten;
    private int _next;

    /// <param name="ended">Told when the last chunk is handed over, or nobody wants it any more.</param>
    public DetectSnapshotWriter(BlockBuffer head, SeriesTable series, int chunkBytes, Action ended)
    {
        (_head, _series, _chunkBytes, _ended) = (head, series, chunkBytes, ended);
        _high = series.High;
    }

    /// <summary>Bytes of the chunks handed over.</summary>
    public long Bytes { get; private set; }

    /// <summary>Chunks handed over.</summary>
    public int Chunks { get; private set; }

    /// <summary>Bytes that wait in copies.</summary>
    public long CopiedBytes => _copied.Sum(chunk => (long)chunk.Length);

    /// <summary>Writes so much more; whether the snapshot is whole.</summary>
    /// <param name="write">Takes a chunk; its bytes are valid only during the call.</param>
    public bool Continue(long bytes, Action<int, ReadOnlySpan<byte>> write)
    {
        for (var begun = Bytes; Bytes - begun < bytes;)
        {
            var isLast = NextChunk();
            write(Chunks++, _to.Written);
            Bytes += _to.Length;
            if (isLast)
            {
                _ended();
                return true;
            }
        }

        return false;
    }

    /// <summary>Copies what is not written yet: it is about to change.</summary>
    public void Freeze()
    {
        while (_next < _high)
        {
            SeriesChunk();
            _copied.Enqueue(_to.Written.ToArray());
        }
    }

    /// <summary>Nobody wants the rest.</summary>
    public void Abandon() => _ended();

    /// <summary>Puts the next chunk into the buffer; whether it is the last one.</summary>
    private bool NextChunk()
    {
        if (_head is { } head)
        {
            Begin(HeadKind);
            var piece = head.Written[_headWritten..];
            piece = piece[..Math.Min(piece.Length, _chunkBytes)];
            _to.Bytes(piece);
            _headWritten += piece.Length;
            _head = _headWritten < head.Length ? head : null;
            return false;
        }

        if (_copied.TryDequeue(out var copied))
        {
            _to.Clear();
            _to.Bytes(copied);
            return false;
        }

        if (_next < _high)
        {
            SeriesChunk();
            return false;
        }

        // A snapshot without this was not written to its end.
        _to.Clear();
        _to.Byte(SeriesKind);
        _to.Byte(Version);
        _to.Byte(Last);
        return true;
    }

    private void SeriesChunk()
    {
        Begin(SeriesKind);
        for (; _next < _high && _to.Length < _chunkBytes; _next++)
        {
            _series.WriteSeries(_next, _to);
        }
    }

    private void Begin(byte kind)
    {
        _to.Clear();
        _to.Byte(kind);
        _to.Byte(Version);
        _to.Byte(More);
    }
}

/// <summary>Reads what <see cref="DetectSnapshotWriter"/> wrote.</summary>
internal static class DetectSnapshotReader
{
    private const int HeaderBytes = 3;

    /// <summary>The head, put together.</summary>
    /// <exception cref="FormatException">The chunks are not a whole snapshot of this version.</exception>
    public static byte[] Head(IReadOnlyList<byte[]> chunks)
    {
        var head = new MemoryStream();
        for (var i = 0; i < chunks.Count; i++)
        {
            var chunk = chunks[i];
            if (chunk.Length < HeaderBytes || chunk[0] is not (DetectSnapshotWriter.HeadKind or DetectSnapshotWriter.SeriesKind) ||
                chunk[1] != DetectSnapshotWriter.Version)
            {
                throw new FormatException($"not a chunk of a detect snapshot of format version {DetectSnapshotWriter.Version}");
            }

            if (chunk[2] != (i == chunks.Count - 1 ? DetectSnapshotWriter.Last : DetectSnapshotWriter.More))
            {
                throw new FormatException("a snapshot without its end");
            }

            if (chunk[0] == DetectSnapshotWriter.HeadKind)
            {
                head.Write(chunk.AsSpan(HeaderBytes));
            }
        }

        return head.ToArray();
    }

    public static void ReadSeries(IReadOnlyList<byte[]> chunks, SeriesTable series)
    {
        foreach (var chunk in chunks.Where(chunk => chunk[0] == DetectSnapshotWriter.SeriesKind))
        {
            var reader = new BlockReader(chunk.AsSpan(HeaderBytes));
            while (!reader.IsAtEnd)
            {
                series.ReadSeries(ref reader);
            }
        }

        series.EndRead();
    }
}
