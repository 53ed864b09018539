using System.Buffers;
using Microsoft.Win32.SafeHandles;

namespace TokenStream.Broker.Log;

/// <summary>Reads a segment file batch by batch, whole and checked; for starts and compaction.</summary>
internal sealed class SegmentScan(SafeFileHandle handle, long start, long end, long expectedOffset) : IDisposable
{
    private const int ChunkBytes = 1 << 20;

    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(ChunkBytes);
    private long _bufferStart = start;
    private int _buffered;
    private int _size;

    /// <summary>Position of the current batch; after the walk, of the first byte that is no sound batch, or the end.</summary>
    public long Position { get; private set; } = start;

    /// <summary>Why the walk ended before the end; null while it did not.</summary>
    public string? Fault { get; private set; }

    /// <summary>The current batch, valid until the next move.</summary>
    public Span<byte> Bytes => _buffer.AsSpan((int)(Position - _bufferStart), _size);

    public RecordBatch Batch => new(Bytes);

    /// <summary>Goes to the next batch.</summary>
    /// <returns>False at the end and at the first fault; <see cref="Position"/> then tells where.</returns>
    public bool MoveNext()
    {
        Position += _size;
        _size = 0;
        if (Fault is not null || Position >= end)
        {
            return false;
        }

        if (!TryFill(RecordBatch.HeaderSize))
        {
            return Fail("a batch ends within its header");
        }

        var header = new RecordBatch(_buffer.AsSpan((int)(Position - _bufferStart), RecordBatch.HeaderSize));
        if (!header.IsPlausible(expectedOffset))
        {
            return Fail("there is no batch header");
        }

        long size = header.Size;
        if (size > int.MaxValue || !TryFill((int)size))
        {
            return Fail("a batch is longer than what is left");
        }

        _size = (int)size;
        if (!Batch.IsIntact)
        {
            _size = 0;
            return Fail("a batch's checksum does not match");
        }

        expectedOffset = Batch.NextOffset;
        return true;
    }

    /// <summary>Whether a sound batch follows a place where one was not: then more than a torn tail is wrong.</summary>
    public bool SoundBatchFollows()
    {
        if (!TryFill(RecordBatch.HeaderSize))
        {
            return false;
        }

        var header = new RecordBatch(_buffer.AsSpan((int)(Position - _bufferStart), RecordBatch.HeaderSize));
        if (!header.IsPlausible(expectedOffset) || Position + header.Size >= end)
        {
            return false;
        }

        using var rest = new SegmentScan(handle, Position + header.Size, end, expectedOffset);
        return rest.MoveNext();
    }

    public void Dispose()
    {
        if (_buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = [];
        }
    }

    private bool Fail(string fault)
    {
        Fault = fault;
        return false;
    }

    /// <summary>Makes that many bytes from the position on lie in the buffer.</summary>
    private bool TryFill(int count)
    {
        if (count > end - Position)
        {
            return false;
        }

        if (Position >= _bufferStart && Position + count <= _bufferStart + _buffered)
        {
            return true;
        }

        if (count > _buffer.Length)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = ArrayPool<byte>.Shared.Rent(count);
        }

        _bufferStart = Position;
        _buffered = HeaderWindow.ReadFully(handle, _buffer.AsSpan(0, (int)Math.Min(_buffer.Length, end - Position)), Position);
        return _buffered >= count;
    }
}
