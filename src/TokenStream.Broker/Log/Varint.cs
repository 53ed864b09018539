namespace TokenStream.Broker.Log;

/// <summary>Zigzag variable-length integers as records have them.</summary>
internal static class Varint
{
    public const int MaxLongBytes = 10;

    /// <returns>False where the bytes end early or the number does not end within ten bytes.</returns>
    public static bool TryRead(ReadOnlySpan<byte> source, scoped ref int position, out long value)
    {
        ulong raw = 0;
        for (int shift = 0; shift < 70 && (uint)position < (uint)source.Length; shift += 7)
        {
            byte b = source[position++];
            raw |= unchecked((ulong)(b & 0x7f) << shift);
            if (b < 0x80)
            {
                value = unchecked((long)(raw >> 1) ^ -(long)(raw & 1));
                return true;
            }
        }

        value = 0;
        return false;
    }

    /// <returns>Bytes written, at most <see cref="MaxLongBytes"/>.</returns>
    public static int Write(Span<byte> destination, long value)
    {
        ulong raw = unchecked((ulong)(value << 1) ^ (ulong)(value >> 63));
        int length = 0;
        while (raw >= 0x80)
        {
            destination[length++] = unchecked((byte)(raw | 0x80));
            raw >>= 7;
        }

        destination[length++] = (byte)raw;
        return length;
    }

    public static int SizeOf(long value)
    {
        ulong raw = unchecked((ulong)(value << 1) ^ (ulong)(value >> 63));
        int length = 1;
        while (raw >= 0x80)
        {
            raw >>= 7;
            length++;
        }

        return length;
    }
}
