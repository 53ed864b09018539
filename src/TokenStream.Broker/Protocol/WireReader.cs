using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace TokenStream.Broker.Protocol;

/// <summary>
/// Reads the protocol's primitive types from one request, big-endian. Every length and count is checked against the bytes that are left
/// before anything is allocated, so a request cannot ask for more memory than a small multiple of its own size.
/// </summary>
/// <param name="bytes">The request without its length prefix.</param>
/// <param name="at">Where to begin.</param>
/// <param name="flexible">Lengths are varints of length + 1 and structures end with tagged fields.</param>
internal ref struct WireReader(ReadOnlySpan<byte> bytes, int at, bool flexible)
{
    private readonly ReadOnlySpan<byte> _bytes = bytes;

    /// <summary>Index of the next byte in the request.</summary>
    public int Position { get; private set; } = at;

    public bool Flexible { get; } = flexible;

    public readonly int Remaining => _bytes.Length - Position;

    public byte UInt8() => Take(1)[0];

    public sbyte Int8() => unchecked((sbyte)Take(1)[0]);

    public bool Bool() => Take(1)[0] != 0;

    public short Int16() => BinaryPrimitives.ReadInt16BigEndian(Take(2));

    public int Int32() => BinaryPrimitives.ReadInt32BigEndian(Take(4));

    public long Int64() => BinaryPrimitives.ReadInt64BigEndian(Take(8));

    public Guid Uuid() => new(Take(16), bigEndian: true);

    public uint UVarint()
    {
        uint value = 0;
        for (int shift = 0; shift < 35; shift += 7)
        {
            byte next = Take(1)[0];
            if (shift == 28 && next > 0x0F)
            {
                throw new MalformedRequestException("A varint does not fit 32 bits.");
            }

            value |= (uint)(next & 0x7F) << shift;
            if ((next & 0x80) == 0)
            {
                return value;
            }
        }

        throw new MalformedRequestException("A varint has more than 5 bytes.");
    }

    public string String() => NullableString() ?? throw new MalformedRequestException("A string that must be there is null.");

    public string? NullableString()
    {
        int length = Flexible ? CompactLength() : Int16();
        return length < 0 ? NullLength<string>(length) : Encoding.UTF8.GetString(Take(length));
    }

    /// <summary>The string of a request header, which stays in the old form in flexible versions too.</summary>
    public string? HeaderString()
    {
        int length = Int16();
        return length < 0 ? NullLength<string>(length) : Encoding.UTF8.GetString(Take(length));
    }

    /// <summary>Length-prefixed bytes, empty for null.</summary>
    public ReadOnlySpan<byte> Bytes()
    {
        int length = Flexible ? CompactLength() : Int32();
        if (length < 0)
        {
            _ = NullLength<string>(length);
            return default;
        }

        return Take(length);
    }

    /// <summary>Where length-prefixed bytes lie in the request; they are skipped. Null counts as empty.</summary>
    public Range BytesRange()
    {
        int length = Bytes().Length;
        return (Position - length)..Position;
    }

    /// <summary>Number of elements that follow, -1 for a null array.</summary>
    /// <param name="leastBytes">Bytes that one element has at least; more elements than the request can hold are refused here.</param>
    public int ArrayLength(int leastBytes)
    {
        int count = Flexible ? CompactLength() : Int32();
        if (count < -1 || (long)count * leastBytes > Remaining)
        {
            throw new MalformedRequestException($"An array claims {count} elements where {Remaining} bytes are left.");
        }

        return count;
    }

    /// <summary>Number of elements that follow; a null array counts as none.</summary>
    public int Count(int leastBytes) => Math.Max(0, ArrayLength(leastBytes));

    public int[] Int32Array()
    {
        var values = new int[Count(4)];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = Int32();
        }

        return values;
    }

    /// <summary>Skips the tagged fields that end a structure of a flexible version; nothing otherwise.</summary>
    public void Tags()
    {
        if (!Flexible)
        {
            return;
        }

        uint count = UVarint();
        if (count > Remaining / 2)
        {
            throw new MalformedRequestException($"A structure claims {count} tagged fields where {Remaining} bytes are left.");
        }

        for (uint i = 0; i < count; i++)
        {
            _ = UVarint();
            uint size = UVarint();
            if (size > Remaining)
            {
                throw new MalformedRequestException($"A tagged field claims {size} bytes where {Remaining} are left.");
            }

            Position += (int)size;
        }
    }

    private int CompactLength()
    {
        uint raw = UVarint();
        return raw > int.MaxValue ? throw new MalformedRequestException($"A length of {raw} is beyond any request.") : (int)raw - 1;
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count > Remaining)
        {
            throw new MalformedRequestException($"A field needs {count} bytes where {Remaining} are left.");
        }

        ReadOnlySpan<byte> taken = _bytes.Slice(Position, count);
        Position += count;
        return taken;
    }

    [SuppressMessage("Performance", "CA1822:Mark members as static", Justification = "Reads as the other members.")]
    private readonly T? NullLength<T>(int length)
        where T : class
        => length == -1 ? null : throw new MalformedRequestException($"A length is {length}.");
}
