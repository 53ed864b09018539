namespace TokenStream.Windowing;

/// <summary>
/// Which values of each dimension one window names: the first so many, in offset order. All others fold into <c>~other</c>. Nothing of it
/// outlives the window, so what folds depends on the window's own events alone.
/// </summary>
internal sealed class WindowNames
{
    private readonly ulong[][] _named = new ulong[KeyIds.Names][];
    private readonly int[] _counts = new int[KeyIds.Names];

    public WindowNames()
    {
        Array.Fill(_named, []);
    }

    /// <summary>Whether the value has a name of its own here; it is given one where the dimension's bound allows.</summary>
    public bool Admit(Dimension dimension, int nameId, AggregateRules rules, NameIndex names)
    {
        if (nameId is NameIndex.Empty or NameIndex.Other || IsNamed(dimension, nameId))
        {
            return true;
        }

        if (_counts[(int)dimension] >= rules.Bounds[(int)dimension] && !rules.IsProtected(dimension, names.Name(nameId)))
        {
            return false;
        }

        Name(dimension, nameId);
        return true;
    }

    public void Reset()
    {
        Array.Clear(_counts);
        foreach (var bits in _named)
        {
            Array.Clear(bits);
        }
    }

    /// <summary>The same names under other ids.</summary>
    public void Renumber(NameIndex from, NameIndex to)
    {
        for (var dimension = 0; dimension < KeyIds.Names; dimension++)
        {
            var old = _named[dimension];
            (_named[dimension], _counts[dimension]) = ([], 0);
            for (var id = 0; id < old.Length * 64; id++)
            {
                if ((old[id >> 6] >> (id & 63) & 1) != 0)
                {
                    Name((Dimension)dimension, to.Id(from.Name(id)));
                }
            }
        }
    }

    /// <summary>Gives a value a name, whatever the bound.</summary>
    internal void Name(Dimension dimension, int nameId)
    {
        ref var bits = ref _named[(int)dimension];
        if (nameId >> 6 >= bits.Length)
        {
            Array.Resize(ref bits, Math.Max((nameId >> 6) + 1, bits.Length * 2));
        }

        bits[nameId >> 6] |= 1ul << (nameId & 63);
        _counts[(int)dimension]++;
    }

    private bool IsNamed(Dimension dimension, int nameId)
    {
        var bits = _named[(int)dimension];
        return nameId >> 6 < bits.Length && (bits[nameId >> 6] >> (nameId & 63) & 1) != 0;
    }
}
