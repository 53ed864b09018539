using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace TokenStream.Events;

/// <summary>
/// Finds the end of names and scalars that are written as everybody writes them, without asking for the text's end at each byte: whoever
/// calls knows that <see cref="Room"/> bytes are there. What is not of the usual form is left to <see cref="JsonScanner"/>, right or wrong.
/// </summary>
internal static class UsualJson
{
    /// <summary>
    /// So many bytes from a member's beginning on are looked at without asking whether they are there: a name and a text of 64 bytes, each
    /// with its quotes, and what stands between and behind them.
    /// </summary>
    public const int Room = (2 * (64 + 2)) + 8;

    private const int MostDigits = 32;

    private static readonly uint NullWord = MemoryMarshal.Read<uint>("null"u8);
    private static readonly uint TrueWord = MemoryMarshal.Read<uint>("true"u8);
    private static readonly uint FalsWord = MemoryMarshal.Read<uint>("fals"u8);

    /// <summary>The place behind a scalar of the usual form; negative where it is none.</summary>
    public static int EndOfScalar(ref byte text, int value)
    {
        var word = Unsafe.ReadUnaligned<uint>(ref Unsafe.Add(ref text, value));
        switch (Unsafe.Add(ref text, value))
        {
            case (byte)'n' or (byte)'t':
                return word == NullWord || word == TrueWord ? value + 4 : -1;
            case (byte)'"':
                var end = EndOfText(ref text, value + 1);
                return end < 0 ? -1 : end + 1;
            case (byte)'f':
                return word == FalsWord && Unsafe.Add(ref text, value + 4) == 'e' ? value + 5 : -1;
            case (byte)'-' or (>= (byte)'0' and <= (byte)'9'):
                return EndOfNumber(ref text, value);
            default:
                return -1;
        }
    }

    /// <summary>
    /// The closing quote of a plain text of less than 64 bytes; negative where it has something else first, or is longer.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int EndOfText(ref byte text, int start)
    {
        var special = JsonScanner.Special(Vector256.LoadUnsafe(ref text, (nuint)start))
            | ((ulong)JsonScanner.Special(Vector256.LoadUnsafe(ref text, (nuint)start + 32)) << 32);
        var end = start + BitOperations.TrailingZeroCount(special);
        return special != 0 && Unsafe.Add(ref text, end) == '"' ? end : -1;
    }

    /// <summary>The place behind a number of less than 32 bytes; negative where it is none, or is longer.</summary>
    private static int EndOfNumber(ref byte text, int start)
    {
        var limit = start + MostDigits;
        var first = Unsafe.Add(ref text, start) == '-' ? start + 1 : start;
        var at = EndOfDigits(ref text, first, limit);
        if (at == first || (at - first > 1 && Unsafe.Add(ref text, first) == '0'))
        {
            return -1;
        }

        if (Unsafe.Add(ref text, at) == '.')
        {
            first = at + 1;
            at = EndOfDigits(ref text, first, limit);
            if (at == first)
            {
                return -1;
            }
        }

        if (Unsafe.Add(ref text, at) is (byte)'e' or (byte)'E')
        {
            first = Unsafe.Add(ref text, at + 1) is (byte)'+' or (byte)'-' ? at + 2 : at + 1;
            at = EndOfDigits(ref text, first, limit);
            if (at == first)
            {
                return -1;
            }
        }

        return at < limit ? at : -1;
    }

    private static int EndOfDigits(ref byte text, int at, int limit)
    {
        while (at < limit && Unsafe.Add(ref text, at) is >= (byte)'0' and <= (byte)'9')
        {
            at++;
        }

        return at;
    }
}
