using System.Text;

namespace TokenStream.Simulation.Governing;

/// <summary>A record of a partition; a null value deletes its key.</summary>
internal sealed record LogRecord(byte[] Key, byte[]? Value)
{
    public string Name { get; } = Encoding.UTF8.GetString(Key);
}

/// <summary>One partition of a topic: what was appended, less what retention or compaction took.</summary>
internal sealed class SimulatedLog
{
    private readonly List<LogRecord?> _records = [];

    /// <summary>First offset that retention left.</summary>
    public long Start { get; set; }

    public long End => _records.Count;

    /// <summary>The record at an offset; null where it is gone.</summary>
    public LogRecord? this[long offset] => _records[(int)offset];

    public void Append(LogRecord record) => _records.Add(record);

    /// <summary>The last record of a key; null where there is none.</summary>
    public LogRecord? Last(string name) => _records.FindLast(record => record?.Name == name);

    public IEnumerable<LogRecord> From(long offset) => _records.Skip((int)offset).OfType<LogRecord>();

    /// <summary>Leaves of each key its last record. A tombstone goes with the next compaction after the one that found it the last.</summary>
    public void Compact(HashSet<LogRecord> oldTombstones)
    {
        var last = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var i = 0; i < _records.Count; i++)
        {
            if (_records[i] is { } record)
            {
                last[record.Name] = i;
            }
        }

        for (var i = 0; i < _records.Count; i++)
        {
            if (_records[i] is { } record && (last[record.Name] != i || oldTombstones.Contains(record)))
            {
                _records[i] = null;
            }
        }

        oldTombstones.Clear();
        oldTombstones.UnionWith(_records.OfType<LogRecord>().Where(record => record.Value is null));
    }
}
