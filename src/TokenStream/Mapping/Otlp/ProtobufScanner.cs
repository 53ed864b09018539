using System.Buffers.Binary;

namespace TokenStream.Mapping.Otlp;

/// <summary>The wire types of protobuf that are in use; groups were never part of OTLP.</summary>
internal enum WireType
{
    Varint = 0,
    Fixed64 = 1,
    Bytes = 2,
    Fixed32 = 5,
}

/// <summary>
/// Reads the fields of one protobuf message, without copying. A method that returns false sets <see cref="HasFailed"/> where the bytes are
/// no message; the scanner is not used further then. Offsets are those of the whole payload.
/// </summary>
internal ref struct ProtobufScanner(ReadOnlySpan<byte> payload, int start, int end)
{
    private const int MostVarintBits = 70;

    private readonly ReadOnlySpan<byte> _payload = payload;

    /// <summary>Byte offset of what is read next.</summary>
    public int At = start;

    public bool HasFailed;

    /// <summary>Reads a field's number and wire type; false at the end.</summary>
    public bool TryField(out int field, out WireType type)
    {
        (field, type) = (0, default);
        if (HasFailed || At >= end || !TryVarint(out var tag))
        {
            return false;
        }

        // A field number has at most 29 bits, and is never 0.
        type = (WireType)(tag & 7);
        if (tag > uint.MaxValue || tag < 8 || type is not (WireType.Varint or WireType.Fixed64 or WireType.Bytes or WireType.Fixed32))
        {
            return Fail();
        }

        field = (int)(tag >> 3);
        return true;
    }

    /// <summary>Goes to the next field of bytes, over those of other types; false at the end.</summary>
    public bool TryBytesField(out int field, out int start, out int length)
    {
        (start, length) = (0, 0);
        while (TryField(out field, out var type))
        {
            if (type == WireType.Bytes)
            {
                return TryBytes(out start, out length);
            }

            if (!TrySkip(type))
            {
                return false;
            }
        }

        return false;
    }

    public bool TryVarint(out ulong value)
    {
        value = 0;
        for (var shift = 0; shift < MostVarintBits; shift += 7)
        {
            if (At >= end)
            {
                return Fail();
            }

            var next = _payload[At++];
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
            {
                return true;
            }
        }

        return Fail();
    }

    public bool TryFixed64(out ulong value)
    {
        value = 0;
        if (end - At < sizeof(ulong))
        {
            return Fail();
        }

        value = BinaryPrimitives.ReadUInt64LittleEndian(_payload[At..]);
        At += sizeof(ulong);
        return true;
    }

    /// <summary>Reads bytes, a text or a message: where they begin, and how many.</summary>
    public bool TryBytes(out int start, out int length)
    {
        (start, length) = (0, 0);
        if (!TryVarint(out var told) || told > (ulong)(end - At))
        {
            return Fail();
        }

        (start, length) = (At, (int)told);
        At += length;
        return true;
    }

    public bool TrySkip(WireType type)
    {
        switch (type)
        {
            case WireType.Varint:
                return TryVarint(out _);
            case WireType.Fixed64:
                return TryFixed64(out _);
            case WireType.Bytes:
                return TryBytes(out _, out _);
            default:
                At += sizeof(uint);
                return At <= end || Fail();
        }
    }

    private bool Fail()
    {
        HasFailed = true;
        return false;
    }
}
