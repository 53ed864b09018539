using TokenStream.Events;

namespace TokenStream.Mapping.Sources;

/// <summary>
/// Counts by minute what each source sends: events by how sure they are, and refusals by reason, for each emitter and tenant. Of many the
/// most active have a count of their own, the rest one together, <see cref="SourceRecord.Other"/>. Allocates nothing for a key that it
/// knows. Thread-safe.
/// </summary>
public sealed class SourceCounters
{
    private const long MinuteMs = 60_000;
    private const int MostWaiting = 10_000;
    private const byte Separator = (byte)'\n';

    private readonly string _node;
    private readonly int _mostKeys;
    private readonly Lock _lock = new();
    private readonly Dictionary<byte[], SourceCounts> _counts = new(KeyBytes.Comparer);
    private readonly Dictionary<byte[], SourceCounts>.AlternateLookup<ReadOnlySpan<byte>> _lookup;
    private readonly List<SourceRecord> _waiting = [];
    private byte[] _key = new byte[512];
    private long _minute;

    /// <param name="node">A name that no other node and no other life of this one has.</param>
    /// <param name="mostKeys">How many pairs of emitter and tenant have a count of their own within a minute.</param>
    public SourceCounters(string node, int mostKeys = 512)
    {
        (_node, _mostKeys) = (node, mostKeys);
        _lookup = _counts.GetAlternateLookup<ReadOnlySpan<byte>>();
    }

    /// <summary>Records that nobody took in time, so that they were forgotten.</summary>
    public long Forgotten { get; private set; }

    /// <summary>Counts the items of a payload; called once the log has acknowledged them, or when they are refused.</summary>
    public void Count(PayloadSource source, MappedEvents events, long nowMs)
    {
        lock (_lock)
        {
            TurnTo(nowMs);
            for (var item = 0; item < events.Count; item++)
            {
                ref readonly var mapped = ref events[item];
                Find(source.Name, events.Emitter(item), mapped.IsEvent ? events.Tenant(item) : default).Add(in mapped);
            }
        }
    }

    /// <summary>Counts what was refused before a mapper saw it.</summary>
    /// <param name="reason">A name of our own, such as <c>body_too_large</c>; never a sender's text.</param>
    public void Refuse(PayloadSource source, string reason, long nowMs)
    {
        lock (_lock)
        {
            TurnTo(nowMs);
            Find(source.Name, default, default).Refuse(reason);
        }
    }

    /// <summary>What has changed since the last call: the counts of whole minutes that are over, and of this one so far.</summary>
    public IReadOnlyList<SourceRecord> Take(long nowMs)
    {
        lock (_lock)
        {
            TurnTo(nowMs);
            var records = new List<SourceRecord>(_waiting);
            _waiting.Clear();
            records.AddRange(Changed());
            return records;
        }
    }

    /// <summary>A clock that goes backwards counts on in the minute it had reached.</summary>
    private void TurnTo(long nowMs)
    {
        var minute = nowMs - (nowMs % MinuteMs);
        if (minute <= _minute)
        {
            return;
        }

        foreach (var record in Changed())
        {
            if (_waiting.Count < MostWaiting)
            {
                _waiting.Add(record);
            }
            else
            {
                Forgotten++;
            }
        }

        MakeRoom();
        _minute = minute;
    }

    /// <summary>
    /// Between two minutes those without a count go, and of many a quarter that counted least: then those that come anew find room, and the
    /// most active stay. Within a minute none goes, since what has been told of it is replaced by its later count only.
    /// </summary>
    private void MakeRoom()
    {
        var kept = _mostKeys - (_mostKeys / 4);
        var active = _counts.Where(entry => entry.Value.Total > 0).OrderByDescending(entry => entry.Value.Total).Take(kept).ToArray();
        _counts.Clear();
        foreach (var (key, counts) in active)
        {
            counts.Clear();
            _counts.Add(key, counts);
        }
    }

    private IEnumerable<SourceRecord> Changed()
    {
        foreach (var counts in _counts.Values)
        {
            if (counts.HasChanged)
            {
                counts.HasChanged = false;
                yield return counts.ToRecord(_node, _minute);
            }
        }
    }

    /// <summary>The counts of a key; beyond the bound of its emitter's other tenants or, of too many emitters, its source's.</summary>
    private SourceCounts Find(string source, ReadOnlySpan<byte> emitter, ReadOnlySpan<byte> tenant)
    {
        if (_lookup.TryGetValue(KeyOf(source, emitter, tenant), out var counts))
        {
            return counts;
        }

        if (_counts.Count < _mostKeys)
        {
            return Add(source, emitter, tenant);
        }

        if (_lookup.TryGetValue(KeyOf(source, emitter, "~other"u8), out counts))
        {
            return counts;
        }

        if (_counts.Count < _mostKeys + (_mostKeys / 4))
        {
            return Add(source, emitter, "~other"u8);
        }

        return _lookup.TryGetValue(KeyOf(source, "~other"u8, "~other"u8), out counts) ? counts : Add(source, "~other"u8, "~other"u8);
    }

    private SourceCounts Add(string source, ReadOnlySpan<byte> emitter, ReadOnlySpan<byte> tenant)
    {
        var counts = new SourceCounts(source, emitter, tenant);
        _counts.Add(KeyOf(source, emitter, tenant).ToArray(), counts);
        return counts;
    }

    /// <summary>Neither names of sources, nor emitters, nor texts in JSON have line feeds.</summary>
    private ReadOnlySpan<byte> KeyOf(string source, ReadOnlySpan<byte> emitter, ReadOnlySpan<byte> tenant)
    {
        var length = source.Length + emitter.Length + tenant.Length + 2;
        if (_key.Length < length)
        {
            Array.Resize(ref _key, length);
        }

        var key = _key.AsSpan();
        var at = System.Text.Encoding.ASCII.GetBytes(source, key);
        key[at++] = Separator;
        emitter.CopyTo(key[at..]);
        at += emitter.Length;
        key[at++] = Separator;
        tenant.CopyTo(key[at..]);
        return key[..(at + tenant.Length)];
    }

    /// <summary>Keys by their bytes, looked up without making an array.</summary>
    private sealed class KeyBytes : IEqualityComparer<byte[]>, IAlternateEqualityComparer<ReadOnlySpan<byte>, byte[]>
    {
        public static readonly KeyBytes Comparer = new();

        public bool Equals(byte[]? one, byte[]? other) => one.AsSpan().SequenceEqual(other);

        public bool Equals(ReadOnlySpan<byte> one, byte[] other) => one.SequenceEqual(other);

        public int GetHashCode(byte[] key) => GetHashCode((ReadOnlySpan<byte>)key);

        public int GetHashCode(ReadOnlySpan<byte> key) => unchecked((int)StableHash.Hash(key));

        public byte[] Create(ReadOnlySpan<byte> key) => key.ToArray();
    }
}
