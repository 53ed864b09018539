using System.Runtime.InteropServices;
using TokenStream.Events;

namespace TokenStream.Benchmarks.Partition;

/// <summary>The lines of a file in memory, one stretch for each thread: an event is in the stretch of its tenant, as partitions have it.</summary>
internal sealed unsafe class EventFile : IDisposable
{
    private readonly List<(nint Bytes, long Length)> _parts = [];

    public IReadOnlyList<(nint Bytes, long Length)> Parts => _parts;

    /// <exception cref="IOException">The file cannot be read.</exception>
    public static EventFile Load(string path, int parts)
    {
        using var file = File.OpenHandle(path, options: FileOptions.SequentialScan);
        var length = RandomAccess.GetLength(file);
        var bytes = (byte*)NativeMemory.Alloc((nuint)Math.Max(1, length));
        for (var at = 0L; at < length;)
        {
            var read = RandomAccess.Read(file, new Span<byte>(bytes + at, (int)Math.Min(length - at, 1 << 26)), at);
            at += read > 0 ? read : throw new IOException($"{path} became shorter while it was read");
        }

        var events = new EventFile();
        if (parts == 1)
        {
            events._parts.Add(((nint)bytes, length));
            return events;
        }

        events.Split(bytes, length, parts);
        NativeMemory.Free(bytes);
        return events;
    }

    public void Dispose()
    {
        foreach (var (bytes, _) in _parts)
        {
            NativeMemory.Free((void*)bytes);
        }

        _parts.Clear();
    }

    private void Split(byte* bytes, long length, int parts)
    {
        var decoder = new EventDecoder([]);
        UsageEvent e = default;
        var lengths = new long[parts];
        ForEachLine(bytes, length, line => lengths[PartOf(line, parts, decoder, ref e)] += line.Length);
        var targets = lengths.Select(size => (nint)NativeMemory.Alloc((nuint)Math.Max(1, size))).ToArray();
        for (var part = 0; part < parts; part++)
        {
            _parts.Add((targets[part], lengths[part]));
        }

        ForEachLine(
            bytes,
            length,
            line =>
            {
                ref var target = ref targets[PartOf(line, parts, decoder, ref e)];
                line.CopyTo(new Span<byte>((void*)target, line.Length));
                target += line.Length;
            });
    }

    private static int PartOf(ReadOnlySpan<byte> line, int parts, EventDecoder decoder, ref UsageEvent e)
    {
        var record = line.TrimEnd((byte)'\n');
        return decoder.TryDecode(record, ref e, out _) ? (int)(StableHash.Hash(decoder.Text(record, e.TenantId)) % (ulong)parts) : 0;
    }

    private static void ForEachLine(byte* bytes, long length, LineReader read)
    {
        for (var end = bytes + length; bytes < end;)
        {
            var rest = new ReadOnlySpan<byte>(bytes, (int)Math.Min(end - bytes, 1 << 20));
            var size = rest.IndexOf((byte)'\n') is var at and >= 0 ? at + 1 : rest.Length;
            read(rest[..size]);
            bytes += size;
        }
    }

    private delegate void LineReader(ReadOnlySpan<byte> line);
}
