using System.Buffers;
using System.Text;

namespace TokenStream.Chdb.Native;

/// <summary>
/// Rewrites the engine's Native answer for clients that speak a newer revision of it. The engine writes revision 0: for each block the
/// counts of columns and rows, then name, type and values of each column. From <see cref="FirstProtocolVersion"/> on a client expects block
/// information before that, and behind each type a byte that says whether the values are serialized in a special way. To know where a
/// column ends, its values are walked over by type.
/// </summary>
internal sealed class NativeRevision
{
    /// <summary>
    /// The first <c>client_protocol_version</c> that expects both (ClickHouse's DBMS_MIN_REVISION_WITH_CUSTOM_SERIALIZATION).
    /// </summary>
    internal const int FirstProtocolVersion = 54454;

    /// <summary>Bytes of one column of one block, held until it is complete; the engine's blocks have at most some 65,000 rows.</summary>
    internal const int MostColumnBytes = 256 << 20;

    /// <summary>Field 1: is_overflows = 0; field 2: bucket_num = -1; field 0: the end.</summary>
    private static readonly byte[] BlockInformation = [1, 0, 2, 0xFF, 0xFF, 0xFF, 0xFF, 0];

    private readonly Dictionary<string, NativeType> _types = new(StringComparer.Ordinal);
    private byte[] _held = [];
    private int _start;
    private int _end;
    private long _wanted;
    private long _columnsLeft;
    private long _rows;

    /// <summary>Whether an answer must be rewritten.</summary>
    internal static bool IsWanted(int clientProtocolVersion, string format) =>
        clientProtocolVersion >= FirstProtocolVersion && format.Equals("Native", StringComparison.OrdinalIgnoreCase);

    /// <summary>
    /// A block without rows, in the newer revision: what a client that asks for columns needs where the engine's answer is empty.
    /// </summary>
    internal static byte[] EmptyBlock(IReadOnlyList<(string Name, string Type)> columns)
    {
        var block = new ArrayBufferWriter<byte>();
        block.Write(BlockInformation);
        WriteVarint(block, columns.Count);
        WriteVarint(block, 0);
        foreach (var (name, type) in columns)
        {
            WriteText(block, name);
            WriteText(block, type);
            block.Write<byte>([0]);
        }
        return block.WrittenSpan.ToArray();
    }

    /// <summary>Takes the next bytes of the answer, cut anywhere, and writes what is complete.</summary>
    /// <exception cref="NativeFormatException">A column cannot be walked over; the answer cannot go on.</exception>
    internal void Append(ReadOnlySpan<byte> chunk, IBufferWriter<byte> output)
    {
        Hold(chunk);
        while (_end - _start >= _wanted && _end > _start && TryStep(output))
        {
            // Each step passes on a block's head or a column.
        }
    }

    /// <summary>Says that the answer is over.</summary>
    /// <exception cref="NativeFormatException">It ended within a block.</exception>
    internal void Complete()
    {
        if (_end > _start || _columnsLeft > 0)
        {
            throw new NativeFormatException("The engine's Native answer ended within a block.");
        }
    }

    private bool TryStep(IBufferWriter<byte> output)
    {
        var cursor = new NativeCursor(_held.AsSpan(_start, _end - _start));
        var done = _columnsLeft == 0 ? TryHead(ref cursor, output) : TryColumn(ref cursor, output);
        if (done)
        {
            _start += cursor.At;
            _wanted = 0;
            return true;
        }
        _wanted = _end - _start + cursor.Missing;
        return _wanted <= MostColumnBytes
            ? false
            : throw new NativeFormatException(
                $"A column of the answer has more than {MostColumnBytes} bytes in one block: ask for fewer rows or columns.");
    }

    private bool TryHead(ref NativeCursor cursor, IBufferWriter<byte> output)
    {
        if (!cursor.TryVarint(out var columns) || !cursor.TryVarint(out var rows))
        {
            return false;
        }
        output.Write(BlockInformation);
        output.Write(cursor.Passed);
        _columnsLeft = columns;
        _rows = rows;
        return true;
    }

    private bool TryColumn(ref NativeCursor cursor, IBufferWriter<byte> output)
    {
        if (!cursor.TryText(out _) || !cursor.TryText(out var name))
        {
            return false;
        }
        if (!_types.TryGetValue(name, out var type))
        {
            type = NativeTypeParser.Parse(name);
            _types.Add(name, type);
        }
        var head = cursor.At;
        if (!type.TrySkip(ref cursor, _rows))
        {
            return false;
        }
        output.Write(cursor.Passed[..head]);
        output.Write<byte>([0]);
        output.Write(cursor.Passed[head..]);
        _columnsLeft--;
        return true;
    }

    private void Hold(ReadOnlySpan<byte> chunk)
    {
        var left = _end - _start;
        if (_end + chunk.Length > _held.Length)
        {
            var room = left + chunk.Length <= _held.Length
                ? _held
                : new byte[Math.Max(left + chunk.Length, Math.Min(2 * left, MostColumnBytes))];
            _held.AsSpan(_start, left).CopyTo(room);
            (_held, _start, _end) = (room, 0, left);
        }
        chunk.CopyTo(_held.AsSpan(_end));
        _end += chunk.Length;
    }

    private static void WriteText(ArrayBufferWriter<byte> output, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        WriteVarint(output, bytes.Length);
        output.Write(bytes);
    }

    private static void WriteVarint(ArrayBufferWriter<byte> output, int value)
    {
        var rest = (uint)value;
        for (; rest >= 0x80; rest >>= 7)
        {
            output.Write<byte>([(byte)(rest & 0x7F | 0x80)]);
        }
        output.Write<byte>([(byte)rest]);
    }
}
