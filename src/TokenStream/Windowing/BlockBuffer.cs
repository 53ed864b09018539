using System.Buffers.Binary;
using System.Text;

namespace TokenStream.Windowing;

/// <summary>
/// A growing buffer of varints: unsigned ones in groups of seven bits, lowest first (LEB128); signed ones zigzag-coded into them.
/// </summary>
internal sealed class BlockBuffer
{
    private byte[] _bytes = new byte[4096];

    public int Length { get; private set; }

    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, Length);

    public void Clear() => Length = 0;

    public void Byte(byte value)
    {
        Reserve(1);
        _bytes[Length++] = value;
    }

    public void Unsigned(UInt128 value)
    {
        Reserve(19);
        while (value >= 0x80)
        {
            _bytes[Length++] = (byte)((byte)(value & 0x7F) | 0x80);
            value >>= 7;
        }

        _bytes[Length++] = (byte)value;
    }

    public void Signed(Int128 value)
    {
        var narrow = unchecked((long)value);
        if (narrow != value)
        {
            Unsigned(unchecked((UInt128)((value << 1) ^ (value >> 127))));
            return;
        }

        // Nearly every number fits 64 bits, where a shift is one instruction: a ledger's snapshot is written in a fraction of the time.
        var zigzag = unchecked((ulong)((narrow << 1) ^ (narrow >> 63)));
        Reserve(10);
        while (zigzag >= 0x80)
        {
            _bytes[Length++] = unchecked((byte)(zigzag | 0x80));
            zigzag >>= 7;
        }

        _bytes[Length++] = (byte)zigzag;
    }

    /// <summary>The bits of a double, eight bytes, lowest first: what is read back is the same, whatever it is.</summary>
    public void Double(double value)
    {
        Reserve(sizeof(double));
        BinaryPrimitives.WriteDoubleLittleEndian(_bytes.AsSpan(Length), value);
        Length += sizeof(double);
    }

    public void Bytes(ReadOnlySpan<byte> bytes)
    {
        Reserve(bytes.Length);
        bytes.CopyTo(_bytes.AsSpan(Length));
        Length += bytes.Length;
    }

    public void Text(ReadOnlySpan<byte> utf8)
    {
        Unsigned((UInt128)utf8.Length);
        Bytes(utf8);
    }

    public void Text(string text) => Text(Encoding.UTF8.GetBytes(text));

    /// <summary>A bit mask of the fields that are not zero, and their values.</summary>
    public void Fields(ReadOnlySpan<Int128> fields)
    {
        var mask = 0ul;
        for (var i = 0; i < fields.Length; i++)
        {
            mask |= fields[i] != 0 ? 1ul << i : 0;
        }

        Unsigned(mask);
        foreach (var field in fields)
        {
            if (field != 0)
            {
                Signed(field);
            }
        }
    }

    private void Reserve(int bytes)
    {
        if (Length + bytes > _bytes.Length)
        {
            Array.Resize(ref _bytes, Math.Max(Length + bytes, _bytes.Length * 2));
        }
    }
}

/// <summary>Reads what <see cref="BlockBuffer"/> wrote.</summary>
/// <remarks>Every method throws <see cref="FormatException"/> where the bytes end early or a number is too large.</remarks>
internal ref struct BlockReader(ReadOnlySpan<byte> bytes)
{
    private ReadOnlySpan<byte> _rest = bytes;

    public readonly bool IsAtEnd => _rest.IsEmpty;

    public byte Byte()
    {
        if (_rest.IsEmpty)
        {
            throw new FormatException("the record ends early");
        }

        var value = _rest[0];
        _rest = _rest[1..];
        return value;
    }

    public UInt128 Unsigned()
    {
        UInt128 value = 0;
        for (var shift = 0; shift < 128; shift += 7)
        {
            var next = Byte();
            if (shift == 126 && next > 3)
            {
                break;
            }

            value |= (UInt128)(next & 0x7Fu) << shift;
            if (next < 0x80)
            {
                return value;
            }
        }

        throw new FormatException("a number is longer than 128 bits");
    }

    public Int128 Signed()
    {
        var value = Unsigned();
        return unchecked((Int128)(value >> 1) ^ -(Int128)(value & 1));
    }

    public long Long()
    {
        var value = Signed();
        return value >= long.MinValue && value <= long.MaxValue ? (long)value : throw new FormatException("a number does not fit 64 bits");
    }

    public double Double() => BinaryPrimitives.ReadDoubleLittleEndian(Bytes(sizeof(double)));

    /// <summary>So many bytes as they are.</summary>
    public ReadOnlySpan<byte> Bytes(int length)
    {
        if (length > _rest.Length)
        {
            throw new FormatException("the record ends early");
        }

        var bytes = _rest[..length];
        _rest = _rest[length..];
        return bytes;
    }

    public void Fields(scoped Span<Int128> fields)
    {
        var mask = Unsigned();
        if (mask >> fields.Length != 0)
        {
            throw new FormatException("a measure that this format version does not have");
        }

        for (var i = 0; i < fields.Length; i++)
        {
            fields[i] = (mask >> i & 1) != 0 ? Signed() : 0;
        }
    }

    /// <summary>A count of things that take at least one byte each, so that a damaged count cannot ask for memory.</summary>
    public int Count()
    {
        var value = Unsigned();
        return value <= (UInt128)_rest.Length ? (int)value : throw new FormatException("a count is larger than the record");
    }

    public string Text() => Encoding.UTF8.GetString(TextBytes());

    public ReadOnlySpan<byte> TextBytes()
    {
        var length = Count();
        var text = _rest[..length];
        _rest = _rest[length..];
        return text;
    }
}
