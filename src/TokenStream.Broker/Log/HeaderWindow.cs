using System.Buffers;
using Microsoft.Win32.SafeHandles;

namespace TokenStream.Broker.Log;

/// <summary>Reads batch headers of a segment file by position, through one small buffer.</summary>
internal ref struct HeaderWindow
{
    private const int WindowBytes = 16 << 10;

    private readonly SafeFileHandle _handle;
    private readonly long _limit;
    private byte[]? _buffer;
    private long _start;
    private int _length;

    /// <param name="handle">The segment's file.</param>
    /// <param name="limit">Bytes of it that are batches; nothing beyond is read.</param>
    public HeaderWindow(SafeFileHandle handle, long limit)
    {
        _handle = handle;
        _limit = limit;
        _buffer = ArrayPool<byte>.Shared.Rent(WindowBytes);
    }

    /// <summary>The batch header at the position; only its header is there. Valid until the next call.</summary>
    /// <returns>False where fewer than a header's bytes lie before the limit, or the header is none.</returns>
    public bool TryHeader(long position, long expectedOffset, out RecordBatch header)
    {
        header = default;
        if (position + RecordBatch.HeaderSize > _limit)
        {
            return false;
        }

        if (position < _start || position + RecordBatch.HeaderSize > _start + _length)
        {
            _start = position;
            _length = ReadFully(_handle, _buffer.AsSpan(0, (int)Math.Min(WindowBytes, _limit - position)), position);
            if (_length < RecordBatch.HeaderSize)
            {
                return false;
            }
        }

        header = new RecordBatch(_buffer.AsSpan((int)(position - _start), RecordBatch.HeaderSize));
        return header.IsPlausible(expectedOffset) && position + header.Size <= _limit;
    }

    /// <summary>Reads until the span is full or the file ends.</summary>
    public static int ReadFully(SafeFileHandle handle, Span<byte> into, long position)
    {
        int total = 0;
        while (total < into.Length)
        {
            int read = RandomAccess.Read(handle, into[total..], position + total);
            if (read == 0)
            {
                break;
            }

            total += read;
        }

        return total;
    }

    public void Dispose()
    {
        if (_buffer is not null)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = null;
        }
    }
}
