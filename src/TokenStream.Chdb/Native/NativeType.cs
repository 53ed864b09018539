namespace TokenStream.Chdb.Native;

/// <summary>How the values of a type lie in a Native block, as far as walking over them needs it.</summary>
internal enum NativeLayout
{
    /// <summary>A fixed number of bytes a row.</summary>
    Fixed,

    /// <summary>A length and bytes a row.</summary>
    Text,

    /// <summary>One byte a row, then the values.</summary>
    Nullable,

    /// <summary>Cumulative 8-byte offsets, then the elements of all rows.</summary>
    Array,

    /// <summary>Each element's column after the other.</summary>
    Tuple,

    /// <summary>A dictionary and indexes into it.</summary>
    LowCardinality,
}

/// <summary>A type of a Native column.</summary>
internal sealed class NativeType
{
    /// <summary>Set in a LowCardinality segment's flags where the segment brings its dictionary.</summary>
    private const long HasDictionary = 1L << 9;

    private readonly NativeLayout _layout;
    private readonly int _width;
    private readonly NativeType[] _parts;

    private NativeType(NativeLayout layout, int width, NativeType[] parts)
    {
        _layout = layout;
        _width = width;
        _parts = parts;
    }

    internal static NativeType Text { get; } = new(NativeLayout.Text, 0, []);

    /// <summary>The type without its Nullable: what a LowCardinality's dictionary holds.</summary>
    private NativeType Inner => _layout == NativeLayout.Nullable ? _parts[0] : this;

    internal static NativeType Fixed(int width) => new(NativeLayout.Fixed, width, []);

    internal static NativeType Of(NativeLayout layout, params NativeType[] parts) => new(layout, 0, parts);

    /// <summary>Walks over a column of so many rows.</summary>
    internal bool TrySkip(ref NativeCursor cursor, long rows) => rows == 0 || (TrySkipState(ref cursor) && TrySkipValues(ref cursor, rows));

    /// <summary>Before the values of the whole column stands the state of its parts: each LowCardinality's version.</summary>
    private bool TrySkipState(ref NativeCursor cursor)
    {
        if (_layout == NativeLayout.LowCardinality)
        {
            return cursor.TrySkip(sizeof(long));
        }
        foreach (var part in _parts)
        {
            if (!part.TrySkipState(ref cursor))
            {
                return false;
            }
        }
        return true;
    }

    private bool TrySkipValues(ref NativeCursor cursor, long rows)
    {
        switch (_layout)
        {
            case NativeLayout.Fixed:
                return cursor.TrySkip(rows, _width);
            case NativeLayout.Text:
                return cursor.TrySkipTexts(rows);
            case NativeLayout.Nullable:
                return cursor.TrySkip(rows) && _parts[0].TrySkipValues(ref cursor, rows);
            case NativeLayout.Array:
                if (rows == 0)
                {
                    return true;
                }
                return cursor.TrySkip(rows - 1, sizeof(long)) && cursor.TryInt64(out var elements) &&
                    _parts[0].TrySkipValues(ref cursor, elements);
            case NativeLayout.Tuple:
                foreach (var part in _parts)
                {
                    if (!part.TrySkipValues(ref cursor, rows))
                    {
                        return false;
                    }
                }
                return true;
            default:
                return TrySkipSegments(ref cursor, rows);
        }
    }

    private bool TrySkipSegments(ref NativeCursor cursor, long rows)
    {
        while (rows > 0)
        {
            if (!cursor.TryInt64(out var flags))
            {
                return false;
            }
            var indexWidth = (flags & 0xFF) switch
            {
                0 => 1,
                1 => 2,
                2 => 4,
                3 => 8,
                _ => throw new NativeFormatException(
                    $"The engine's Native answer holds an unknown index type {flags & 0xFF} in a LowCardinality column."),
            };
            if ((flags & HasDictionary) != 0 && !(cursor.TryInt64(out var values) && _parts[0].Inner.TrySkipValues(ref cursor, values)))
            {
                return false;
            }
            if (!cursor.TryInt64(out var indexes))
            {
                return false;
            }
            if (indexes <= 0 || indexes > rows)
            {
                throw new NativeFormatException(
                    $"The engine's Native answer holds {indexes} indexes for {rows} rows of a LowCardinality column.");
            }
            if (!cursor.TrySkip(indexes, indexWidth))
            {
                return false;
            }
            rows -= indexes;
        }
        return true;
    }
}
