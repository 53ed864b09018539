using System.Buffers.Binary;

namespace TokenStream.Broker.Log;

/// <summary>
/// The file beside a segment: its index, and what the partition knew of producers, as of <see cref="LogLength"/> bytes of the segment. It
/// is written only after those bytes were flushed to disk, so a start trusts them unread; whatever lies beyond is read and checked. It may
/// be missing, torn or old at any time: it is covered by a checksum, and the segment is then read whole.
/// </summary>
internal sealed record SegmentIndexFile(
    long BaseOffset, long LogLength, long NextOffset, long MaxTimestamp, long FirstAppendMs, OffsetIndex.Entry[] Entries, byte[] Producers)
{
    private const uint Magic = 0x3158_5354; // "TSX1"
    private const int HeadSize = 4 + (8 * 5) + 4 + 4, EntrySize = 16;

    public void Write(string path)
    {
        int size = HeadSize + (Entries.Length * EntrySize) + Producers.Length + sizeof(uint);
        byte[] image = new byte[size];
        BinaryPrimitives.WriteUInt32LittleEndian(image, Magic);
        BinaryPrimitives.WriteInt64LittleEndian(image.AsSpan(4), BaseOffset);
        BinaryPrimitives.WriteInt64LittleEndian(image.AsSpan(12), LogLength);
        BinaryPrimitives.WriteInt64LittleEndian(image.AsSpan(20), NextOffset);
        BinaryPrimitives.WriteInt64LittleEndian(image.AsSpan(28), MaxTimestamp);
        BinaryPrimitives.WriteInt64LittleEndian(image.AsSpan(36), FirstAppendMs);
        BinaryPrimitives.WriteInt32LittleEndian(image.AsSpan(44), Entries.Length);
        BinaryPrimitives.WriteInt32LittleEndian(image.AsSpan(48), Producers.Length);
        Span<byte> into = image.AsSpan(HeadSize);
        foreach (OffsetIndex.Entry entry in Entries)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(into, entry.RelativeOffset);
            BinaryPrimitives.WriteUInt32LittleEndian(into[4..], entry.Position);
            BinaryPrimitives.WriteInt64LittleEndian(into[8..], entry.MaxTimestampBefore);
            into = into[EntrySize..];
        }

        Producers.CopyTo(into);
        BinaryPrimitives.WriteUInt32LittleEndian(into[Producers.Length..], Crc32C.Compute(image.AsSpan(0, size - sizeof(uint))));

        // Not flushed: a torn file is found by its checksum, and costs a reading of the segment only.
        string temporary = path + ".tmp";
        File.WriteAllBytes(temporary, image);
        File.Move(temporary, path, overwrite: true);
    }

    /// <returns>Null where the file is absent, torn, or not this segment's.</returns>
    public static SegmentIndexFile? Read(string path, long baseOffset)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        byte[] image = File.ReadAllBytes(path);
        if (image.Length < HeadSize + sizeof(uint)
            || BinaryPrimitives.ReadUInt32LittleEndian(image) != Magic
            || BinaryPrimitives.ReadUInt32LittleEndian(image.AsSpan(image.Length - sizeof(uint))) != Crc32C.Compute(
                image.AsSpan(0, image.Length - sizeof(uint)))
            || BinaryPrimitives.ReadInt64LittleEndian(image.AsSpan(4)) != baseOffset)
        {
            return null;
        }

        var entries = new OffsetIndex.Entry[BinaryPrimitives.ReadInt32LittleEndian(image.AsSpan(44))];
        ReadOnlySpan<byte> from = image.AsSpan(HeadSize);
        for (int i = 0; i < entries.Length; i++)
        {
            entries[i] = new OffsetIndex.Entry(
                BinaryPrimitives.ReadUInt32LittleEndian(from),
                BinaryPrimitives.ReadUInt32LittleEndian(from[4..]),
                BinaryPrimitives.ReadInt64LittleEndian(from[8..]));
            from = from[EntrySize..];
        }

        return new SegmentIndexFile(
            baseOffset,
            BinaryPrimitives.ReadInt64LittleEndian(image.AsSpan(12)),
            BinaryPrimitives.ReadInt64LittleEndian(image.AsSpan(20)),
            BinaryPrimitives.ReadInt64LittleEndian(image.AsSpan(28)),
            BinaryPrimitives.ReadInt64LittleEndian(image.AsSpan(36)),
            entries,
            from[..BinaryPrimitives.ReadInt32LittleEndian(image.AsSpan(48))].ToArray());
    }
}
