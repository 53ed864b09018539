using System.Text;
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
        Span<byte> character = stackalloc byte[4];
        for (var at = 0; at < source.Length;)
        {
            var plain = source[at..].IndexOf((byte)'\\');
            plain = plain < 0 ? source.Length - at : plain;
            if (!TryAppend(source.Slice(at, plain), target, ref length))
            {
                return DecodeReason.TextTooLong;
            }

            at += plain;
            if (at == source.Length)
            {
                break;
            }

            if (!TryCodePoint(source, ref at, out var codePoint))
            {
                return DecodeReason.InvalidUtf8;
            }

            if (strict && codePoint < 0x20)
            {
                return DecodeReason.ControlCharacter;
            }

            if (!TryAppend(character[..new Rune(codePoint).EncodeToUtf8(character)], target, ref length))
            {
                return DecodeReason.TextTooLong;
            }
        }

        return Utf8.IsValid(target[..length]) ? DecodeReason.None : DecodeReason.InvalidUtf8;
    }

    private static bool TryAppend(ReadOnlySpan<byte> bytes, Span<byte> target, ref int length)
    {
        var fits = bytes.TryCopyTo(target[length..]);
        length += fits ? bytes.Length : 0;
        return fits;
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
