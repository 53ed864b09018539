namespace TokenStream.Governing.Ledger;

/// <summary>
/// Numbers in a ring that are stored as narrow as the widest of them allows: 32, 64 or 128 bits. Most scopes' sums fit 64 bits, a company's
/// or a wrong price's do not.
/// </summary>
internal sealed class CumulativeColumn
{
    private int[]? _narrow;
    private long[]? _long;
    private Int128[]? _wide;

    /// <param name="capacity">Numbers that have room.</param>
    /// <param name="value">What all of them are.</param>
    public CumulativeColumn(int capacity, Int128 value)
    {
        _narrow = new int[capacity];
        if (value != 0)
        {
            Widen(value);
            for (var i = 0; i < capacity; i++)
            {
                this[i] = value;
            }
        }
    }

    /// <summary>Bytes that the numbers take.</summary>
    public long Bytes => ((_narrow?.Length ?? 0) * 4L) + ((_long?.Length ?? 0) * 8L) + ((_wide?.Length ?? 0) * 16L);

    public Int128 this[int index]
    {
        get => _long is not null ? _long[index] : _narrow is not null ? _narrow[index] : _wide![index];
        set
        {
            Widen(value);
            if (_long is not null)
            {
                _long[index] = (long)value;
            }
            else if (_narrow is not null)
            {
                _narrow[index] = (int)value;
            }
            else
            {
                _wide![index] = value;
            }
        }
    }

    /// <summary>Makes a ring of another size; what begins at an index of the old one begins at 0 of the new one.</summary>
    public void Resize(int capacity, int first, int count)
    {
        (_narrow, _long, _wide) = (Unroll(_narrow, capacity, first, count), Unroll(_long, capacity, first, count), Unroll(_wide, capacity, first, count));
    }

    private static T[]? Unroll<T>(T[]? ring, int capacity, int first, int count)
    {
        if (ring is null)
        {
            return null;
        }

        var straight = new T[capacity];
        var head = Math.Min(count, ring.Length - first);
        ring.AsSpan(first, head).CopyTo(straight);
        ring.AsSpan(0, count - head).CopyTo(straight.AsSpan(head));
        return straight;
    }

    private void Widen(Int128 value)
    {
        if (_narrow is not null && (value < int.MinValue || value > int.MaxValue))
        {
            _long = Array.ConvertAll(_narrow, number => (long)number);
            _narrow = null;
        }

        if (_long is not null && (value < long.MinValue || value > long.MaxValue))
        {
            _wide = Array.ConvertAll(_long, number => (Int128)number);
            _long = null;
        }
    }
}
