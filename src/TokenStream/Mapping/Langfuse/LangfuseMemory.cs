namespace TokenStream.Mapping.Langfuse;

/// <summary>
/// Observations and traces that were told of lately. The SDKs send what began and what ended in different batches, half a second or more
/// apart, and only the first says who asked. Bounded in number and bytes; the oldest are forgotten first. Mappers on several threads share
/// one, and hold its <see cref="Gate"/> while they map.
/// </summary>
internal sealed class LangfuseMemory(int mostEntries = 50_000, int mostBytes = 64 * 1024 * 1024)
{
    private readonly Dictionary<UInt128, LangfuseEntry> _entries = [];
    private readonly Queue<LangfuseEntry> _oldest = [];
    private long _bytes;

    public Lock Gate { get; } = new();

    public int Count => _entries.Count;

    /// <summary>What was told of an id; null where nothing was, or it is forgotten.</summary>
    public LangfuseEntry? Find(bool isTrace, ulong scope, ReadOnlySpan<byte> id) =>
        _entries.TryGetValue(Key(isTrace, scope, id), out var entry) && entry.Id.AsSpan().SequenceEqual(id) ? entry : null;

    /// <summary>The entry of an id, a new one where there is none.</summary>
    public LangfuseEntry Of(bool isTrace, ulong scope, ReadOnlySpan<byte> id, int slots)
    {
        if (Find(isTrace, scope, id) is { } known)
        {
            return known;
        }

        var key = Key(isTrace, scope, id);
        var entry = new LangfuseEntry(key, id.ToArray(), slots);

        // Two ids of one key: the later one takes the place, and the earlier one stays in the queue until its turn.
        _entries[key] = entry;
        _oldest.Enqueue(entry);
        _bytes += entry.Bytes;
        return entry;
    }

    /// <summary>Accounts for what an entry has grown by, and forgets the oldest ones where that is too much.</summary>
    public void Grown(int bytes)
    {
        _bytes += bytes;
        while ((_oldest.Count > mostEntries || _bytes > mostBytes) && _oldest.TryDequeue(out var entry))
        {
            _bytes -= entry.Bytes;
            if (_entries.TryGetValue(entry.Key, out var current) && current == entry)
            {
                _entries.Remove(entry.Key);
            }
        }
    }

    private static UInt128 Key(bool isTrace, ulong scope, ReadOnlySpan<byte> id) =>
        new(Events.StableHash.Hash(scope, id), Events.StableHash.Hash(isTrace ? 1UL : 2UL, id));
}
