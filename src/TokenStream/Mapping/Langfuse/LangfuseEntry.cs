using TokenStream.Events;

namespace TokenStream.Mapping.Langfuse;

/// <summary>A text of a payload that is kept: as JSON has it, with its kind.</summary>
internal readonly struct KeptText
{
    /// <summary>Most bytes that the text of an event can have while all of it is escaped; anything longer cannot be one.</summary>
    private const int MostBytes = EventLimits.TextBytes * 6;

    /// <summary>Stands for a text that is too long for any event: a byte longer than one may be.</summary>
    private static readonly byte[] TooLong = [.. Enumerable.Repeat((byte)'x', EventLimits.TextBytes + 1)];

    private readonly byte[]? _bytes;
    private readonly JsonKind _kind;
    private readonly bool _isPlain;

    private KeptText(byte[] bytes, JsonKind kind, bool isPlain) => (_bytes, _kind, _isPlain) = (bytes, kind, isPlain);

    public bool IsThere => _bytes is not null;

    public ReadOnlySpan<byte> Bytes => _bytes;

    public JsonValue Value => _bytes is null ? default : new JsonValue(_kind, 0, _bytes.Length, _isPlain);

    public bool IsUsable => IsThere && NativeEventWriter.IsUsable(_bytes, Value);

    /// <summary>Copies a text that says something, or a number; none where there is neither.</summary>
    public static KeptText Of(ReadOnlySpan<byte> payload, in JsonValue value) =>
        !value.IsText && value.Kind != JsonKind.Number ? default
        : value.Length > MostBytes ? new KeptText(TooLong, value.Kind, isPlain: true)
        : new KeptText(value.Of(payload).ToArray(), value.Kind, value.IsPlain);

    /// <summary>The beginning of a text, to look into.</summary>
    public static KeptText Beginning(ReadOnlySpan<byte> payload, in JsonValue value) =>
        !value.IsText ? default
        : new KeptText(value.Of(payload)[..Math.Min(value.Length, MostBytes)].ToArray(), value.Kind, isPlain: false);
}

/// <summary>All that was told of one observation or trace so far; what is told later replaces what was told before.</summary>
internal sealed class LangfuseEntry(UInt128 key, byte[] id, int slots)
{
    /// <summary>Where the id of its trace is kept.</summary>
    public const int Trace = 0;

    /// <summary>Where the model is kept that was asked for: that of the event that began it.</summary>
    public const int Requested = 1;

    /// <summary>Where the model is kept that answered: that of a later event.</summary>
    public const int Answered = 2;

    /// <summary>Where the beginning of the message of an error is kept.</summary>
    public const int Status = 3;

    /// <summary>The first slot that is free for others.</summary>
    public const int FirstFree = 4;

    /// <summary>About what an entry takes without its texts.</summary>
    private const int OwnBytes = 400;

    private readonly KeptText[] _texts = new KeptText[slots];

    public UInt128 Key { get; } = key;

    public byte[] Id { get; } = id;

    /// <summary>About what it takes in memory.</summary>
    public int Bytes { get; private set; } = OwnBytes + id.Length + (slots * 16);

    public long? StartUs { get; set; }

    public long? EndUs { get; set; }

    public long? FirstTokenUs { get; set; }

    /// <summary>When the latest event about it was made.</summary>
    public long? TimestampUs { get; set; }

    public TokenCount MaxTokens { get; set; }

    public bool IsError { get; set; }

    public bool IsEmbedding { get; set; }

    public UsageMap Usage { get; set; }

    /// <summary>Whether the payload at hand told its usage or its end, so that it becomes an item.</summary>
    public bool IsDue { get; set; }

    /// <summary>Where its item stands among those of the payload at hand; -1 for none.</summary>
    public int ItemIndex { get; set; } = -1;

    /// <summary>Why no event can be made of it, by what the payload at hand says.</summary>
    public MappingError Error { get; set; }

    public ref readonly KeptText this[int slot] => ref _texts[slot];

    /// <summary>Keeps a text where there is one. Returns by how many bytes the entry has grown.</summary>
    public int Keep(int slot, KeptText text)
    {
        if (!text.IsThere)
        {
            return 0;
        }

        var grown = text.Bytes.Length - _texts[slot].Bytes.Length;
        _texts[slot] = text;
        Bytes += grown;
        return grown;
    }
}
