using System.Runtime.CompilerServices;

namespace TokenStream.Windowing;

/// <summary>The dimensions of a rollup's key, in the order of the key's fields.</summary>
public enum Dimension
{
    Environment = 0,
    Tenant = 1,
    App = 2,
    Feature = 3,
    Provider = 4,
    Model = 5,
    PromptVersion = 6,
    Label1 = 7,
    Label2 = 8,
    Label3 = 9,
    Label4 = 10,
}

/// <summary>A key as the ids of its names, one for each <see cref="Dimension"/>, and the number of its price cell.</summary>
[InlineArray(Count)]
internal struct KeyIds
{
    /// <summary>Dimensions that have names, the price cell left out.</summary>
    public const int Names = 11;

    public const int Cell = 11;
    public const int Count = 12;

    private int _element;
}

/// <summary>
/// Numbers the keys a partition meets: a cache that windows point into, so that a key is compared once an event and not once a window.
/// </summary>
internal sealed class KeyTable
{
    private KeyIds[] _keys = new KeyIds[256];
    private int[] _slots = new int[1024];

    public int Count { get; private set; }

    public ref readonly KeyIds this[int id] => ref _keys[id];

    public int Id(in KeyIds key)
    {
        var mask = _slots.Length - 1;
        var index = Hash(key) & mask;
        while (_slots[index] != 0)
        {
            var id = _slots[index] - 1;
            if (((ReadOnlySpan<int>)_keys[id]).SequenceEqual(key))
            {
                return id;
            }

            index = (index + 1) & mask;
        }

        return Add(key, index);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private int Add(in KeyIds key, int index)
    {
        if (Count == _keys.Length)
        {
            Array.Resize(ref _keys, _keys.Length * 2);
        }

        _keys[Count] = key;
        _slots[index] = ++Count;
        if (Count > _slots.Length / 2)
        {
            _slots = new int[_slots.Length * 2];
            for (var id = 0; id < Count; id++)
            {
                var slot = Hash(_keys[id]) & (_slots.Length - 1);
                while (_slots[slot] != 0)
                {
                    slot = (slot + 1) & (_slots.Length - 1);
                }

                _slots[slot] = id + 1;
            }
        }

        return Count - 1;
    }

    private static int Hash(in KeyIds key)
    {
        unchecked
        {
            var hash = 0x9E3779B97F4A7C15ul;
            foreach (var id in (ReadOnlySpan<int>)key)
            {
                hash = (hash ^ (uint)id) * 0xD6E8FEB86659FD93ul;
                hash ^= hash >> 32;
            }

            return (int)hash & int.MaxValue;
        }
    }
}
