namespace TokenStream.Broker.Groups;

/// <summary>Which partition an offset was committed for.</summary>
internal readonly record struct OffsetKey(string Topic, int Partition);

/// <summary>The committed offsets of one group as they stand in memory, guarded by the group's lock; <see cref="OffsetLog"/> has them on disk.</summary>
internal sealed class GroupOffsets
{
    private readonly Dictionary<OffsetKey, CommittedOffset> _offsets = [];

    public int Count => _offsets.Count;

    public CommittedOffset? Find(OffsetKey key) => _offsets.TryGetValue(key, out CommittedOffset offset) ? offset : null;

    public KeyValuePair<OffsetKey, CommittedOffset>[] All() => [.. _offsets];

    /// <summary>How many of these would be new.</summary>
    public int CountNew(IEnumerable<OffsetKey> keys) => keys.Count(k => !_offsets.ContainsKey(k));

    public void Set(OffsetKey key, in CommittedOffset offset) => _offsets[key] = offset;

    public void Remove(OffsetKey key) => _offsets.Remove(key);

    public OffsetKey[] CommittedBefore(long epochMs) => [.. _offsets.Where(o => o.Value.CommittedAtMs < epochMs).Select(o => o.Key)];

    public OffsetKey[] OfTopic(string topic) => [.. _offsets.Keys.Where(k => k.Topic == topic)];
}
