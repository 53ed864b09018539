using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace TokenStream.Broker.Groups;

/// <summary>
/// The bytes of one committed offset, in the layout Kafka itself uses on its topic of that name, so that tools that know it can read it.
/// Key: version 1 (int16), group, topic (int16 length, UTF-8), partition (int32). Value: version 3 (int16), offset (int64), leader epoch
/// (int32), metadata (int16 length, UTF-8), commit time in epoch ms (int64). Big-endian. No value is a tombstone.
/// </summary>
internal static class OffsetRecord
{
    private const short KeyVersion = 1;
    private const short ValueVersion = 3;

    public static byte[] Key(string group, OffsetKey key)
    {
        int groupBytes = Encoding.UTF8.GetByteCount(group);
        int topicBytes = Encoding.UTF8.GetByteCount(key.Topic);
        byte[] bytes = new byte[2 + 2 + groupBytes + 2 + topicBytes + 4];
        BinaryPrimitives.WriteInt16BigEndian(bytes, KeyVersion);
        int at = WriteText(bytes, 2, group, groupBytes);
        at = WriteText(bytes, at, key.Topic, topicBytes);
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(at), key.Partition);
        return bytes;
    }

    public static byte[] Value(in CommittedOffset offset)
    {
        int textBytes = Encoding.UTF8.GetByteCount(offset.Metadata);
        byte[] bytes = new byte[2 + 8 + 4 + 2 + textBytes + 8];
        BinaryPrimitives.WriteInt16BigEndian(bytes, ValueVersion);
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(2), offset.Offset);
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(10), offset.LeaderEpoch);
        int at = WriteText(bytes, 14, offset.Metadata, textBytes);
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(at), offset.CommittedAtMs);
        return bytes;
    }

    /// <summary>False for keys of another kind or layout, which are skipped.</summary>
    public static bool TryReadKey(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out string? group, out OffsetKey key)
    {
        group = null;
        key = default;
        if (!TryTake(ref bytes, 2, out ReadOnlySpan<byte> version) || BinaryPrimitives.ReadInt16BigEndian(version) is not (0 or KeyVersion)
            || !TryReadText(ref bytes, out string? name) || !TryReadText(ref bytes, out string? topic)
            || !TryTake(ref bytes, 4, out ReadOnlySpan<byte> partition))
        {
            return false;
        }

        group = name;
        key = new OffsetKey(topic, BinaryPrimitives.ReadInt32BigEndian(partition));
        return true;
    }

    /// <summary>False for values of another layout, which are skipped.</summary>
    public static bool TryReadValue(ReadOnlySpan<byte> bytes, out CommittedOffset offset)
    {
        offset = default;
        if (!TryTake(ref bytes, 14, out ReadOnlySpan<byte> head) || BinaryPrimitives.ReadInt16BigEndian(head) != ValueVersion
            || !TryReadText(ref bytes, out string? metadata) || !TryTake(ref bytes, 8, out ReadOnlySpan<byte> time))
        {
            return false;
        }

        offset = new CommittedOffset(
            BinaryPrimitives.ReadInt64BigEndian(head[2..]), BinaryPrimitives.ReadInt32BigEndian(head[10..]), metadata,
            BinaryPrimitives.ReadInt64BigEndian(time));
        return true;
    }

    private static int WriteText(Span<byte> into, int at, string text, int length)
    {
        BinaryPrimitives.WriteInt16BigEndian(into[at..], checked((short)length));
        Encoding.UTF8.GetBytes(text, into[(at + 2)..]);
        return at + 2 + length;
    }

    private static bool TryReadText(ref ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out string? text)
    {
        text = null;
        if (!TryTake(ref bytes, 2, out ReadOnlySpan<byte> prefix))
        {
            return false;
        }

        short length = BinaryPrimitives.ReadInt16BigEndian(prefix);
        if (length < 0 || !TryTake(ref bytes, length, out ReadOnlySpan<byte> content))
        {
            return false;
        }

        text = Encoding.UTF8.GetString(content);
        return true;
    }

    private static bool TryTake(ref ReadOnlySpan<byte> bytes, int count, out ReadOnlySpan<byte> taken)
    {
        taken = default;
        if (bytes.Length < count)
        {
            return false;
        }

        taken = bytes[..count];
        bytes = bytes[count..];
        return true;
    }
}
