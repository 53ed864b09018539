using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace TokenStream.Events;

/// <summary>
/// Reads JSON (RFC 8259, nothing more) piece by piece. A method that returns false leaves <see cref="Failure"/> and <see cref="At"/>, the
/// byte that is to blame; the scanner is not used further then.
/// </summary>
internal ref struct JsonScanner(ReadOnlySpan<byte> text)
{
    private readonly ReadOnlySpan<byte> _text = text;

    /// <summary>Byte offset of what is read next.</summary>
    public int At;

    public DecodeReason Failure;

    /// <summary>The next byte after blanks, 0 at the end: no value begins with it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public byte Peek()
    {
        while ((uint)At < (uint)_text.Length)
        {
            var next = _text[At];
            if (next > ' ')
            {
                return next;
            }

            if (next is not ((byte)' ' or (byte)'\n' or (byte)'\r' or (byte)'\t'))
            {
                return 0;
            }

            At++;
        }

        return 0;
    }

    /// <summary>Takes one punctuation byte, blanks before it included.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryTake(byte expected)
    {
        if (Peek() != expected)
        {
            return Fail(DecodeReason.InvalidJson);
        }

        At++;
        return true;
    }

    /// <summary>True where nothing but blanks is left.</summary>
    public bool AtEnd()
    {
        Peek();
        return At == _text.Length;
    }

    public readonly ReadOnlySpan<byte> Slice(int start, int length) => _text.Slice(start, length);

    /// <summary>
    /// Reads a string whose opening quote is next. <paramref name="start"/> and <paramref name="length"/> are its bytes as they stand;
    /// <paramref name="plain"/> says that they are ASCII without escapes. Escapes are checked to be JSON's; UTF-8 is not checked here.
    /// </summary>
    public bool TryString(out int start, out int length, out bool plain)
    {
        start = At + 1;
        length = 0;
        plain = true;
        if (!TryTake((byte)'"'))
        {
            return false;
        }

        start = At;
        while (true)
        {
            At += PlainPrefix(_text[At..]);
            if (At == _text.Length)
            {
                return Fail(DecodeReason.InvalidJson);
            }

            var next = _text[At];
            if (next == '"')
            {
                length = At++ - start;
                return true;
            }

            plain = false;
            if (next == '\\' ? !TryEscape() : !TryBeyondAscii(next))
            {
                return false;
            }
        }
    }

    /// <summary>Number of leading bytes that are neither a quote, a backslash, a control character nor beyond ASCII.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int PlainPrefix(ReadOnlySpan<byte> text)
    {
        var at = 0;
        ref var first = ref MemoryMarshal.GetReference(text);
        for (; at <= text.Length - Vector256<byte>.Count; at += Vector256<byte>.Count)
        {
            var special = Special(Vector256.LoadUnsafe(ref first, (nuint)at));
            if (special != 0)
            {
                return at + System.Numerics.BitOperations.TrailingZeroCount(special);
            }
        }

        while (at < text.Length && text[at] is >= 0x20 and < 0x80 and not (byte)'"' and not (byte)'\\')
        {
            at++;
        }

        return at;
    }

    /// <summary>One bit for each byte that ends a plain run; as a signed number a byte beyond ASCII is below the blank, too.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Special(Vector256<byte> bytes)
    {
        var controlOrBeyond = Vector256.LessThan(bytes.AsSByte(), Vector256.Create((sbyte)0x20)).AsByte();
        var quote = Vector256.Equals(bytes, Vector256.Create((byte)'"'));
        var backslash = Vector256.Equals(bytes, Vector256.Create((byte)'\\'));
        return (controlOrBeyond | quote | backslash).ExtractMostSignificantBits();
    }

    private bool TryBeyondAscii(byte next)
    {
        if (next < 0x20)
        {
            return Fail(DecodeReason.InvalidJson);
        }

        At++;
        return true;
    }

    private bool TryEscape()
    {
        if (At + 1 >= _text.Length)
        {
            return Fail(DecodeReason.InvalidJson);
        }

        switch (_text[At + 1])
        {
            case (byte)'"' or (byte)'\\' or (byte)'/' or (byte)'b' or (byte)'f' or (byte)'n' or (byte)'r' or (byte)'t':
                At += 2;
                return true;
            case (byte)'u' when At + 6 <= _text.Length && TextEscapes.TryHex4(_text.Slice(At + 2, 4), out _):
                At += 6;
                return true;
            default:
                return Fail(DecodeReason.InvalidJson);
        }
    }

    /// <summary>
    /// Reads a number. <paramref name="value"/> is exact where it is an integer of at most 18 digits; <paramref name="integer"/> is false
    /// with a fraction or an exponent; <paramref name="inRange"/> is false beyond 18 digits.
    /// </summary>
    public bool TryNumber(out long value, out bool integer, out bool inRange)
    {
        value = 0;
        integer = true;
        inRange = true;
        Peek();
        var negative = Next() == '-';
        At += negative ? 1 : 0;
        var first = At;
        while (Next() is >= (byte)'0' and <= (byte)'9')
        {
            value = At - first < 18 ? (value * 10) + (_text[At] - '0') : value;
            At++;
        }

        var digits = At - first;
        if (digits == 0 || (digits > 1 && _text[first] == '0'))
        {
            At = first;
            return Fail(DecodeReason.InvalidJson);
        }

        inRange = digits <= 18;
        value = negative ? -value : value;
        integer = Next() is not ((byte)'.' or (byte)'e' or (byte)'E');
        return integer || TryFractionAndExponent();
    }

    private bool TryFractionAndExponent()
    {
        if (Next() == '.')
        {
            At++;
            if (!TryDigits())
            {
                return false;
            }
        }

        if (Next() is not ((byte)'e' or (byte)'E'))
        {
            return true;
        }

        At++;
        At += Next() is (byte)'+' or (byte)'-' ? 1 : 0;
        return TryDigits();
    }

    private bool TryDigits()
    {
        var first = At;
        while (Next() is >= (byte)'0' and <= (byte)'9')
        {
            At++;
        }

        return At > first || Fail(DecodeReason.InvalidJson);
    }

    private readonly byte Next() => (uint)At < (uint)_text.Length ? _text[At] : (byte)0;

    /// <summary>
    /// Reads one of the three literals; <paramref name="literal"/> is spelt out by the caller, who has seen its first byte.
    /// </summary>
    public bool TryLiteral(ReadOnlySpan<byte> literal)
    {
        if (!_text[At..].StartsWith(literal))
        {
            return Fail(DecodeReason.InvalidJson);
        }

        At += literal.Length;
        return true;
    }

    /// <summary>
    /// Reads any value and forgets it. <paramref name="depth"/> is the number of objects and arrays that are open around it.
    /// </summary>
    public bool TrySkip(int depth)
    {
        if (Peek() is not ((byte)'{' or (byte)'[') && At <= _text.Length - UsualJson.Room
            && UsualJson.EndOfScalar(ref MemoryMarshal.GetReference(_text), At) is >= 0 and var end)
        {
            At = end;
            return true;
        }

        // One bit for each open level, the innermost lowest: 1 for an object.
        var objects = 0UL;
        var open = 0;
        while (true)
        {
            var next = Peek();
            if (next is (byte)'{' or (byte)'[')
            {
                if (depth + open == EventLimits.Depth)
                {
                    return Fail(DecodeReason.TooDeep);
                }

                At++;
                open++;
                objects = (objects << 1) | (next == '{' ? 1UL : 0UL);
                if (Peek() != (next == '{' ? '}' : ']'))
                {
                    if (next == '{' && !TryFirstOfMembers())
                    {
                        return false;
                    }

                    continue;
                }
            }
            else if (!TryScalar(next))
            {
                return false;
            }

            if (!TryClose(ref objects, ref open))
            {
                return false;
            }

            if (open == 0)
            {
                return true;
            }
        }
    }

    /// <summary>After a value: closes what ends here, and stops before the next value.</summary>
    private bool TryClose(ref ulong objects, ref int open)
    {
        while (open > 0)
        {
            var isObject = (objects & 1) != 0;
            var next = Peek();
            if (next == ',')
            {
                At++;
                return !isObject || TryFirstOfMembers();
            }

            if (next != (isObject ? '}' : ']'))
            {
                return Fail(DecodeReason.InvalidJson);
            }

            At++;
            open--;
            objects >>= 1;
        }

        return true;
    }

    /// <summary>Skips what members there are of the usual form, and reads the name of the first that is not.</summary>
    private bool TryFirstOfMembers()
    {
        SkipUsualMembers();
        return TryMemberName(out _, out _, out _);
    }

    /// <summary>Reads the name of a member and its colon.</summary>
    public bool TryMemberName(out int start, out int length, out bool plain)
    {
        ref var text = ref MemoryMarshal.GetReference(_text);
        if (At <= _text.Length - UsualJson.Room && Unsafe.Add(ref text, At) == '"'
            && UsualJson.EndOfText(ref text, At + 1) is >= 0 and var end && Unsafe.Add(ref text, end + 1) == ':')
        {
            (start, length, plain) = (At + 1, end - At - 1, true);
            At = end + 2;
            return true;
        }

        return TryString(out start, out length, out plain) && TryTake((byte)':');
    }

    /// <summary>
    /// Skips members that another one follows and that are written as everybody writes them: a plain name of less than 64 bytes, a literal,
    /// a number or a plain short text, a blank at most behind colon and comma. What is not exactly so is left to the rest of the scanner,
    /// which also finds every fault. Logs of gateways consist of such members: half the time of a payload of LiteLLM goes here.
    /// </summary>
    private void SkipUsualMembers()
    {
        Peek();
        ref var text = ref MemoryMarshal.GetReference(_text);
        var last = _text.Length - UsualJson.Room;
        while (At <= last && Unsafe.Add(ref text, At) == '"')
        {
            var name = UsualJson.EndOfText(ref text, At + 1);
            if (name < 0 || Unsafe.Add(ref text, name + 1) != ':')
            {
                return;
            }

            var value = UsualJson.EndOfScalar(ref text, name + (Unsafe.Add(ref text, name + 2) == ' ' ? 3 : 2));
            if (value < 0 || Unsafe.Add(ref text, value) != ',')
            {
                return;
            }

            At = value + (Unsafe.Add(ref text, value + 1) == ' ' ? 2 : 1);
        }
    }

    private bool TryScalar(byte next) => next switch
    {
        (byte)'"' => TryString(out _, out _, out _),
        (byte)'t' => TryLiteral("true"u8),
        (byte)'f' => TryLiteral("false"u8),
        (byte)'n' => TryLiteral("null"u8),
        _ => TryNumber(out _, out _, out _),
    };

    private bool Fail(DecodeReason reason)
    {
        Failure = reason;
        return false;
    }
}
