using System.Buffers.Binary;
using System.Text;

namespace TokenStream.Chdb.Native;

/// <summary>
/// Walks over bytes that may end early. Each Try method answers false then, and <see cref="Missing"/> says how many more it needs at least.
/// </summary>
internal ref struct NativeCursor(ReadOnlySpan<byte> bytes)
{
    /// <summary>Rows, elements or bytes at once; what is above can only come from broken bytes.</summary>
    private const long MostCount = 1L << 40;

    private readonly ReadOnlySpan<byte> _bytes = bytes;

    /// <summary>How far the walk has come.</summary>
    internal int At { get; private set; }

    /// <summary>Bytes that the last failed step lacks, at least.</summary>
    internal long Missing { get; private set; }

    internal readonly ReadOnlySpan<byte> Passed => _bytes[..At];

    internal bool TrySkip(long count, int width = 1)
    {
        if (count < 0 || count > MostCount)
        {
            throw new NativeFormatException($"The engine's Native answer holds an impossible count: {count}.");
        }
        count *= width;
        if (count > _bytes.Length - At)
        {
            Missing = count - (_bytes.Length - At);
            return false;
        }
        At += (int)count;
        return true;
    }

    /// <summary>Reads a length or count as LEB128, up to 63 bits.</summary>
    internal bool TryVarint(out long value)
    {
        value = 0;
        for (var shift = 0; shift < 63; shift += 7)
        {
            if (!TrySkip(1))
            {
                return false;
            }
            var part = _bytes[At - 1];
            value |= (long)(part & 0x7F) << shift;
            if (part < 0x80)
            {
                return true;
            }
        }
        throw new NativeFormatException("The engine's Native answer holds a length of more than nine bytes.");
    }

    internal bool TryInt64(out long value)
    {
        value = 0;
        if (!TrySkip(8))
        {
            return false;
        }
        value = BinaryPrimitives.ReadInt64LittleEndian(_bytes[(At - 8)..]);
        return true;
    }

    internal bool TryText(out string text)
    {
        text = "";
        if (!TryVarint(out var length) || !TrySkip(length))
        {
            return false;
        }
        text = Encoding.UTF8.GetString(_bytes.Slice(At - (int)length, (int)length));
        return true;
    }

    internal bool TrySkipTexts(long count)
    {
        for (var done = 0L; done < count; done++)
        {
            if (!TryVarint(out var length) || !TrySkip(length))
            {
                return false;
            }
        }
        return true;
    }
}
