using System.Text.Unicode;

namespace TokenStream.Events;

/// <summary>Undoes JSON's escapes and judges the text that results.</summary>
internal static class TextEscapes
{
    /// <summary>
    /// Writes a string's text, escapes undone, into <paramref name="target"/>. The source is what stands between the quotes, its escapes
    /// already known to be JSON's. <paramref name="strict"/> refuses control characters.
    /// </summary>
    public static DecodeReason Undo(ReadOnlySpan<byte> source, Span<byte> target, bool strict, out int length)
    {
        length = 0;
        var at = 0;
        while (at < source.Length)
        {
            if (length + 4 > target.Length && length + Width(source[at..]) > target.Length)
            {
                return DecodeReason.TextTooLong;
            }

            if (source[at] != '\\')
            {
                target[length++] = source[at++];
                continue;
            }

            if (!TryCodePoint(source, ref at, out var codePoint))
            {
                return DecodeReason.InvalidUtf8;
            }

            if (strict && codePoint < 0x20)
            {
                return DecodeReason.ControlCharacter;
            }

            length += new System.Text.Rune(codePoint).EncodeToUtf8(target[length..]);
        }

        return Utf8.IsValid(target[..length]) ? DecodeReason.None : DecodeReason.InvalidUtf8;
    }

    /// <summary>The value of four hexadecimal digits.</summary>
    public static bool TryHex4(ReadOnlySpan<byte> digits, out int value)
    {
        value = 0;
        for (var i = 0; i < 4; i++)
        {
            var digit = digits[i] switch
            {
                >= (byte)'0' and <= (byte)'9' => digits[i] - '0',
                >= (byte)'a' and <= (byte)'f' => digits[i] - 'a' + 10,
                >= (byte)'A' and <= (byte)'F' => digits[i] - 'A' + 10,
                _ => -1,
            };
            if (digit < 0)
            {
                return false;
            }

            value = (value << 4) | digit;
        }

        return true;
    }

    /// <summary>UTF-8 bytes that the character or escape at the beginning of the source becomes; 1 for a lone surrogate, refused later.</summary>
    private static int Width(ReadOnlySpan<byte> source)
    {
        var at = 0;
        return source[0] == '\\' && TryCodePoint(source, ref at, out var codePoint) ? new System.Text.Rune(codePoint).Utf8SequenceLength : 1;
    }

    private static bool TryCodePoint(ReadOnlySpan<byte> source, ref int at, out int codePoint)
    {
        var escape = source[at + 1];
        if (escape != 'u')
        {
            at += 2;
            codePoint = escape switch
            {
                (byte)'b' => '\b',
                (byte)'f' => '\f',
                (byte)'n' => '\n',
                (byte)'r' => '\r',
                (byte)'t' => '\t',
                _ => escape,
            };
            return true;
        }

        TryHex4(source.Slice(at + 2, 4), out codePoint);
        at += 6;
        if (codePoint is < 0xD800 or > 0xDFFF)
        {
            return true;
        }

        var paired = codePoint < 0xDC00 && at + 6 <= source.Length && source[at] == '\\' && source[at + 1] == 'u';
        if (!paired || !TryHex4(source.Slice(at + 2, 4), out var low) || low is < 0xDC00 or > 0xDFFF)
        {
            return false;
        }

        at += 6;
        codePoint = 0x10000 + ((codePoint - 0xD800) << 10) + (low - 0xDC00);
        return true;
    }
}
