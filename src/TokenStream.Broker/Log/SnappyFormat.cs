using System.Buffers.Binary;

namespace TokenStream.Broker.Log;

/// <summary>Snappy, reading only (github.com/google/snappy, format_description.txt): a bare block, as librdkafka sends it, or the Java
/// library's stream of blocks, each behind its 4-byte big-endian size.</summary>
internal static class SnappyFormat
{
    private const int StreamHeaderSize = 16;

    private static ReadOnlySpan<byte> StreamMagic => [0x82, (byte)'S', (byte)'N', (byte)'A', (byte)'P', (byte)'P', (byte)'Y', 0];

    public static DecodeOutcome Decode(ReadOnlySpan<byte> records, DecodedBuffer output)
    {
        if (!records.StartsWith(StreamMagic))
        {
            return DecodeBlock(records, output);
        }

        if (records.Length < StreamHeaderSize)
        {
            return DecodeOutcome.Corrupt;
        }

        ReadOnlySpan<byte> rest = records[StreamHeaderSize..];
        while (!rest.IsEmpty)
        {
            if (rest.Length < sizeof(int) ||
                BinaryPrimitives.ReadInt32BigEndian(rest) is var size && (size < 0 || size > rest.Length - sizeof(int)))
            {
                return DecodeOutcome.Corrupt;
            }

            DecodeOutcome outcome = DecodeBlock(rest.Slice(sizeof(int), size), output);
            if (outcome != DecodeOutcome.Decoded)
            {
                return outcome;
            }

            rest = rest[(sizeof(int) + size)..];
        }

        return DecodeOutcome.Decoded;
    }

    private static DecodeOutcome DecodeBlock(ReadOnlySpan<byte> block, DecodedBuffer output)
    {
        int at = 0;
        if (!TryUncompressedLength(block, ref at, out uint length))
        {
            return DecodeOutcome.Corrupt;
        }

        int blockStart = output.Length;
        while (at < block.Length)
        {
            int tag = block[at++];
            bool legal;
            bool done = (tag & 3) == 0
                ? TryLiteral(block, ref at, tag, output, out legal)
                : TryCopy(block, ref at, tag, output, blockStart, out legal);
            if (!done)
            {
                return legal ? DecodeOutcome.Unreadable : DecodeOutcome.Corrupt;
            }
        }

        return output.Length - blockStart == length ? DecodeOutcome.Decoded : DecodeOutcome.Corrupt;
    }

    private static bool TryUncompressedLength(ReadOnlySpan<byte> block, ref int at, out uint length)
    {
        ulong value = 0;
        for (int shift = 0; shift < 35 && at < block.Length; shift += 7)
        {
            byte b = block[at++];
            value |= (ulong)(b & 0x7f) << shift;
            if (b < 0x80)
            {
                length = unchecked((uint)value);
                return value <= uint.MaxValue;
            }
        }

        length = 0;
        return false;
    }

    private static bool TryLiteral(ReadOnlySpan<byte> block, ref int at, int tag, DecodedBuffer output, out bool legal)
    {
        legal = false;
        long length = (tag >> 2) + 1L;
        int extra = (tag >> 2) - 59;
        if (extra > 0)
        {
            if (block.Length - at < extra)
            {
                return false;
            }

            length = 1;
            for (int i = 0; i < extra; i++)
            {
                length += (long)block[at++] << (8 * i);
            }
        }

        if (length > block.Length - at)
        {
            return false;
        }

        legal = true;
        if (!output.TryReserve((int)length, out Span<byte> room))
        {
            return false;
        }

        block.Slice(at, (int)length).CopyTo(room);
        output.Advance((int)length);
        at += (int)length;
        return true;
    }

    private static bool TryCopy(ReadOnlySpan<byte> block, ref int at, int tag, DecodedBuffer output, int blockStart, out bool legal)
    {
        legal = false;
        int kind = tag & 3;
        int bytes = kind switch { 1 => 1, 2 => 2, _ => 4 };
        if (block.Length - at < bytes)
        {
            return false;
        }

        long distance = kind switch
        {
            1 => ((tag >> 5) << 8) | block[at],
            2 => BinaryPrimitives.ReadUInt16LittleEndian(block[at..]),
            _ => BinaryPrimitives.ReadUInt32LittleEndian(block[at..]),
        };
        at += bytes;
        int length = kind == 1 ? ((tag >> 2) & 7) + 4 : (tag >> 2) + 1;
        return distance <= output.Length - blockStart && output.TryRepeat((int)distance, length, out legal);
    }
}
