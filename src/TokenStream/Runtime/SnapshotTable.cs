using System.Globalization;
using System.Text;

namespace TokenStream.Runtime;

/// <summary>
/// The snapshots of one spend partition that lie on the ledger's topic, under keys <c>PARTITION/NAME/CHUNK</c>; a name begins with the
/// offset up to which the snapshot counts.
/// </summary>
internal sealed class SnapshotTable(int partition)
{
    private readonly Dictionary<string, SortedDictionary<int, byte[]>> _read = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _chunks = new(StringComparer.Ordinal);

    public static string NameOf(long offset, long epoch, long number) =>
        string.Create(CultureInfo.InvariantCulture, $"{offset:D19}-{epoch}-{number}");

    public byte[] Key(string name, int chunk) =>
        Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{partition}/{name}/{chunk}"));

    /// <summary>Takes a record of the topic; the content is kept of one snapshot only.</summary>
    public void Read(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, bool isDeletion, string wanted)
    {
        var parts = Encoding.UTF8.GetString(key).Split('/');
        if (parts.Length != 3 || !int.TryParse(parts[2], NumberStyles.None, CultureInfo.InvariantCulture, out var chunk) ||
            OffsetOf(parts[1]) is null)
        {
            return;
        }

        var name = parts[1];
        if (isDeletion)
        {
            _read.GetValueOrDefault(name)?.Remove(chunk);
            return;
        }

        _chunks[name] = Math.Max(_chunks.GetValueOrDefault(name), chunk + 1);
        if (name == wanted)
        {
            (_read.TryGetValue(name, out var chunks) ? chunks : _read[name] = [])[chunk] = value.ToArray();
        }
    }

    /// <summary>The chunks of a snapshot that was read, and forgets them; null where one is missing.</summary>
    public IReadOnlyList<byte[]>? Take(string name)
    {
        _read.Remove(name, out var chunks);
        return chunks is { Count: > 0 } && chunks.Last().Key == chunks.Count - 1 ? [.. chunks.Values] : null;
    }

    public void Written(string name, int chunks) => _chunks[name] = chunks;

    /// <summary>Keys of every snapshot of a lower offset than this one: none of them will be asked for again.</summary>
    public IReadOnlyList<byte[]> TakeOlder(string name)
    {
        var keys = new List<byte[]>();
        foreach (var (other, chunks) in _chunks.Where(pair => OffsetOf(pair.Key) < OffsetOf(name)).ToArray())
        {
            keys.AddRange(Enumerable.Range(0, chunks).Select(chunk => Key(other, chunk)));
            _chunks.Remove(other);
        }

        return keys;
    }

    private static long? OffsetOf(string name) =>
        long.TryParse(name.Split('-')[0], NumberStyles.None, CultureInfo.InvariantCulture, out var offset) ? offset : null;
}
