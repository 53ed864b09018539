namespace TokenStream.Events;

/// <summary>
/// A run of UTF-8 bytes of one event: <see cref="Length"/> bytes from <see cref="Offset"/> of the record's value or, where the text had
/// JSON escapes, from <c>~Offset</c> of the decoder's scratch buffer. The default value is an absent or empty text.
/// </summary>
public readonly struct Utf8Slice(int offset, int length)
{
    public int Offset { get; } = offset;

    /// <summary>Number of bytes.</summary>
    public int Length { get; } = length;

    public bool IsEmpty => Length == 0;
}
