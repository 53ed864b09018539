using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace TokenStream.Events;

/// <summary>
/// Reads records along a layout that was learnt: the bytes between two values are compared as one vector where they should be, a value is
/// read by its expected form. Members out of order are found by name, others are left to the general reader, one by one; what may have to
/// be refused is left to it as a whole.
/// </summary>
/// <remarks>
/// No load reaches beyond the record: a step loads at most <see cref="StepReach"/> bytes, and before one could pass the record's end the
/// reading goes on in a copy of the record's last bytes, with zeros after them.
/// </remarks>
internal sealed unsafe class LayoutReader
{
    /// <summary>Most bytes that one step looks at: its literal, and two vectors of text.</summary>
    private const int StepReach = 96;

    /// <summary>Bytes of the record's end that are copied: a step that begins beyond its last 96 is inside.</summary>
    private const int TailBytes = 128;

    private const int VectorBytes = 32;

    private readonly DecodeScratch _scratch;
    private readonly byte[] _tailMemory = GC.AllocateArray<byte>(TailBytes + StepReach + VectorBytes, pinned: true);
    private readonly byte* _tailEnd;
    private Vector128<byte> _minuteText;
    private long _minuteMs;

    public LayoutReader(DecodeScratch scratch)
    {
        _scratch = scratch;
        _tailEnd = (byte*)Marshal.UnsafeAddrOfPinnedArrayElement(_tailMemory, TailBytes);
    }

    /// <summary>True where something was learnt and the record begins so.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Begins(ReadOnlySpan<byte> record, RecordLayout layout) =>
        layout.IsLearnt && record.Length >= VectorBytes
        && Matches(layout.Steps, Vector256.LoadUnsafe(ref MemoryMarshal.GetReference(record)));

    /// <summary>
    /// Reads a record along a layout. False where the record may have to be refused: nothing is decided then, and the event is half filled.
    /// <paramref name="detours"/>: how many members were not the next ones of the layout.
    /// </summary>
    public bool TryRead(ReadOnlySpan<byte> record, RecordLayout layout, ref UsageEvent e, out int detours)
    {
        detours = 0;
        if (!layout.IsLearnt || record.Length is < VectorBytes or > EventLimits.RecordBytes)
        {
            return false;
        }

        fixed (byte* start = record)
        {
            var read = TryRead(record, start, layout, ref e, ref detours);
            GC.KeepAlive(layout);
            GC.KeepAlive(this);
            return read;
        }
    }

    /// <summary>
    /// The loop: find the step that matches, read its value, and so on to the end. Pointers: no bounds are checked but by the reach.
    /// </summary>
    private bool TryRead(ReadOnlySpan<byte> record, byte* origin, RecordLayout layout, ref UsageEvent e, ref int detours)
    {
        unchecked
        {
            var p = origin;
            var limit = origin + record.Length - StepReach;
            var step = layout.Steps;
            var seen = default(EventFieldSet);
            ref var target = ref Unsafe.As<UsageEvent, byte>(ref e);
            CopyTail(origin, record.Length);
            while (true)
            {
                if (p > limit)
                {
                    // From here on in the copy, whose end stands for the record's end.
                    var shift = _tailEnd - (origin + record.Length);
                    origin += shift;
                    p += shift;
                    limit = _tailEnd;
                }

                if (!Matches(step, Vector256.Load(p)))
                {
                    var found = p == origin ? null : Find(layout, step, p, ref detours);
                    if (found == null)
                    {
                        detours++;
                        p = ReadMember(record, origin, p, ref e, ref seen);
                        if (p == null)
                        {
                            return false;
                        }

                        continue;
                    }

                    step = found;
                }

                var value = p + step->LiteralLength;
                if (step->Action == StepAction.End)
                {
                    return IsBlank(record[(int)(value - origin)..]) && EventRules.Judge(ref e, in seen, out _, out _);
                }

                if (!seen.TryAdd(step->Field, step->Valued))
                {
                    return false;
                }

                e.Present |= step->Flag;
                ref var store = ref Unsafe.AddByteOffset(ref target, step->StoreOffset);
                p = step->Action switch
                {
                    StepAction.Text => ReadText(value, origin, ref store),
                    StepAction.CheckedText => ReadCheckedText(value),
                    StepAction.Number => ReadNumber(value, ref Unsafe.As<byte, long>(ref store)),
                    StepAction.TimeText => ReadTime(value, ref Unsafe.As<byte, long>(ref store)),
                    StepAction.Enumeration => ReadEnumeration(value, step, ref store),
                    StepAction.Boolean => ReadBoolean(value, ref store),
                    StepAction.Constant => value,
                    _ => null,
                };
                if (p == null)
                {
                    p = ReadOtherwise(record, step, origin, value, ref e);
                    if (p == null)
                    {
                        return false;
                    }
                }

                step++;
            }
        }
    }

