using System.Runtime.CompilerServices;
using TokenStream.Events;
using TokenStream.Pricing;

namespace TokenStream.Windowing;

/// <summary>
/// Where a partition was in the log: the offset of a record and the offset from which ids were remembered when it was read.
/// </summary>
internal readonly record struct LogPoint(long Offset, long IdsFrom)
{
    /// <summary>The earlier of two points.</summary>
    public static LogPoint Min(LogPoint a, LogPoint b) => a.Offset <= b.Offset ? a : b;
}

/// <summary>
/// The sums of one window, or of one window's late events, by key. Keys are closed in the order in which they were opened, which is the
/// order of the log. Pooled: <see cref="Open"/> makes it as good as new.
/// </summary>
internal sealed class WindowTable
{
    private readonly SketchArena _arena = new();
    private readonly HistogramSketch _histograms;
    private readonly UniqueSketch _uniques;
    private Accumulator[] _accumulators = new Accumulator[64];
    private RollupMeasures[] _rare = [];
    private int[] _slotOfKey = [];
    private int _rareCount;

    public WindowTable()
    {
        _histograms = new HistogramSketch(_arena);
        _uniques = new UniqueSketch(_arena);
    }

    /// <summary>Start of the window, milliseconds since the Unix epoch, inclusive.</summary>
    public long StartMs { get; private set; }

    /// <summary>The window's first event: what a replay of the window needs.</summary>
    public LogPoint First { get; private set; }

    /// <summary>Number of keys.</summary>
    public int Count { get; private set; }

    public WindowNames Names { get; } = new();

    /// <summary>What scopes spent in the window.</summary>
    public SpendTable Spend { get; } = new();

    /// <summary>Bytes in use for keys and sketches.</summary>
    public long Bytes => (Count * (long)Unsafe.SizeOf<Accumulator>()) + (_rareCount * (long)Unsafe.SizeOf<RollupMeasures>()) + _arena.Bytes;

    public ref Accumulator this[int index] => ref _accumulators[index];

    public void Open(long startMs, LogPoint first)
    {
        (StartMs, First, Count, _rareCount) = (startMs, first, 0, 0);
        Array.Clear(_slotOfKey);
        _arena.Reset();
        _histograms.Reset();
        _uniques.Reset();
        Names.Reset();
        Spend.Open();
    }

    /// <summary>The sums of a key; the key is opened, and its names bounded, where the window does not have it yet.</summary>
    public ref Accumulator Find(int keyId, AggregateRules rules, KeyTable keys, NameIndex names)
    {
        if (keyId < _slotOfKey.Length && _slotOfKey[keyId] != 0)
        {
            return ref _accumulators[_slotOfKey[keyId] - 1];
        }

        // Opening a key may replace the array: the slot first, then the array.
        var slot = OpenKey(keyId, rules, keys, names);
        return ref _accumulators[slot];
    }

    /// <summary>Adds an event to a key's sums.</summary>
    public void Add(ref Accumulator key, in UsageEvent usage, in PricedUsage priced, bool adjusted)
    {
        key.IsDirty = true;
        if (!Accumulator.IsCommon(usage, priced, adjusted) || !key.TryAddCommon(usage, priced))
        {
            Rare(ref key).Add(usage, priced, adjusted);
        }
    }

    /// <summary>Adds an event's latencies and sizes to a key's histograms.</summary>
    public void AddHistograms(ref Accumulator key, in UsageEvent usage)
    {
        if (!usage.IsAttempt || usage.IsBlocked)
        {
            return;
        }

        if (usage.Has(EventFields.LatencyMs))
        {
            _histograms.Add(ref key.LatencyMs, usage.LatencyMs);
        }

        if (usage.Has(EventFields.TtftMs))
        {
            _histograms.Add(ref key.TtftMs, usage.TtftMs);
        }

        if (usage.Has(EventFields.TokensIn))
        {
            _histograms.Add(ref key.InputTokens, usage.TokensIn);
        }

        if (usage.Has(EventFields.TokensOut))
        {
            _histograms.Add(ref key.OutputTokens, usage.TokensOut);
        }
    }

