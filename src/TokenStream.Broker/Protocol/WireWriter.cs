using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace TokenStream.Broker.Protocol;

/// <summary>
/// Builds one response in a pooled buffer, big-endian, its length prefix included. One a connection, used again for each response; a buffer
/// that grew above <see cref="KeptBytes"/> goes back to the pool in between. Not for use by two threads at a time.
/// </summary>
internal sealed class WireWriter : IDisposable
{
    /// <summary>Largest buffer that an idle connection keeps.</summary>
    public const int KeptBytes = 16 * 1024;

    /// <summary>Largest response, fetched batches aside: a small request may ask for the same large description many times.</summary>
    public const int MaxBytes = 16 * 1024 * 1024;

    private const int MaxMessage = 1_000;

    private byte[] _buffer = [];
    private int _limit;
    private int _length;

    /// <summary>Lengths are written as varints of length + 1 and structures end with tagged fields.</summary>
    public bool Flexible { get; private set; }

    public int Length => _length;

    /// <summary>Begins a response, with room for its length prefix.</summary>
    /// <param name="batchBytes">Bytes of fetched batches that may come on top of <see cref="MaxBytes"/>.</param>
    public void Begin(bool flexible, int batchBytes = 0)
    {
        _limit = (int)Math.Min(Array.MaxLength, (long)MaxBytes + batchBytes);
        if (_buffer.Length == 0)
        {
            _buffer = ArrayPool<byte>.Shared.Rent(1024);
        }

        Flexible = flexible;
        _length = 4;
    }

    /// <summary>
    /// Ends the response: its bytes with the length in front, valid until the next <see cref="Begin"/> or <see cref="Release"/>.
    /// </summary>
    public ReadOnlyMemory<byte> End()
    {
        BinaryPrimitives.WriteInt32BigEndian(_buffer, _length - 4);
        return _buffer.AsMemory(0, _length);
    }

    /// <summary>Gives a large buffer back after its response is sent.</summary>
    public void Release()
    {
        _length = 0;
        if (_buffer.Length > KeptBytes)
        {
            Dispose();
        }
    }

    public void Dispose()
    {
        byte[] buffer = _buffer;
        _buffer = [];
        if (buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    public void Int8(sbyte value) => Reserve(1)[0] = unchecked((byte)value);

    public void Bool(bool value) => Reserve(1)[0] = value ? (byte)1 : (byte)0;

    public void Int16(short value) => BinaryPrimitives.WriteInt16BigEndian(Reserve(2), value);

    public void Int32(int value) => BinaryPrimitives.WriteInt32BigEndian(Reserve(4), value);

    public void Int64(long value) => BinaryPrimitives.WriteInt64BigEndian(Reserve(8), value);

    public void Error(ErrorCode value) => Int16((short)value);

    public void Uuid(Guid value) => value.TryWriteBytes(Reserve(16), bigEndian: true, out _);

    public void UVarint(uint value)
    {
        while (value >= 0x80)
        {
            Reserve(1)[0] = (byte)((value & 0x7F) | 0x80);
            value >>= 7;
        }

        Reserve(1)[0] = (byte)value;
    }

    public void String(string? value)
    {
        if (value is null)
        {
            NullLength(2);
            return;
        }

        int length = Encoding.UTF8.GetByteCount(value);
        if (Flexible)
        {
            UVarint((uint)length + 1);
        }
        else if (length <= short.MaxValue)
        {
            Int16((short)length);
        }
        else
        {
            // Bytes that are no UTF-8 grow when they are read as text, so a name can come back longer than it may be.
            throw new MalformedRequestException($"it named something of {length} bytes, where {short.MaxValue} can be answered");
        }

        Encoding.UTF8.GetBytes(value, Reserve(length));
    }

    /// <summary>A sentence for the client's log, cut where it quotes a name of absurd length.</summary>
    public void Message(string? value) => String(value?.Length > MaxMessage ? value[..MaxMessage] : value);

    public void Bytes(ReadOnlySpan<byte> value) => value.CopyTo(ReserveBytes(value.Length));

    /// <summary>Writes a length prefix and gives the room for that many bytes, to be filled before the next call.</summary>
    public Span<byte> ReserveBytes(int length)
    {
        if (Flexible)
        {
            UVarint((uint)length + 1);
        }
        else
        {
            Int32(length);
        }

        return Reserve(length);
    }

    /// <summary>Number of elements that follow; -1 writes a null array.</summary>
    public void ArrayLength(int count)
    {
        if (Flexible)
        {
            UVarint((uint)(count + 1));
        }
        else
        {
            Int32(count);
        }
    }

    public void Int32Array(ReadOnlySpan<int> values)
    {
        ArrayLength(values.Length);
        foreach (int value in values)
        {
            Int32(value);
        }
    }

    /// <summary>Ends a structure of a flexible version with no tagged fields; nothing otherwise.</summary>
    public void Tags()
    {
        if (Flexible)
        {
            Reserve(1)[0] = 0;
        }
    }

    private void NullLength(int oldSize)
    {
        if (Flexible)
        {
            UVarint(0);
        }
        else
        {
            Reserve(oldSize).Fill(0xFF);
        }
    }

    private Span<byte> Reserve(int count)
    {
        int needed = _length + count;
        if (needed > _buffer.Length)
        {
            if (needed > _limit)
            {
                throw new MalformedRequestException($"The answer would have more than {_limit} bytes; ask for less at a time.");
            }

            Grow(needed);
        }

        Span<byte> room = _buffer.AsSpan(_length, count);
        _length = needed;
        return room;
    }

    private void Grow(int needed)
    {
        byte[] larger = ArrayPool<byte>.Shared.Rent((int)Math.Max(needed, Math.Min(_limit, _buffer.Length * 2L)));
        _buffer.AsSpan(0, _length).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = larger;
    }
}
