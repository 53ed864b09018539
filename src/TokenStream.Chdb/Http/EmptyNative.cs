using System.Buffers;

namespace TokenStream.Chdb.Http;

/// <summary>
/// The Native answer of a statement without rows. The engine gives no bytes at all, and clients then know no columns; ClickHouse's server
/// gives a block of no rows, made here from the head of RowBinaryWithNamesAndTypes.
/// </summary>
internal static class EmptyNative
{
    internal static byte[] Block(ReadOnlySpan<byte> namesAndTypes)
    {
        var at = 0;
        var columns = BlockHeads.VarInt(namesAndTypes, ref at);
        var texts = new (int Start, int End)[columns * 2];
        for (var text = 0; text < texts.Length; text++)
        {
            var start = at;
            var length = BlockHeads.VarInt(namesAndTypes, ref at);
            at += length;
            texts[text] = (start, at);
        }
        var block = new ArrayBufferWriter<byte>();
        block.Write(namesAndTypes[..(columns == 0 ? 1 : texts[0].Start)]);
        block.Write("\0"u8);
        for (var column = 0; column < columns; column++)
        {
            block.Write(namesAndTypes[texts[column].Start..texts[column].End]);
            block.Write(namesAndTypes[texts[columns + column].Start..texts[columns + column].End]);
        }
        return block.WrittenSpan.ToArray();
    }
}
