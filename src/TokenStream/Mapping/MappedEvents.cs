using System.Text;

namespace TokenStream.Mapping;

/// <summary>What became of one item of a payload: a native event, or a refusal.</summary>
public struct MappedItem
{
    internal int Start;
    internal int Length;
    internal int TenantStart;
    internal int TenantLength;
    internal int EmitterStart;
    internal int EmitterLength;

    /// <summary>Why there is no event; the default where there is one.</summary>
    public MappingError Error { get; internal set; }

    public readonly bool IsEvent => Error.Reason == MappingReason.None;

    /// <summary>How sure its counts are.</summary>
    public Standing Standing { get; internal set; }

    /// <summary>Whether nothing named the tenant, so that the configured one was taken.</summary>
    public bool IsTenantDefault { get; internal set; }

    /// <summary>Whether the request failed or was refused: it has no usage, and that is not unknown.</summary>
    public bool IsFailed { get; internal set; }

    /// <summary>Optional texts that an event cannot carry, so that they were left out.</summary>
    public int OmittedTexts { get; internal set; }
}

/// <summary>An event that a batch told of: where its id stands in the payload, as JSON has it, and what it became part of.</summary>
/// <param name="IdLength">0 where it has no id.</param>
/// <param name="Item">The item; -1 where it is context alone, or waits for a later event.</param>
public readonly record struct SourceEvent(int IdOffset, int IdLength, int Item);

/// <summary>What the items of one payload became, in their order. Filled again and again by a mapper; its memory is kept.</summary>
public sealed class MappedEvents
{
    /// <summary>Most bytes that are kept of an emitter's name and version.</summary>
    private const int EmitterBytes = 64;

    private readonly List<SourceEvent> _sources = [];
    private MappedItem[] _items = new MappedItem[16];
    private byte[] _emitters = new byte[1024];
    private int _emittersLength;
    private int _emitterStart;

    /// <summary>
    /// What the payload held beside its items and gave no event, as it should: spans of other work, and what sums up requests that are
    /// items themselves.
    /// </summary>
    public int ContextItems { get; internal set; }

    /// <summary>What told of a request that another item of the payload tells of, so that it counts once.</summary>
    public int DuplicateItems { get; internal set; }

    internal NativeEventWriter Writer { get; } = new();

    /// <summary>Number of items.</summary>
    public int Count { get; private set; }

    /// <summary>Where each field was read and by which rule; null where nobody asks, as on the data path.</summary>
    public MappingTrace? Trace
    {
        get => Writer.Trace;
        init => Writer.Trace = value;
    }

    /// <summary>
    /// For a source that answers for each event of a batch: the batch's events, in its order. Empty for the others, and where the payload
    /// as a whole is refused.
    /// </summary>
    public IReadOnlyList<SourceEvent> Sources => _sources;

    public ref readonly MappedItem this[int item] => ref _items.AsSpan(0, Count)[item];

    /// <summary>The native event of an item, JSON; valid until the next payload is mapped.</summary>
    public ReadOnlySpan<byte> Event(int item) => Writer.Written.Slice(this[item].Start, this[item].Length);

    /// <summary>
    /// Who wrote an item and in which version, as it says itself: <c>litellm/1.106.2</c>, or the name alone where no version is told.
    /// Printable ASCII.
    /// </summary>
    public ReadOnlySpan<byte> Emitter(int item) => _emitters.AsSpan(this[item].EmitterStart, this[item].EmitterLength);

    /// <summary>The tenant of an item that is an event, as it stands in the JSON.</summary>
    public ReadOnlySpan<byte> Tenant(int item) => Writer.Written.Slice(this[item].TenantStart, this[item].TenantLength);

    internal void Clear()
    {
        Count = 0;
        _sources.Clear();
        (ContextItems, DuplicateItems) = (0, 0);
        (_emittersLength, _emitterStart) = (0, 0);
        Writer.Clear();
    }

    /// <summary>Names who wrote the items that are added from here on; a version is optional.</summary>
    internal void SetEmitter(ReadOnlySpan<byte> name, ReadOnlySpan<byte> version = default)
    {
        if (_emitters.Length < _emittersLength + EmitterBytes)
        {
            Array.Resize(ref _emitters, _emitters.Length * 2);
        }

        _emitterStart = _emittersLength;
        AppendEmitter(name);
        if (!version.IsEmpty)
        {
            AppendEmitter("/"u8);
            AppendEmitter(version);
        }
    }

    /// <summary>
    /// Names the emitter by the product of a user agent (RFC 9110, section 10.1.5) that begins with its name, and by the name alone where
    /// another one sent the payload.
    /// </summary>
    internal void SetEmitterOfAgent(ReadOnlySpan<byte> userAgent, ReadOnlySpan<byte> name)
    {
        var product = userAgent[..(userAgent.IndexOf((byte)' ') is >= 0 and var space ? space : userAgent.Length)];
        var isItself = product.Length > name.Length && product[name.Length] == '/' && Ascii.EqualsIgnoreCase(product[..name.Length], name);
        SetEmitter(name, isItself ? product[(name.Length + 1)..] : default);
    }

    /// <summary>Adds an item that is yet to be written.</summary>
    internal ref MappedItem Add()
    {
        if (Count == _items.Length)
        {
            Array.Resize(ref _items, Count * 2);
        }

        ref var item = ref _items[Count++];
        item = new MappedItem
        {
            Start = Writer.Written.Length, EmitterStart = _emitterStart, EmitterLength = _emittersLength - _emitterStart,
        };
        Writer.BeginEvent();
        return ref item;
    }

    internal void AddSource(SourceEvent source) => _sources.Add(source);

    internal static void Refuse(ref MappedItem item, MappedEvents events, MappingError error)
    {
        item.Error = error;
        events.Writer.Rewind(item.Start);
    }

    /// <summary>Corrects where an item was refused, where its bytes were not read as they were sent.</summary>
    internal void MoveError(int item, int offset) => _items[item].Error = _items[item].Error with { Offset = offset };

    /// <summary>Refuses the payload as a whole: what was mapped of it is forgotten.</summary>
    internal void RefuseAll(MappingError error)
    {
        Clear();
        Refuse(ref Add(), this, error);
    }

    /// <summary>Ends an item: with its event, or refused where there is an error.</summary>
    internal void End(ref MappedItem item, MappingError error)
    {
        if (error.Reason == MappingReason.None)
        {
            End(ref item);
        }
        else
        {
            Refuse(ref item, this, error);
        }
    }

    internal void End(ref MappedItem item)
    {
        Writer.EndEvent();
        (item.OmittedTexts, item.IsFailed) = (Writer.OmittedTexts, Writer.IsFailed);
        (item.TenantStart, item.TenantLength) = Writer.Tenant;
        item.Length = Writer.Written.Length - item.Start;
    }

    private void AppendEmitter(ReadOnlySpan<byte> text)
    {
        foreach (var letter in text[..Math.Min(text.Length, EmitterBytes - (_emittersLength - _emitterStart))])
        {
            _emitters[_emittersLength++] = letter is > 0x20 and < 0x7F and not ((byte)'"' or (byte)'\\') ? letter : (byte)'_';
        }
    }
}
