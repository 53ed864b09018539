using System.Buffers.Binary;

namespace TokenStream.Chdb.Codecs;

/// <summary>
/// Decodes one LZ4 block. Format: lz4_Block_format.md of the LZ4 project: a token of two 4-bit lengths, literals, a 2-byte offset
/// backwards, a match of at least 4 bytes; the last sequence has literals only.
/// </summary>
internal static class Lz4Block
{
    private const int ShortestMatch = 4;

    /// <summary>Decodes into a window, from <paramref name="start"/> on; matches may reach back to the window's beginning.</summary>
    /// <returns>Where the decoded bytes end.</returns>
    /// <exception cref="InvalidDataException">The block is broken or larger than the room for it.</exception>
    internal static int Decode(ReadOnlySpan<byte> block, Span<byte> window, int start)
    {
        var at = 0;
        var end = start;
        while (true)
        {
            if (at == block.Length)
            {
                throw Broken();
            }
            var token = block[at++];
            var literals = Length(token >> 4, block, ref at);
            if (literals > block.Length - at || literals > window.Length - end)
            {
                throw Broken();
            }
            block.Slice(at, literals).CopyTo(window[end..]);
            at += literals;
            end += literals;
            if (at == block.Length)
            {
                return end;
            }
            if (block.Length - at < 2)
            {
                throw Broken();
            }
            var offset = BinaryPrimitives.ReadUInt16LittleEndian(block[at..]);
            at += 2;
            var match = Length(token & 0x0F, block, ref at) + ShortestMatch;
            if (offset == 0 || offset > end || match > window.Length - end)
            {
                throw Broken();
            }
            Repeat(window, end, offset, match);
            end += match;
        }
    }

    /// <summary>A length of 15 goes on in bytes that add up, as long as they are 255.</summary>
    private static int Length(int length, ReadOnlySpan<byte> block, ref int at)
    {
        if (length < 15)
        {
            return length;
        }
        byte more;
        do
        {
            if (at == block.Length)
            {
                throw Broken();
            }
            more = block[at++];
            length += more;
        }
        while (more == 255);
        return length;
    }

    /// <summary>Copies a match, which may overlap what it writes: then it repeats the last <paramref name="offset"/> bytes.</summary>
    private static void Repeat(Span<byte> window, int end, int offset, int length)
    {
        var from = end - offset;
        while (length > 0)
        {
            // What lies between source and target is there to copy, and it doubles with each turn.
            var part = Math.Min(end - from, length);
            window.Slice(from, part).CopyTo(window[end..]);
            end += part;
            length -= part;
        }
    }

    private static InvalidDataException Broken() => new("The LZ4 block is broken.");
}
