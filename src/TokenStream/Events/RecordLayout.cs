using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace TokenStream.Events;

/// <summary>What follows a step's literal.</summary>
internal enum StepAction : byte
{
    /// <summary>A text whose opening quote ends the literal.</summary>
    Text,

    /// <summary>A text as before, checked but not kept.</summary>
    CheckedText,

    /// <summary>A count that is not negative and has at most fifteen digits.</summary>
    Number,

    /// <summary>A time as text; the opening quote ends the literal.</summary>
    TimeText,

    /// <summary>One of a few texts; the opening quote ends the literal.</summary>
    Enumeration,

    Boolean,

    /// <summary>Nothing: the literal contains the value.</summary>
    Constant,

    /// <summary>Any value, read by the general reader.</summary>
    Value,

    /// <summary>The literal closes the event.</summary>
    End,
}

/// <summary>
/// One member as it is expected: all bytes from the end of the value before up to the value, and how the value is read. One cache line.
/// </summary>
[StructLayout(LayoutKind.Sequential, Size = SizeBytes)]
internal struct LayoutStep
{
    public const int SizeBytes = 64;

    /// <summary>The bytes before the value, e.g. <c>,"tenant_id":"</c>, and zeros.</summary>
    public Vector256<byte> Literal;

    /// <summary>The field's bit where the value is not null.</summary>
    public ulong Valued;

    /// <summary>Of an enumeration: the text that is expected and its closing quote, shifted to the top of a word.</summary>
    public ulong UsualText;

    /// <summary>One bit for each byte beyond the literal.</summary>
    public uint Ignored;

    public ushort StoreOffset;
    public EventFields Flag;
    public byte LiteralLength;
    public StepAction Action;
    public EventField Field;

    /// <summary>Bits by which a word that begins with the expected text is shifted to equal <see cref="UsualText"/>.</summary>
    public byte UsualShift;

    public byte UsualLength;
    public byte UsualValue;

    public readonly bool IsSame(in LayoutStep other) =>
        Literal == other.Literal && LiteralLength == other.LiteralLength && Action == other.Action && Field == other.Field;
}

/// <summary>
/// A layout of records that was seen: its members in their order, byte for byte between the values. A member that is missing from a record
/// costs one comparison; one that is not in the layout makes the record leave it.
/// </summary>
internal sealed unsafe class RecordLayout
{
    /// <summary>Most members of a layout; a record with more is always read by the general reader.</summary>
    private const int MaxMembers = 60;

    private const int MaxLiteral = 32;

    private readonly byte[] _memory = GC.AllocateArray<byte>((MaxMembers + 2) * LayoutStep.SizeBytes, pinned: true);
    private readonly byte[] _stepOf = new byte[EventFieldTable.Count];
    private int _members;

    public RecordLayout()
    {
        var address = (nint)Marshal.UnsafeAddrOfPinnedArrayElement(_memory, 0);
        Steps = (LayoutStep*)((address + LayoutStep.SizeBytes - 1) & -LayoutStep.SizeBytes);
    }

    /// <summary>The members, then <see cref="StepAction.End"/>. Valid as long as the layout is.</summary>
    public LayoutStep* Steps { get; }

    /// <summary>Records that kept to this layout, halved now and then.</summary>
    public long Hits;

    /// <summary>The step that closes the event.</summary>
    public LayoutStep* End => Steps + _members;

    /// <summary>True where something was learnt.</summary>
    public bool IsLearnt => _members > 0;

    /// <summary>Becomes the layout of a record that was accepted. False where it has none that could be predicted.</summary>
    public bool TryLearn(ReadOnlySpan<byte> record)
    {
        var scanner = new JsonScanner(record);
        var literalStart = 0;
        _members = 0;
        scanner.TryTake((byte)'{');
        while (scanner.Peek() == '"')
        {
            if (!TryAddMember(ref scanner, ref literalStart))
            {
                return false;
            }

            if (scanner.Peek() == ',')
            {
                scanner.At++;
            }
        }

        if (_members == 0 || scanner.At + 1 - literalStart > MaxLiteral)
        {
            return false;
        }

        Close(Literal(scanner.Slice(literalStart, scanner.At + 1 - literalStart), StepAction.End, EventField.None));
        Hits = 0;
        return true;
    }

    /// <summary>
    /// Becomes the union of two layouts that begin alike, agree in most members and never contradict each other's order: so optional fields
    /// become known one after another. False where they do not.
    /// </summary>
    public bool TryUnite(RecordLayout known, RecordLayout lesson)
    {
        _members = 0;
        var taken = 0;
        var common = 0;
        if (!known.IsLearnt || !known.Steps[0].IsSame(in lesson.Steps[0]))
        {
            return false;
        }

        for (var i = 0; i < lesson._members; i++)
        {
            var found = known.IndexOf(in lesson.Steps[i]);
            if ((found >= 0 && found < taken) || _members + (found < 0 ? 1 : found + 1 - taken) > MaxMembers)
            {
                return false;
            }

            if (found < 0)
            {
                Steps[_members++] = lesson.Steps[i];
                continue;
            }

            common++;
            while (taken <= found)
            {
                Steps[_members++] = known.Steps[taken++];
            }
        }

        if (common * 2 < lesson._members || _members + known._members - taken > MaxMembers)
        {
            return false;
        }

        while (taken < known._members)
        {
            Steps[_members++] = known.Steps[taken++];
        }

        Close(known.Steps[known._members]);
        Hits = known.Hits;
        return true;
    }

