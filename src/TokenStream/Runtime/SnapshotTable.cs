using System.Globalization;
using System.Text;

namespace TokenStream.Runtime;

/// <summary>
/// The snapshots of one spend partition that lie on the ledger's topic, under keys <c>PARTITION/NAME/CHUNK</c>; a name begins with the
/// offset up to which the snapshot counts, and goes on with the epoch of who wrote it.
/// </summary>
internal sealed class SnapshotTable(int partition)
{
    /// <summary>No snapshot has so many chunks, and no owner's epoch is so high: what says so was not written here, and is passed over.</summary>
    private const int MostChunks = 1 << 20;
    private const long MostEpoch = 1L << 53;

    private readonly Dictionary<string, SortedDictionary<int, byte[]>> _read = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _chunks = new(StringComparer.Ordinal);

    /// <summary>
    /// The highest epoch that named a snapshot, valid or not. A new owner's has to be above: a name that is given twice may find chunks of the
    /// one before that its own do not replace.
    /// </summary>
    public long HighestEpoch { get; private set; }

    public static string NameOf(long offset, long epoch, long number) =>
        string.Create(CultureInfo.InvariantCulture, $"{offset:D19}-{epoch}-{number}");

    public byte[] Key(string name, int chunk) =>
        Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{partition}/{name}/{chunk}"));

    /// <summary>Takes a record of the topic; the content is kept of one snapshot only.</summary>
    public void Read(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, bool isDeletion, string wanted)
    {
        var parts = Encoding.UTF8.GetString(key).Split('/');
        if (parts.Length != 3 || !int.TryParse(parts[2], NumberStyles.None, CultureInfo.InvariantCulture, out var chunk) ||
            chunk >= MostChunks || !TryReadName(parts[1], out _, out var epoch) || epoch >= MostEpoch)
        {
            return;
        }

        var name = parts[1];
        HighestEpoch = Math.Max(HighestEpoch, epoch);
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
        TryReadName(name, out var offset, out _);
        foreach (var (other, chunks) in _chunks.ToArray())
        {
            if (TryReadName(other, out var otherOffset, out _) && otherOffset < offset)
            {
                keys.AddRange(Enumerable.Range(0, chunks).Select(chunk => Key(other, chunk)));
                _chunks.Remove(other);
            }
        }

        return keys;
    }

    private static bool TryReadName(string name, out long offset, out long epoch)
    {
        var parts = name.Split('-');
        epoch = 0;
        return long.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out offset) &&
            parts.Length == 3 && long.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out epoch);
    }
}