    /// <summary>Adds to a key's unique users; the hash is stable across machines and restarts.</summary>
    public void AddUser(ref Accumulator key, ulong hash) => _uniques.Add(ref key.Users, hash);

    public void AddSession(ref Accumulator key, ulong hash) => _uniques.Add(ref key.Sessions, hash);

    public void AddPromptHash(ref Accumulator key, ulong hash) => _uniques.Add(ref key.PromptHashes, hash);

    /// <summary>All sums of a key.</summary>
    public RollupMeasures Measures(in Accumulator key)
    {
        var measures = key.Rare != 0 ? _rare[key.Rare - 1] : default;
        key.AddTo(ref measures);
        return measures;
    }

    public void ReadHistogram(int histogram, List<ushort> buckets, List<long> counts) => _histograms.Read(histogram, buckets, counts);

    public void ReadUniques(int sketch, List<ushort> registers, List<byte> ranks) => _uniques.Read(sketch, registers, ranks);

    /// <summary>The same window with names and keys under other ids.</summary>
    public void Renumber(NameIndex oldNames, NameIndex newNames, KeyTable oldKeys, KeyTable newKeys)
    {
        Array.Clear(_slotOfKey);
        for (var slot = 0; slot < Count; slot++)
        {
            var key = oldKeys[_accumulators[slot].KeyId];
            for (var i = 0; i < KeyIds.Names; i++)
            {
                key[i] = newNames.Id(oldNames.Name(key[i]));
            }

            var id = newKeys.Id(key);
            _accumulators[slot].KeyId = id;
            SetSlot(id, slot);
        }

        Names.Renumber(oldNames, newNames);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private int OpenKey(int keyId, AggregateRules rules, KeyTable keys, NameIndex names)
    {
        var bounded = keyId;
        var key = keys[keyId];
        if (Fold(ref key, rules, names))
        {
            bounded = keys.Id(key);
        }

        var slot = bounded < _slotOfKey.Length ? _slotOfKey[bounded] - 1 : -1;
        if (slot < 0)
        {
            slot = Count;
            if (Count == _accumulators.Length)
            {
                Array.Resize(ref _accumulators, _accumulators.Length * 2);
            }

            _accumulators[Count++] = new Accumulator { KeyId = bounded };
            SetSlot(bounded, slot);
        }

        SetSlot(keyId, slot);
        return slot;
    }

    /// <summary>Books what has no room for a name of its own under <c>~other</c>. Returns whether anything changed.</summary>
    private bool Fold(ref KeyIds key, AggregateRules rules, NameIndex names)
    {
        var folded = false;
        var full = Count >= rules.MaxKeys;
        for (var i = 0; i < KeyIds.Names; i++)
        {
            var dimension = (Dimension)i;
            var isFull = full && key[i] != NameIndex.Empty && !rules.IsProtected(dimension, names.Name(key[i]));
            if (isFull || !Names.Admit(dimension, key[i], rules, names))
            {
                folded |= key[i] != NameIndex.Other;
                key[i] = NameIndex.Other;
            }
        }

        return folded;
    }

    private void SetSlot(int keyId, int slot)
    {
        if (keyId >= _slotOfKey.Length)
        {
            Array.Resize(ref _slotOfKey, Math.Max(keyId + 1, Math.Max(256, _slotOfKey.Length * 2)));
        }

        _slotOfKey[keyId] = slot + 1;
    }

    private ref RollupMeasures Rare(ref Accumulator key)
    {
        if (key.Rare == 0)
        {
            if (_rareCount == _rare.Length)
            {
                Array.Resize(ref _rare, Math.Max(16, _rare.Length * 2));
            }

            _rare[_rareCount++] = default;
            key.Rare = _rareCount;
        }

        return ref _rare[key.Rare - 1];
    }
}
