using System.Text;

namespace TokenStream.Events;

/// <summary>
/// What a decoder keeps between two records: room for texts whose escapes were undone (valid until the next record), where each field's
/// value stood, and the configured label keys.
/// </summary>
internal sealed class DecodeScratch
{
    /// <summary>
    /// Every text that is kept or checked, at its bound, has room: 24 fields, 8 unit names, 4 labels, and the default environment.
    /// </summary>
    private const int TextBytes = 16 * 1024;

    /// <summary>The environment of an event that names none: production, so that a gateway's omission shows where people look.</summary>
    public static readonly Utf8Slice DefaultEnvironment = new(~0, 4);

    private readonly byte[] _text = new byte[TextBytes];
    private int _used;

    public DecodeScratch(LabelKeys labels)
    {
        Labels = labels;
        "prod"u8.CopyTo(_text);
        Reset();
    }

    public LabelKeys Labels { get; }

    /// <summary>
    /// Byte offset of each field's value in the current record, by <see cref="EventField"/>; valid for the fields it names.
    /// </summary>
    public int[] Offsets { get; } = new int[EventFieldTable.Count];

    public ReadOnlySpan<byte> Bytes => _text;

    /// <summary>Room for the next text.</summary>
    public Span<byte> Free => _text.AsSpan(_used);

    public void Reset() => _used = DefaultEnvironment.Length;

    /// <summary>Keeps the first bytes of <see cref="Free"/>.</summary>
    public Utf8Slice Take(int length)
    {
        var slice = new Utf8Slice(~_used, length);
        _used += length;
        return slice;
    }

    public ReadOnlySpan<byte> Text(ReadOnlySpan<byte> record, Utf8Slice slice) =>
        slice.Offset < 0 ? _text.AsSpan(~slice.Offset, slice.Length) : record.Slice(slice.Offset, slice.Length);
}

/// <summary>The label keys that are dimensions, in the configuration's order.</summary>
internal sealed class LabelKeys
{
    private readonly byte[][] _keys;

    /// <exception cref="ArgumentException">More than four keys, an empty or over-long one, or one twice.</exception>
    public LabelKeys(IReadOnlyList<string> keys)
    {
        if (keys.Count > UsageEvent.MaxLabels)
        {
            throw new ArgumentException(
                $"{keys.Count} label keys are configured; at most {UsageEvent.MaxLabels} can be dimensions.", nameof(keys));
        }

        if (keys.Distinct(StringComparer.Ordinal).Count() != keys.Count)
        {
            throw new ArgumentException("A label key is configured twice.", nameof(keys));
        }

        _keys = [.. keys.Select(Encoding.UTF8.GetBytes)];
        if (_keys.Any(key => key.Length is 0 or > EventLimits.NameBytes))
        {
            throw new ArgumentException($"A label key is empty or longer than {EventLimits.NameBytes} bytes.", nameof(keys));
        }
    }

    /// <summary>The position of a key; -1 where it is not configured.</summary>
    public int Find(ReadOnlySpan<byte> key)
    {
        for (var i = 0; i < _keys.Length; i++)
        {
            if (key.SequenceEqual(_keys[i]))
            {
                return i;
            }
        }

        return -1;
    }
}
