namespace TokenStream.Chdb.Http;

/// <summary>What each block of a format begins with, of which an answer needs the first only.</summary>
internal enum BlockHead
{
    None,
    Line,
    TwoLines,

    /// <summary>A line in which quoted texts may hold line breaks.</summary>
    QuotedLine,
    TwoQuotedLines,

    /// <summary>A count, and that many names, each with its length.</summary>
    BinaryNames,

    /// <summary>The same with as many types behind.</summary>
    BinaryNamesAndTypes,
}

/// <summary>Measures heads.</summary>
internal static class BlockHeads
{
    /// <summary>Bytes of the head that a block begins with.</summary>
    internal static int Length(BlockHead head, ReadOnlySpan<byte> block) => head switch
    {
        BlockHead.Line => Lines(block, 1, quotes: false),
        BlockHead.TwoLines => Lines(block, 2, quotes: false),
        BlockHead.QuotedLine => Lines(block, 1, quotes: true),
        BlockHead.TwoQuotedLines => Lines(block, 2, quotes: true),
        BlockHead.BinaryNames => Texts(block, perColumn: 1),
        BlockHead.BinaryNamesAndTypes => Texts(block, perColumn: 2),
        _ => 0,
    };

    private static int Lines(ReadOnlySpan<byte> block, int lines, bool quotes)
    {
        var inQuotes = false;
        for (var at = 0; at < block.Length; at++)
        {
            if (quotes && block[at] == (byte)'"')
            {
                inQuotes = !inQuotes;
            }
            else if (block[at] == (byte)'\n' && !inQuotes && --lines == 0)
            {
                return at + 1;
            }
        }
        return block.Length;
    }

    private static int Texts(ReadOnlySpan<byte> block, int perColumn)
    {
        var at = 0;
        var texts = VarInt(block, ref at) * perColumn;
        for (var text = 0; text < texts; text++)
        {
            var length = VarInt(block, ref at);
            at += length;
        }
        return at;
    }

    /// <summary>ClickHouse's variable-length integer: seven bits a byte, the lowest first.</summary>
    internal static int VarInt(ReadOnlySpan<byte> block, ref int at)
    {
        var value = 0;
        for (var shift = 0; shift < 35; shift += 7)
        {
            var part = block[at++];
            value |= (part & 0x7f) << shift;
            if (part < 0x80)
            {
                break;
            }
        }
        return value;
    }
}
