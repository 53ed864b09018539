namespace TokenStream.Mapping.Otlp;

/// <summary>What kind of value an attribute has.</summary>
internal enum OtlpKind : byte
{
    Absent = 0,
    Text,
    Boolean,
    Integer,
    Double,
    Array,
    Map,
    Bytes,

    /// <summary>A value that is there and cannot be read, such as a text with half a surrogate pair.</summary>
    Unusable,
}

/// <summary>
/// One value of a payload, where it stands: a text as raw UTF-8 without escapes, an array or map in the payload's own form. The default
/// value is an absent one.
/// </summary>
/// <param name="number">An integer, a boolean as 0 or 1, or the bits of a double.</param>
/// <param name="isCopy">Whether the bytes are those of an unescaped copy, not of the payload.</param>
internal readonly struct OtlpValue(OtlpKind kind, int offset, int length, long number = 0, bool isCopy = false)
{
    public OtlpKind Kind { get; } = kind;

    public bool IsCopy { get; } = isCopy;

    public int Offset { get; } = offset;

    public int Length { get; } = length;

    public long Number { get; } = number;

    public double Real => BitConverter.Int64BitsToDouble(Number);

    public bool IsThere => Kind != OtlpKind.Absent;

    /// <summary>A text that says something.</summary>
    public bool IsText => Kind == OtlpKind.Text && Length > 0;

    /// <summary>Something that can be written as a text: one that is not empty, or an integer.</summary>
    public bool HasText => IsText || Kind == OtlpKind.Integer;

    public bool IsTrue => Kind == OtlpKind.Boolean && Number != 0;
}
