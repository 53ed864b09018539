namespace TokenStream.Mapping;

/// <summary>What became of one item of a payload: a native event, or a refusal.</summary>
public struct MappedItem
{
    internal int Start;
    internal int Length;

    /// <summary>Why there is no event; the default where there is one.</summary>
    public MappingError Error { get; internal set; }

    public readonly bool IsEvent => Error.Reason == MappingReason.None;

    /// <summary>How sure its counts are.</summary>
    public Standing Standing { get; internal set; }

    /// <summary>Whether nothing named the tenant, so that the configured one was taken.</summary>
    public bool IsTenantDefault { get; internal set; }

    /// <summary>Optional texts that an event cannot carry, so that they were left out.</summary>
    public int OmittedTexts { get; internal set; }
}

/// <summary>What the items of one payload became, in their order. Filled again and again by a mapper; its memory is kept.</summary>
public sealed class MappedEvents
{
    private MappedItem[] _items = new MappedItem[16];

    internal NativeEventWriter Writer { get; } = new();

    /// <summary>Number of items.</summary>
    public int Count { get; private set; }

    /// <summary>Where each field was read and by which rule; null where nobody asks, as on the data path.</summary>
    public MappingTrace? Trace
    {
        get => Writer.Trace;
        init => Writer.Trace = value;
    }

    public ref readonly MappedItem this[int item] => ref _items.AsSpan(0, Count)[item];

    /// <summary>The native event of an item, JSON; valid until the next payload is mapped.</summary>
    public ReadOnlySpan<byte> Event(int item) => Writer.Written.Slice(this[item].Start, this[item].Length);

    internal void Clear()
    {
        Count = 0;
        Writer.Clear();
    }

    /// <summary>Adds an item that is yet to be written.</summary>
    internal ref MappedItem Add()
    {
        if (Count == _items.Length)
        {
            Array.Resize(ref _items, Count * 2);
        }

        ref var item = ref _items[Count++];
        item = new MappedItem { Start = Writer.Written.Length };
        Writer.BeginEvent();
        return ref item;
    }

    internal static void Refuse(ref MappedItem item, MappedEvents events, MappingError error)
    {
        item.Error = error;
        events.Writer.Rewind(item.Start);
    }

    /// <summary>Refuses the payload as a whole: what was mapped of it is forgotten.</summary>
    internal void RefuseAll(MappingError error)
    {
        Clear();
        Refuse(ref Add(), this, error);
    }

    internal void End(ref MappedItem item)
    {
        Writer.EndEvent();
        item.OmittedTexts = Writer.OmittedTexts;
        item.Length = Writer.Written.Length - item.Start;
    }
}