    /// <summary>The step of a known field, the last if it has several; null where it has none.</summary>
    public LayoutStep* StepOf(EventField field) =>
        field == EventField.None || _stepOf[(int)field] == 0 ? null : Steps + _stepOf[(int)field] - 1;

    private int IndexOf(in LayoutStep step)
    {
        for (var i = 0; i < _members; i++)
        {
            if (Steps[i].IsSame(in step))
            {
                return i;
            }
        }

        return -1;
    }

    private bool TryAddMember(ref JsonScanner scanner, ref int literalStart)
    {
        if (!scanner.TryString(out var start, out var length, out var plain) || !plain || !scanner.TryTake((byte)':'))
        {
            return false;
        }

        var field = EventFieldTable.Find(scanner.Slice(start, length));
        var first = scanner.Peek();
        var valueStart = scanner.At;
        if (!scanner.TrySkip(1))
        {
            return false;
        }

        var action = ActionFor(field, first);
        var literalEnd = action switch
        {
            StepAction.Text or StepAction.CheckedText or StepAction.TimeText or StepAction.Enumeration => valueStart + 1,
            StepAction.Constant => scanner.At,
            _ => valueStart,
        };
        if (literalEnd - literalStart > MaxLiteral || _members == MaxMembers)
        {
            return false;
        }

        var step = Literal(scanner.Slice(literalStart, literalEnd - literalStart), action, field);
        step.Valued = first == 'n' ? 0 : EventFieldSet.Bit(field);
        step.Flag = first == 'n' ? EventFields.None : step.Flag;
        if (action == StepAction.Enumeration)
        {
            Expect(ref step, scanner.Slice(valueStart + 1, scanner.At - valueStart - 1));
        }

        Steps[_members++] = step;
        literalStart = scanner.At;
        return true;
    }

    private static StepAction ActionFor(EventField field, byte first)
    {
        var form = EventFieldTable.Form(field);
        if (first == 'n' && form != FieldForm.Unknown)
        {
            return StepAction.Constant;
        }

        var isText = first == '"';
        return form switch
        {
            FieldForm.Text => StepAction.Text,
            FieldForm.CheckedText => StepAction.CheckedText,
            FieldForm.Unknown or FieldForm.TextOrInteger => isText ? StepAction.CheckedText : StepAction.Value,
            FieldForm.Count or FieldForm.UnsignedCount => StepAction.Number,
            FieldForm.Time when isText => StepAction.TimeText,
            FieldForm.Enumeration => StepAction.Enumeration,
            FieldForm.Boolean => StepAction.Boolean,
            FieldForm.Version => StepAction.Constant,
            _ => StepAction.Value,
        };
    }

    private static LayoutStep Literal(ReadOnlySpan<byte> literal, StepAction action, EventField field)
    {
        Span<byte> padded = stackalloc byte[MaxLiteral];
        padded.Clear();
        literal.CopyTo(padded);
        return new LayoutStep
        {
            Literal = Vector256.Create<byte>(padded),
            LiteralLength = (byte)literal.Length,
            Ignored = literal.Length == MaxLiteral ? 0 : uint.MaxValue << literal.Length,
            Action = action,
            Field = field,
            StoreOffset = (ushort)EventFieldTable.Offset(field),
            Flag = EventFieldTable.Flag(field),
        };
    }

    /// <summary>Notes an enumeration's text and its quote, where they fit a word; otherwise what can match no word.</summary>
    private static void Expect(ref LayoutStep step, ReadOnlySpan<byte> quoted)
    {
        (step.UsualText, step.UsualShift) = (1, 63);
        if (quoted.Length <= sizeof(ulong) && EnumText.TryParse(step.Field, quoted[..^1], out step.UsualValue))
        {
            Span<byte> word = stackalloc byte[sizeof(ulong)];
            word.Clear();
            quoted.CopyTo(word[^quoted.Length..]);
            step.UsualText = BinaryPrimitives.ReadUInt64LittleEndian(word);
            step.UsualShift = (byte)(64 - (8 * quoted.Length));
            step.UsualLength = (byte)quoted.Length;
        }
    }

    private void Close(LayoutStep end)
    {
        Steps[_members] = end;
        Array.Clear(_stepOf);
        for (var i = 0; i < _members; i++)
        {
            _stepOf[(int)Steps[i].Field] = (byte)(i + 1);
        }
    }
}
