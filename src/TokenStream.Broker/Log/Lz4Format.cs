using System.Buffers.Binary;

namespace TokenStream.Broker.Log;

/// <summary>LZ4's frame and block formats, reading only (github.com/lz4/lz4, doc/lz4_Frame_format.md, lz4_Block_format.md). The batch's own
/// CRC-32C covers the bytes, so the frame's xxHash checksums are passed over.</summary>
internal static class Lz4Format
{
    private const uint Magic = 0x184D2204;
    private const uint StoredBit = 0x8000_0000;
    private const int LeastMatch = 4;

    public static DecodeOutcome Decode(ReadOnlySpan<byte> frame, DecodedBuffer output)
    {
        if (frame.Length < 7 || BinaryPrimitives.ReadUInt32LittleEndian(frame) != Magic)
        {
            return DecodeOutcome.Corrupt;
        }

        int flags = frame[4];
        bool blockChecksums = (flags & 0x10) != 0, contentSize = (flags & 0x08) != 0, dictionary = (flags & 0x01) != 0;
        if (flags >> 6 != 1 || dictionary)
        {
            return DecodeOutcome.Unreadable;
        }

        int at = 4 + 2 + (contentSize ? 8 : 0) + 1;
        while (frame.Length - at >= sizeof(uint))
        {
            uint word = BinaryPrimitives.ReadUInt32LittleEndian(frame[at..]);
            at += sizeof(uint);
            if (word == 0)
            {
                return DecodeOutcome.Decoded;
            }

            uint size = word & ~StoredBit;
            if (size > frame.Length - at)
            {
                return DecodeOutcome.Corrupt;
            }

            ReadOnlySpan<byte> block = frame.Slice(at, (int)size);
            DecodeOutcome outcome = (word & StoredBit) != 0 ? Copy(block, output) : DecodeBlock(block, output);
            if (outcome != DecodeOutcome.Decoded)
            {
                return outcome;
            }

            at += (int)size + (blockChecksums ? sizeof(uint) : 0);
        }

        return DecodeOutcome.Corrupt;
    }

    private static DecodeOutcome DecodeBlock(ReadOnlySpan<byte> block, DecodedBuffer output)
    {
        int at = 0;
        while (at < block.Length)
        {
            int token = block[at++];
            if (!TryLength(block, ref at, token >> 4, out int literals) || literals > block.Length - at)
            {
                return DecodeOutcome.Corrupt;
            }

            if (Copy(block.Slice(at, literals), output) is not DecodeOutcome.Decoded and var outcome)
            {
                return outcome;
            }

            at += literals;
            if (at == block.Length)
            {
                return DecodeOutcome.Decoded; // The last sequence has literals only.
            }

            if (block.Length - at < 2)
            {
                return DecodeOutcome.Corrupt;
            }

            int distance = BinaryPrimitives.ReadUInt16LittleEndian(block[at..]);
            at += 2;
            if (!TryLength(block, ref at, token & 0xf, out int match))
            {
                return DecodeOutcome.Corrupt;
            }

            if (!output.TryRepeat(distance, match + LeastMatch, out bool isLegal))
            {
                return isLegal ? DecodeOutcome.Unreadable : DecodeOutcome.Corrupt;
            }
        }

        return DecodeOutcome.Corrupt;
    }

    /// <summary>A nibble of 15 goes on in further bytes, until one below 255.</summary>
    private static bool TryLength(ReadOnlySpan<byte> block, ref int at, int nibble, out int length)
    {
        length = nibble;
        if (nibble < 15)
        {
            return true;
        }

        while (at < block.Length && length < BatchCodec.MaxDecodedBytes * 2)
        {
            int more = block[at++];
            length += more;
            if (more < 255)
            {
                return true;
            }
        }

        return false;
    }

    private static DecodeOutcome Copy(ReadOnlySpan<byte> bytes, DecodedBuffer output)
    {
        if (!output.TryReserve(bytes.Length, out Span<byte> room))
        {
            return DecodeOutcome.Unreadable;
        }

        bytes.CopyTo(room);
        output.Advance(bytes.Length);
        return DecodeOutcome.Decoded;
    }
}
