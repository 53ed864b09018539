namespace TokenStream.Events;

/// <summary>Which fields a record has named so far, and which of them were null.</summary>
internal struct EventFieldSet
{
    private ulong _named;
    private ulong _null;

    public EventFieldSet(ulong named, ulong valued)
    {
        _named = named;
        _null = named & ~valued;
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