    /// <summary>
    /// The step that a member matches where the next one does not: one of the two after it, as optional fields may be missing, or the one
    /// of the member's name. Null where the layout has none, or not with these blanks or this form of value.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static LayoutStep* Find(RecordLayout layout, LayoutStep* step, byte* p, ref int detours)
    {
        unchecked
        {
            var bytes = Vector256.Load(p);
            for (var ahead = 1; ahead <= 2 && step->Action != StepAction.End; ahead++)
            {
                step++;
                if (Matches(step, bytes))
                {
                    return step;
                }
            }

            if (Matches(layout.End, bytes))
            {
                return layout.End;
            }

            detours++;
            var quotes = Vector256.Equals(bytes, Vector256.Create((byte)'"')).ExtractMostSignificantBits();
            var first = BitOperations.TrailingZeroCount(quotes) + 1;
            var length = BitOperations.TrailingZeroCount(quotes & (quotes - 1)) - first;
            if (length <= 0 || first + length >= VectorBytes)
            {
                return null;
            }

            step = layout.StepOf(EventFieldTable.Find(new ReadOnlySpan<byte>(p + first, length)));
            return step != null && *p == ',' && Matches(step, bytes) ? step : null;
        }
    }

    /// <summary>
    /// A member that the layout does not know, or not like this, and its separator; null where the record is better read anew.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private byte* ReadMember(ReadOnlySpan<byte> record, byte* origin, byte* p, ref UsageEvent e, ref EventFieldSet seen)
    {
        unchecked
        {
            var at = (int)(p - origin);
            var reader = new EventReader(record, _scratch, ref e, seen);
            if (!reader.TryReadMember(ref at))
            {
                return null;
            }

            seen = reader.Seen;
            return origin + at;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool Matches(LayoutStep* step, Vector256<byte> bytes) =>
        (Vector256.Equals(bytes, step->Literal).ExtractMostSignificantBits() | step->Ignored) == uint.MaxValue;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void CopyTail(byte* start, int length)
    {
        unchecked
        {
            if (length < TailBytes)
            {
                new ReadOnlySpan<byte>(start, length).CopyTo(new Span<byte>(_tailEnd - length, length));
                return;
            }

            for (var back = TailBytes; back > 0; back -= VectorBytes)
            {
                Vector256.Load(start + length - back).Store(_tailEnd - back);
            }
        }
    }

    private static bool IsBlank(ReadOnlySpan<byte> rest) => rest.IsEmpty || rest.IndexOfAnyExcept(" \n\r\t"u8) < 0;

    /// <summary>
    /// What the expected form did not fit: escapes, letters beyond ASCII, long texts and numbers, times of another minute, units, labels,
    /// unknown fields. The byte after the value, or null where the record is better read anew.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private byte* ReadOtherwise(ReadOnlySpan<byte> record, LayoutStep* step, byte* origin, byte* value, ref UsageEvent e)
    {
        unchecked
        {
            var quoted = step->Action is StepAction.Text or StepAction.CheckedText or StepAction.TimeText or StepAction.Enumeration;
            var at = (int)(value - origin) - (quoted ? 1 : 0);
            var reader = new EventReader(record, _scratch, ref e);
            if (!reader.TryReadValue(step->Field, ref at))
            {
                return null;
            }

            if (step->Action == StepAction.TimeText)
            {
                KeepMinute(value);
            }

            return origin + at;
        }
    }

    private void KeepMinute(byte* value)
    {
        if (EventTime.TryParseMinute(new ReadOnlySpan<byte>(value, 16), out var minuteMs) && minuteMs >= EventLimits.EarliestTimeMs)
        {
            _minuteText = Vector128.Load(value);
            _minuteMs = minuteMs;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static byte* ReadText(byte* value, byte* origin, ref byte store)
    {
        unchecked
        {
            var end = PlainEnd(value);
            Unsafe.As<byte, Utf8Slice>(ref store) = new Utf8Slice((int)(value - origin), (int)(end - value));
            return end == null ? null : end + 1;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static byte* ReadCheckedText(byte* value)
    {
        var end = PlainEnd(value);
        return end == null ? null : end + 1;
    }

    /// <summary>The closing quote of a text of plain ASCII within two vectors; null for any other.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static byte* PlainEnd(byte* text)
    {
        unchecked
        {
            var special = JsonScanner.Special(Vector256.Load(text));
            if (special == 0)
            {
                text += VectorBytes;
                special = JsonScanner.Special(Vector256.Load(text));
            }

            text += BitOperations.TrailingZeroCount(special);
            return special != 0 && *text == '"' ? text : null;
        }
    }

    /// <summary>Digits without a sign, at most fifteen; what follows them is the next step's business.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static byte* ReadNumber(byte* value, ref long number)
    {
        unchecked
        {
            var word = *(ulong*)value;
            var digits = DigitCount(word);
            if (digits == 0 || (digits > 1 && *value == '0'))
            {
                return null;
            }

            if (digits < 8)
            {
                number = (long)DigitsValue(word << (64 - (digits * 8)));
                return value + digits;
            }

            var next = *(ulong*)(value + 8);
            var more = DigitCount(next);
            number = ((long)DigitsValue(word) * PowersOfTen[more & 7]) + (more == 0 ? 0 : (long)DigitsValue(next << (64 - (more * 8))));
            return more < 8 && number <= EventLimits.Count ? value + 8 + more : null;
        }
    }

    private static ReadOnlySpan<long> PowersOfTen => [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000];

    /// <summary>Number of leading bytes (the lowest) that are digits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int DigitCount(ulong word)
    {
        unchecked
        {
            // A digit's byte becomes 0 to 9; then 0x76 carries anything above into the top bit, and bytes from 0x80 have it already.
            var values = word ^ 0x3030303030303030;
            var others = (((values & 0x7F7F7F7F7F7F7F7F) + 0x7676767676767676) | values) & 0x8080808080808080;
            return BitOperations.TrailingZeroCount(others) >> 3;
        }
    }

    /// <summary>The value of eight digits, the first in the lowest byte; bytes of zero count as the digit 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong DigitsValue(ulong word)
    {
        unchecked
        {
            word &= 0x0F0F0F0F0F0F0F0F;
            word = (word * ((10 << 8) + 1)) >> 8;
            word = ((word & 0x00FF00FF00FF00FF) * ((100 << 16) + 1)) >> 16;
            return ((word & 0x0000FFFF0000FFFF) * ((10000UL << 32) + 1)) >> 32;
        }
    }

    /// <summary>A time in the minute of the last one, with <c>:ss.fffZ"</c> after it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private byte* ReadTime(byte* value, ref long timeMs)
    {
        const ulong Shape = 0x5A_303030_2E_3030_3A;
        const ulong Digits = 0x00_0F0F0F_00_0F0F_00;
        const ulong Sixes = 0x00_060606_00_0606_00;
        const ulong Carries = 0x00_101010_00_1010_00;
        unchecked
        {
            if (Vector128.Load(value) != _minuteText)
            {
                return null;
            }

            // A digit becomes its value, the punctuation zero; six more carries a value above nine out of its four bits.
            var word = *(ulong*)(value + 16) ^ Shape;
            var misfit = (word & ~Digits) | ((word + Sixes) & Carries);
            var tens = (word >> 8) & 0xFF;
            if (misfit != 0 || tens > 5 || value[24] != '"')
            {
                return null;
            }

            var second = (tens * 10) + ((word >> 16) & 0xFF);
            var milli = (((word >> 32) & 0xFF) * 100) + (((word >> 40) & 0xFF) * 10) + ((word >> 48) & 0xFF);
            timeMs = _minuteMs + (long)((second * 1000) + milli);
            return value + 25;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static byte* ReadEnumeration(byte* value, LayoutStep* step, ref byte store)
    {
        unchecked
        {
            var word = *(ulong*)value;
            if (word << step->UsualShift == step->UsualText)
            {
                store = step->UsualValue;
                return value + step->UsualLength;
            }

            return ReadUnusual(value, step, ref store);
        }
    }

    private static byte* ReadUnusual(byte* value, LayoutStep* step, ref byte store)
    {
        unchecked
        {
            var end = PlainEnd(value);
            return end != null && EnumText.TryParse(step->Field, new ReadOnlySpan<byte>(value, (int)(end - value)), out store)
                ? end + 1
                : null;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static byte* ReadBoolean(byte* value, ref byte store)
    {
        const uint True = 0x65757274;
        const uint Fals = 0x736C6166;
        unchecked
        {
            var word = *(uint*)value;
            store = (byte)(word == True ? 1 : 0);
            return word == True ? value + 4 : word == Fals && value[4] == 'e' ? value + 5 : null;
        }
    }
}
