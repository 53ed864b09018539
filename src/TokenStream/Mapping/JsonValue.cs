namespace TokenStream.Mapping;

/// <summary>
/// What stands at a path. Absent and null are two things to a reader of payloads, though both mean that nothing is known.
/// </summary>
internal enum JsonKind : byte
{
    Absent = 0,
    Null,
    Text,
    Number,
    True,
    False,
    Object,
    Array,
}

/// <summary>
/// One value of a payload, where it stands: a text without its quotes and with its escapes, everything else as written. The default value
/// is an absent one.
/// </summary>
internal readonly struct JsonValue(JsonKind kind, int offset, int length, bool isPlain = false, long number = 0)
{
    public JsonKind Kind { get; } = kind;

    /// <summary>Whether a text is ASCII without escapes, or a number is an integer of at most 18 digits.</summary>
    public bool IsPlain { get; } = isPlain;

    public int Offset { get; } = offset;

    public int Length { get; } = length;

    /// <summary>The value of a number that is plain.</summary>
    public long Number { get; } = number;

    /// <summary>Neither absent nor null.</summary>
    public bool IsThere => Kind > JsonKind.Null;

    /// <summary>A text that says something.</summary>
    public bool IsText => Kind == JsonKind.Text && Length > 0;

    /// <summary>The bytes in the payload, empty for what is absent.</summary>
    public ReadOnlySpan<byte> Of(ReadOnlySpan<byte> payload) => payload.Slice(Offset, Length);

    /// <summary>Whether this is the text given, written without escapes.</summary>
    public bool Is(ReadOnlySpan<byte> payload, ReadOnlySpan<byte> text) => Kind == JsonKind.Text && Of(payload).SequenceEqual(text);
}
