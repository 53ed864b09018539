using System.Buffers.Text;
using System.Text;

namespace TokenStream.Mapping;

/// <summary>
/// Translates literals of Python, as <c>repr</c> writes dicts, lists, texts, numbers and <c>None</c>, to JSON. Whether the result is JSON
/// is for its reader to find: only what has no counterpart, such as an object, ends the translation.
/// </summary>
internal static class PythonLiteral
{
    /// <summary>No byte becomes more than two: a quote within quotes of the other kind gets a backslash.</summary>
    public const int MostGrowth = 2;

    /// <summary>Translates into a buffer of <see cref="MostGrowth"/> times the length; false for what is no literal.</summary>
    public static bool TryToJson(ReadOnlySpan<byte> literal, Span<byte> json, out int length)
    {
        length = 0;
        for (var at = 0; at < literal.Length;)
        {
            var next = literal[at];
            if (next is (byte)'\'' or (byte)'"')
            {
                if (!TryText(literal, ref at, json, ref length))
                {
                    return false;
                }
            }
            else if (next is >= (byte)'A' and <= (byte)'Z' or >= (byte)'a' and <= (byte)'z')
            {
                if (!TryWord(literal, ref at, json, ref length))
                {
                    return false;
                }
            }
            else
            {
                // A tuple is a list, and a tuple of one has a comma at its end.
                var isEnd = next is (byte)')' or (byte)']';
                length -= isEnd && length > 0 && json[length - 1] == ',' ? 1 : 0;
                json[length++] = next switch { (byte)'(' => (byte)'[', (byte)')' => (byte)']', _ => next };
                at++;
            }
        }

        return true;
    }

    /// <summary>A word, or the exponent of a number, which follows a digit or a point.</summary>
    private static bool TryWord(ReadOnlySpan<byte> literal, ref int at, Span<byte> json, ref int length)
    {
        var rest = literal[at..];
        if (rest[0] is (byte)'e' or (byte)'E' && length > 0 && json[length - 1] is >= (byte)'0' and <= (byte)'9' or (byte)'.')
        {
            json[length++] = rest[0];
            at++;
            return true;
        }

        var word = rest.StartsWith("None"u8) ? "null"u8
            : rest.StartsWith("True"u8) ? "true"u8
            : rest.StartsWith("False"u8) ? "false"u8
            : default;
        word.CopyTo(json[length..]);

        // Each word is as long as its counterpart.
        (at, length) = (at + word.Length, length + word.Length);
        return !word.IsEmpty;
    }

    private static bool TryText(ReadOnlySpan<byte> literal, ref int at, Span<byte> json, ref int length)
    {
        var quote = literal[at++];
        json[length++] = (byte)'"';
        while (at < literal.Length)
        {
            var next = literal[at];
            if (next == quote)
            {
                at++;
                json[length++] = (byte)'"';
                return true;
            }

            if (next == '\\')
            {
                if (!TryEscape(literal, ref at, json, ref length))
                {
                    return false;
                }

                continue;
            }

            if (next == '"')
            {
                json[length++] = (byte)'\\';
            }

            json[length++] = next;
            at++;
        }

        return false;
    }

    /// <summary>An escape of Python's that JSON has, or one of the character that it stands for.</summary>
    private static bool TryEscape(ReadOnlySpan<byte> literal, ref int at, Span<byte> json, ref int length)
    {
        if (at + 1 >= literal.Length)
        {
            return false;
        }

        var kind = literal[at + 1];
        var digits = kind switch { (byte)'x' => 2, (byte)'u' => 4, (byte)'U' => 8, _ => 0 };
        if (digits == 0)
        {
            at += 2;
            if (kind == '\'')
            {
                json[length++] = kind;
                return true;
            }

            json[length++] = (byte)'\\';
            json[length++] = kind;
            return kind is (byte)'\\' or (byte)'"' or (byte)'n' or (byte)'r' or (byte)'t';
        }

        if (at + 2 + digits > literal.Length
            || !Utf8Parser.TryParse(literal.Slice(at + 2, digits), out uint code, out var read, 'x') || read != digits)
        {
            return false;
        }

        at += 2 + digits;
        if (digits == 4 || code is < 0x20 or '"' or '\\')
        {
            // Half a surrogate pair stays one, and is found where the text is used; what would end the text must not stand there as it is.
            "\\u"u8.CopyTo(json[length..]);
            Utf8Formatter.TryFormat(code, json[(length + 2)..], out var written, new System.Buffers.StandardFormat('x', 4));
            length += 2 + written;
            return true;
        }

        if (!Rune.TryCreate(code, out var rune))
        {
            return false;
        }

        length += rune.EncodeToUtf8(json[length..]);
        return true;
    }
}
