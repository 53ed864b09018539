using TokenStream.Events;

namespace TokenStream.Windowing;

/// <summary>The names a partition has met, by id: a cache, rebuilt when it has grown too large. Ids 0 and 1 are taken.</summary>
internal sealed class NameIndex : IDisposable
{
    /// <summary>The absent value.</summary>
    public const int Empty = 0;

    /// <summary>What values beyond a bound fold into.</summary>
    public const int Other = 1;

    /// <summary>Never reached: the cache is rebuilt long before.</summary>
    private const int MaxNames = 1 << 26;

    private readonly NameTable _table = new(MaxNames);

    public NameIndex()
    {
        if (_table.Id([]) != Empty || _table.Id("~other"u8) != Other)
        {
            throw new InvalidOperationException("a new name table must number its names from 0");
        }
    }

    public int Count => _table.Count;

    public int Id(ReadOnlySpan<byte> name) => name.IsEmpty ? Empty : _table.Id(name);

    public ReadOnlySpan<byte> Name(int id) => _table.Name(id);

    public void Dispose() => _table.Dispose();
}
