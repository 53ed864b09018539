namespace TokenStream.Mapping.Otlp;

/// <summary>A table from names to numbers, made once and asked for every attribute of every span.</summary>
internal sealed class OtlpNames
{
    private readonly List<(byte[] Name, int Number)> _names = [];
    private readonly List<(byte[] Prefix, byte[] Suffix, int Number)> _patterns = [];
    private (byte[]? Name, int Number)[] _table = new (byte[]?, int)[8];

    public void Add(byte[] name, int number)
    {
        _names.Add((name, number));
        var size = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)_names.Count * 2);
        _table = new (byte[]?, int)[size];
        foreach (var entry in _names)
        {
            var slot = Hash(entry.Name) & (size - 1);
            while (_table[slot].Name is not null)
            {
                slot = (slot + 1) & (size - 1);
            }

            _table[slot] = entry;
        }
    }

    /// <summary>Adds all names that begin and end so; a name of its own goes first.</summary>
    public void AddPattern(byte[] prefix, byte[] suffix, int number) => _patterns.Add((prefix, suffix, number));

    /// <summary>The number of a name; 0 where nobody looks for it.</summary>
    public int Find(ReadOnlySpan<byte> name)
    {
        if (name.IsEmpty)
        {
            return 0;
        }

        for (var slot = Hash(name) & (_table.Length - 1); _table[slot].Name is { } known; slot = (slot + 1) & (_table.Length - 1))
        {
            if (name.SequenceEqual(known))
            {
                return _table[slot].Number;
            }
        }

        foreach (var (prefix, suffix, number) in _patterns)
        {
            if (name.Length > prefix.Length + suffix.Length && name.StartsWith(prefix) && name.EndsWith(suffix))
            {
                return number;
            }
        }

        return 0;
    }

    /// <summary>
    /// Names of one convention share their beginnings, so the ends and the middle tell them apart; the table is half empty.
    /// </summary>
    private static int Hash(ReadOnlySpan<byte> name)
    {
        var hash = unchecked(((uint)name.Length * 31) + (name[0] * 7u));
        foreach (var letter in name[Math.Max(0, name.Length - 20)..])
        {
            hash = unchecked((hash * 31) + letter);
        }

        return (int)((hash ^ (hash >> 15)) & int.MaxValue);
    }
}
