using System.Runtime.CompilerServices;

namespace TokenStream.Events;

/// <summary>Which fields a record has named so far, and which of them were null.</summary>
internal struct EventFieldSet
{
    private ulong _named;
    private ulong _null;

    /// <summary>
    /// As <see cref="TryAdd(EventField)"/>, and whether the value is not null: <paramref name="valued"/> is the field's bit or none.
    /// Unknown fields may come again.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryAdd(EventField field, ulong valued)
    {
        var bit = Bit(field);
        var twice = _named & bit & ~Bit(EventField.None);
        _named |= bit;
        _null |= bit & ~valued;
        return twice == 0;
    }

    /// <summary>False where the field was named before.</summary>
    public bool TryAdd(EventField field)
    {
        var bit = Bit(field);
        var added = (_named & bit) == 0;
        _named |= bit;
        return added;
    }

    public void MarkNull(EventField field) => _null |= Bit(field);

    /// <summary>True where the field was named and not null.</summary>
    public readonly bool Contains(EventField field) => (_named & ~_null & Bit(field)) != 0;

    public static ulong Bit(EventField field) => 1UL << (int)field;
}
