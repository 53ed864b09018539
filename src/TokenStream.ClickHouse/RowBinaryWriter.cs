using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace TokenStream.ClickHouse;

/// <summary>
/// Builds rows in ClickHouse's RowBinary format: values one after the other in the columns' order, little-endian, without types or
/// separators. The bytes lie in pooled segments that are kept until <see cref="Dispose"/>, so that a block can be sent again. Not
/// thread-safe.
/// </summary>
public sealed class RowBinaryWriter : IDisposable
{
    private const int SegmentSize = 1 << 18;
    private const int LongestVarUInt = 10;

    private readonly List<(byte[] Bytes, int Length)> _full = [];
    private byte[] _bytes = ArrayPool<byte>.Shared.Rent(SegmentSize);
    private int _used;
    private long _fullLength;

    /// <summary>Bytes written.</summary>
    public long Length => _fullLength + _used;

    public void WriteByte(byte value) => Next(1)[0] = value;

    public void WriteUInt16(ushort value) => BinaryPrimitives.WriteUInt16LittleEndian(Next(sizeof(ushort)), value);

    public void WriteUInt32(uint value) => BinaryPrimitives.WriteUInt32LittleEndian(Next(sizeof(uint)), value);

    public void WriteUInt64(ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(Next(sizeof(ulong)), value);

    public void WriteInt64(long value) => BinaryPrimitives.WriteInt64LittleEndian(Next(sizeof(long)), value);

    public void WriteFloat64(double value) => BinaryPrimitives.WriteDoubleLittleEndian(Next(sizeof(double)), value);

    /// <summary>An Int128, or a Decimal of up to 38 digits as the integer of its smallest unit: a Decimal(38, 12) in picodollars.</summary>
    public void WriteInt128(Int128 value) => BinaryPrimitives.WriteInt128LittleEndian(Next(16), value);

    /// <summary>
    /// A DateTime: whole seconds since the Unix epoch. Throws where the time is not a whole second between 1970 and 2106.
    /// </summary>
    public void WriteDateTime(long unixMs)
    {
        if (unixMs < 0 || unixMs > uint.MaxValue * 1000L || unixMs % 1000 != 0)
        {
            throw new ArgumentOutOfRangeException(nameof(unixMs), unixMs, "A DateTime holds whole seconds between 1970 and 2106.");
        }

        WriteUInt32((uint)(unixMs / 1000));
    }

    /// <summary>A length, or the number of elements in front of an array or map.</summary>
    public void WriteVarUInt(ulong value)
    {
        var span = Reserve(LongestVarUInt);
        var length = 0;
        for (; value >= 0x80; value >>= 7)
        {
            span[length++] = (byte)((value & 0x7F) | 0x80);
        }

        span[length++] = (byte)value;
        _used += length;
    }

    /// <summary>A String, also inside of LowCardinality; UTF-8.</summary>
    public void WriteString(string value)
    {
        var length = Encoding.UTF8.GetByteCount(value);
        WriteVarUInt((ulong)length);
        Encoding.UTF8.GetBytes(value, Next(length));
    }

    /// <summary>A String from its bytes.</summary>
    public void WriteString(ReadOnlySpan<byte> value)
    {
        WriteVarUInt((ulong)value.Length);
        value.CopyTo(Next(value.Length));
    }

    /// <summary>The bytes of another writer, behind its own.</summary>
    public void Append(RowBinaryWriter other)
    {
        foreach (var (bytes, length) in other._full)
        {
            bytes.AsSpan(0, length).CopyTo(Next(length));
        }

        other._bytes.AsSpan(0, other._used).CopyTo(Next(other._used));
    }

    /// <summary>Writes all bytes to a stream, in order; may be repeated.</summary>
    public async Task CopyToAsync(Stream target, CancellationToken cancellation)
    {
        foreach (var (bytes, length) in _full)
        {
            await target.WriteAsync(bytes.AsMemory(0, length), cancellation).ConfigureAwait(false);
        }

        await target.WriteAsync(_bytes.AsMemory(0, _used), cancellation).ConfigureAwait(false);
    }

    public void Dispose()
    {
        foreach (var (bytes, _) in _full)
        {
            ArrayPool<byte>.Shared.Return(bytes);
        }

        _full.Clear();
        ArrayPool<byte>.Shared.Return(_bytes);
        _bytes = [];
        _used = 0;
        _fullLength = 0;
    }

    private Span<byte> Next(int length)
    {
        var span = Reserve(length)[..length];
        _used += length;
        return span;
    }

    /// <summary>At least so many free bytes in one piece; a segment without room is closed as it is.</summary>
    private Span<byte> Reserve(int length)
    {
        if (_bytes.Length - _used < length)
        {
            _full.Add((_bytes, _used));
            _fullLength += _used;
            _bytes = ArrayPool<byte>.Shared.Rent(Math.Max(SegmentSize, length));
            _used = 0;
        }

        return _bytes.AsSpan(_used);
    }
}
