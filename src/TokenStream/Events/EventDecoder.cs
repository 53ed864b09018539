using System.Runtime.CompilerServices;

namespace TokenStream.Events;

/// <summary>
/// Decodes native JSON events. Never throws, whatever the bytes, and allocates nothing after its construction. One decoder belongs to one
/// thread; what is refused and why depends on the record alone, never on records before it.
/// </summary>
public sealed class EventDecoder
{
    private readonly DecodeScratch _scratch;
    private readonly LayoutBook _layouts;
    private readonly LayoutReader _layoutReader;

    /// <param name="labelKeys">The label keys that are dimensions, at most <see cref="UsageEvent.MaxLabels"/>.</param>
    /// <exception cref="ArgumentException">Too many keys, an empty or over-long one, or one twice.</exception>
    public EventDecoder(IReadOnlyList<string> labelKeys)
    {
        _scratch = new DecodeScratch(new LabelKeys(labelKeys));
        _layouts = new LayoutBook();
        _layoutReader = new LayoutReader(_scratch);
    }

    /// <summary>Records that were read along a layout learnt before, the fast way.</summary>
    public long Predicted => _layouts.Hits;

    /// <summary>
    /// Decodes one record. On false <paramref name="error"/> says why and the event is not to be used. The event's texts are read with
    /// <see cref="Text"/>, before the next call.
    /// </summary>
    public bool TryDecode(ReadOnlySpan<byte> record, ref UsageEvent e, out DecodeError error)
    {
        e = default;
        _scratch.Reset();
        var layout = _layouts.For(record);
        if (_layoutReader.TryRead(record, layout, ref e, out var detours))
        {
            _layouts.Read(record, layout, detours);
            error = default;
            return true;
        }

        return TryDecodeAnew(record, ref e, out error);
    }

    /// <summary>
    /// The last word on a record that could not be read along a layout: refused with its reason or, rarely, accepted after all.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool TryDecodeAnew(ReadOnlySpan<byte> record, ref UsageEvent e, out DecodeError error)
    {
        e = default;
        _scratch.Reset();
        var reader = new EventReader(record, _scratch, ref e);
        var accepted = reader.TryRead();
        error = reader.Error;
        if (accepted)
        {
            _layouts.Miss(record);
        }

        return accepted;
    }

    /// <summary>Where texts with escapes were undone: what slices with a complemented offset point into.</summary>
    public ReadOnlySpan<byte> Scratch => _scratch.Bytes;

    /// <summary>The UTF-8 bytes of a text of the event that was decoded last from <paramref name="record"/>.</summary>
    public ReadOnlySpan<byte> Text(ReadOnlySpan<byte> record, Utf8Slice slice) => _scratch.Text(record, slice);
}
