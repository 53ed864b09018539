using System.Runtime.CompilerServices;
using System.Text.Unicode;

namespace TokenStream.Events;

/// <summary>
/// Reads one record whatever its layout: the only judge of what is refused and why. What the predicted layout reads faster must come out
/// the same.
/// </summary>
internal ref struct EventReader(ReadOnlySpan<byte> record, DecodeScratch scratch, ref UsageEvent e, EventFieldSet seen = default)
{
    private readonly DecodeScratch _scratch = scratch;
    private readonly int _recordLength = record.Length;
    private readonly ref UsageEvent _event = ref e;
    private JsonScanner _scanner = new(record);
    private EventFieldSet _seen = seen;

    /// <summary>Why the last method returned false.</summary>
    public DecodeError Error { get; private set; }

    public bool TryRead()
    {
        if (_recordLength > EventLimits.RecordBytes)
        {
            return Refuse(DecodeReason.RecordTooLarge, EventField.None, 0);
        }

        if (_scanner.AtEnd())
        {
            return Refuse(DecodeReason.EmptyRecord, EventField.None, 0);
        }

        return TryMembers() && TryWhole();
    }

    /// <summary>
    /// Reads the one value that begins at a byte, for a caller that knows the field and keeps the set of fields itself; leaves the byte
    /// after it. False also for null: the caller took the field for one that is there.
    /// </summary>
    public bool TryReadValue(EventField field, ref int at)
    {
        _scanner.At = at;
        var read = field == EventField.None ? _scanner.TrySkip(1) : _scanner.Peek() != 'n' && TryValue(field);
        at = _scanner.At;
        return read;
    }

    /// <summary>The fields read so far, those that the reader began with included.</summary>
    public readonly EventFieldSet Seen => _seen;

    /// <summary>
    /// Reads the separator that is at a byte (the brace at the record's beginning) and the member after it; leaves the byte after both.
    /// </summary>
    public bool TryReadMember(ref int at)
    {
        _scanner.At = at;
        var read = _scanner.TryTake((byte)(at == 0 ? '{' : ',')) && TryMember();
        at = _scanner.At;
        return read;
    }

    private bool TryMembers()
    {
        if (!_scanner.TryTake((byte)'{'))
        {
            return RefuseJson(EventField.None);
        }

        if (_scanner.Peek() == '}')
        {
            _scanner.At++;
        }
        else
        {
            do
            {
                if (!TryMember())
                {
                    return false;
                }
            }
            while (TryNext());

            if (!_scanner.TryTake((byte)'}'))
            {
                return RefuseJson(EventField.None);
            }
        }

        return _scanner.AtEnd() || Refuse(DecodeReason.InvalidJson, EventField.None, _scanner.At);
    }

    private bool TryNext()
    {
        if (_scanner.Peek() != ',')
        {
            return false;
        }

        _scanner.At++;
        return true;
    }

    private bool TryMember()
    {
        if (!_scanner.TryString(out var start, out var length, out var plain))
        {
            return RefuseJson(EventField.None);
        }

        var field = plain ? EventFieldTable.Find(_scanner.Slice(start, length)) : FindEscaped(start, length);
        if (!_scanner.TryTake((byte)':'))
        {
            return RefuseJson(field);
        }

        if (field == EventField.None)
        {
            return _scanner.TrySkip(1) || RefuseJson(field);
        }

        _scanner.Peek();
        if (!_seen.TryAdd(field))
        {
            return Refuse(DecodeReason.DuplicateField, field, start - 1);
        }

        _scratch.Offsets[(int)field] = _scanner.At;
        return TryValue(field);
    }

    /// <summary>A name may be written with escapes, as any text; one that is too long or no UTF-8 is none of ours.</summary>
    private readonly EventField FindEscaped(int start, int length)
    {
        Span<byte> name = stackalloc byte[EventLimits.NameBytes];
        return TextEscapes.Undo(_scanner.Slice(start, length), name, strict: false, out var undone) == DecodeReason.None
            ? EventFieldTable.Find(name[..undone])
            : EventField.None;
    }

    private bool TryValue(EventField field)
    {
        if (_scanner.Peek() == 'n')
        {
            return TryNull(field);
        }

        return EventFieldTable.Form(field) switch
        {
            FieldForm.Text => TryText(field, out var text) && Keep(field, text),
            FieldForm.CheckedText => TryText(field, out _),
            FieldForm.Count => TryCount(field, out var count) && Keep(field, count),
            FieldForm.UnsignedCount => TryUnsignedCount(field),
            FieldForm.Time => TryTime(field),
            FieldForm.TextOrInteger => _scanner.Peek() == '"' ? TryText(field, out _) : TryCount(field, out _),
            FieldForm.Enumeration => TryEnumeration(field),
            FieldForm.Boolean => TryBoolean(field),
            FieldForm.Units => TryUnits(),
            FieldForm.Labels => TryLabels(),
            _ => TryVersion(field),
        };
    }

    /// <summary>Null is the same as absent, except that the field cannot come again.</summary>
    private bool TryNull(EventField field)
    {
        _seen.MarkNull(field);
        return _scanner.TryLiteral("null"u8) || RefuseJson(field);
    }

    private readonly bool Keep<T>(EventField field, T value)
    {
        ref var start = ref Unsafe.As<UsageEvent, byte>(ref _event);
        Unsafe.As<byte, T>(ref Unsafe.AddByteOffset(ref start, EventFieldTable.Offset(field))) = value;
        _event.Present |= EventFieldTable.Flag(field);
        return true;
    }

    /// <summary>A text of a known field: UTF-8, bounded, no control characters; escapes are undone into the scratch.</summary>
    private bool TryText(EventField field, out Utf8Slice text)
    {
        text = default;
        var at = _scanner.At;
        if (_scanner.Peek() != '"')
        {
            return RefuseType(field);
        }

        if (!_scanner.TryString(out var start, out var length, out var plain))
        {
            return RefuseJson(field);
        }

        if (plain)
        {
            text = new Utf8Slice(start, length);
            return length <= EventLimits.TextBytes || Refuse(DecodeReason.TextTooLong, field, at);
        }

        var reason = Judge(start, length, EventLimits.TextBytes, out text);
        return reason == DecodeReason.None || Refuse(reason, field, at);
    }

    /// <summary>A text that is not plain ASCII: its UTF-8 is checked, its escapes are undone.</summary>
    private readonly DecodeReason Judge(int start, int length, int bound, out Utf8Slice text)
    {
        var source = _scanner.Slice(start, length);
        if (source.Contains((byte)'\\'))
        {
            var reason = TextEscapes.Undo(source, _scratch.Free[..bound], strict: true, out var undone);
            text = reason == DecodeReason.None ? _scratch.Take(undone) : default;
            return reason;
        }

        text = new Utf8Slice(start, length);
        return length > bound ? DecodeReason.TextTooLong : Utf8.IsValid(source) ? DecodeReason.None : DecodeReason.InvalidUtf8;
    }

    /// <summary>An integer within the bounds of a delta, whether the field has a sign is judged later; a time within 18 digits.</summary>
    private bool TryCount(EventField field, out long count)
    {
        var at = _scanner.At;
        count = 0;
        if (_scanner.Peek() is not ((byte)'-' or (>= (byte)'0' and <= (byte)'9')))
        {
            return RefuseType(field);
        }

        if (!_scanner.TryNumber(out count, out var integer, out var inRange))
        {
            return RefuseJson(field);
        }

        if (!integer)
        {
            return Refuse(DecodeReason.NotAnInteger, field, at);
        }

        if (field == EventField.Time)
        {
            return inRange || Refuse(DecodeReason.TimeUnusable, field, at);
        }

        inRange &= count is >= -EventLimits.Count and <= EventLimits.Count || field == EventField.StartedAt;
        return inRange || Refuse(DecodeReason.CountOutOfRange, field, at);
    }

    private bool TryUnsignedCount(EventField field)
    {
        var at = _scanner.At;
        return TryCount(field, out var count) && (count >= 0 ? Keep(field, count) : Refuse(DecodeReason.CountNegative, field, at));
    }

    private bool TryTime(EventField field)
    {
        var at = _scanner.At;
        long timeMs;
        if (_scanner.Peek() != '"')
        {
            if (!TryCount(field, out timeMs))
            {
                return false;
            }
        }
        else
        {
            if (!TryText(field, out var text))
            {
                return false;
            }

            if (!EventTime.TryParse(_scratch.Text(_scanner.Slice(0, _recordLength), text), out timeMs))
            {
                return Refuse(DecodeReason.TimeInvalid, field, at);
            }
        }

        return timeMs is >= EventLimits.EarliestTimeMs and <= EventLimits.LatestTimeMs
            ? Keep(field, timeMs)
            : Refuse(DecodeReason.TimeUnusable, field, at);
    }

    private bool TryEnumeration(EventField field)
    {
        var at = _scanner.At;
        if (!TryText(field, out var text))
        {
            return false;
        }

        return EnumText.TryParse(field, _scratch.Text(_scanner.Slice(0, _recordLength), text), out var value)
            ? Keep(field, value)
            : Refuse(DecodeReason.UnknownValue, field, at);
    }

    private bool TryBoolean(EventField field) => _scanner.Peek() switch
    {
        (byte)'t' => _scanner.TryLiteral("true"u8) ? Keep(field, true) : RefuseJson(field),
        (byte)'f' => _scanner.TryLiteral("false"u8) ? Keep(field, false) : RefuseJson(field),
        _ => RefuseType(field),
    };

    private bool TryVersion(EventField field)
    {
        var at = _scanner.At;
        if (!TryCount(field, out var version))
        {
            return false;
        }

        return version == 1 || Refuse(DecodeReason.UnsupportedVersion, field, at);
    }

    private bool TryUnits()
    {
        if (_scanner.Peek() != '{')
        {
            return RefuseType(EventField.Units);
        }

        _scanner.At++;
        if (_scanner.Peek() == '}')
        {
            _scanner.At++;
            return true;
        }

        do
        {
            if (!TryUnit())
            {
                return false;
            }
        }
        while (TryNext());

        return _scanner.TryTake((byte)'}') || RefuseJson(EventField.Units);
    }

    private bool TryUnit()
    {
        if (!_scanner.TryString(out var start, out var length, out var plain))
        {
            return RefuseJson(EventField.Units);
        }

        var name = new Utf8Slice(start, length);
        var reason = !plain ? Judge(start, length, EventLimits.NameBytes, out name)
            : length > EventLimits.NameBytes ? DecodeReason.TextTooLong
            : DecodeReason.None;
        if (reason != DecodeReason.None || name.IsEmpty)
        {
            return Refuse(reason != DecodeReason.None ? reason : DecodeReason.UnitNameEmpty, EventField.Units, start - 1);
        }

        if (!_scanner.TryTake((byte)':'))
        {
            return RefuseJson(EventField.Units);
        }

        if (_scanner.Peek() == 'n')
        {
            return _scanner.TryLiteral("null"u8) || RefuseJson(EventField.Units);
        }

        return TryCount(EventField.Units, out var count) && AddUnit(name, count, start - 1);
    }

    private bool AddUnit(Utf8Slice name, long count, int at)
    {
        var record = _scanner.Slice(0, _recordLength);
        for (var i = 0; i < _event.Units; i++)
        {
            if (_scratch.Text(record, _event.UnitNames[i]).SequenceEqual(_scratch.Text(record, name)))
            {
                return Refuse(DecodeReason.DuplicateField, EventField.Units, at);
            }
        }

        if (_event.Units == UsageEvent.MaxUnits)
        {
            return Refuse(DecodeReason.TooManyUnits, EventField.Units, at);
        }

        _event.UnitNames[_event.Units] = name;
        _event.UnitCounts[_event.Units++] = count;
        return true;
    }

    private bool TryLabels()
    {
        if (_scanner.Peek() != '{')
        {
            return RefuseType(EventField.Labels);
        }

        _scanner.At++;
        if (_scanner.Peek() == '}')
        {
            _scanner.At++;
            return true;
        }

        var labels = 0;
        do
        {
            if (!TryLabel(ref labels))
            {
                return false;
            }
        }
        while (TryNext());

        return _scanner.TryTake((byte)'}') || RefuseJson(EventField.Labels);
    }

    /// <summary>A label whose key is configured is kept; any other is skipped, whatever it is.</summary>
    private bool TryLabel(ref int seen)
    {
        if (!_scanner.TryString(out var start, out var length, out var plain))
        {
            return RefuseJson(EventField.Labels);
        }

        var label = plain ? _scratch.Labels.Find(_scanner.Slice(start, length)) : FindEscapedLabel(start, length);
        if (!_scanner.TryTake((byte)':'))
        {
            return RefuseJson(EventField.Labels);
        }

        if (label < 0)
        {
            return _scanner.TrySkip(2) || RefuseJson(EventField.Labels);
        }

        if ((seen & (1 << label)) != 0)
        {
            return Refuse(DecodeReason.DuplicateField, EventField.Labels, start - 1);
        }

        seen |= 1 << label;
        if (_scanner.Peek() == 'n')
        {
            return _scanner.TryLiteral("null"u8) || RefuseJson(EventField.Labels);
        }

        if (!TryText(EventField.Labels, out var text))
        {
            return false;
        }

        _event.Labels[label] = text;
        return true;
    }

    private readonly int FindEscapedLabel(int start, int length)
    {
        Span<byte> name = stackalloc byte[EventLimits.NameBytes];
        return TextEscapes.Undo(_scanner.Slice(start, length), name, strict: false, out var undone) == DecodeReason.None
            ? _scratch.Labels.Find(name[..undone])
            : -1;
    }

    /// <summary>What only the whole event can say: required fields, signs, ranges, subsets.</summary>
    private bool TryWhole()
    {
        if (EventRules.Judge(ref _event, _seen, out var reason, out var field))
        {
            return true;
        }

        return Refuse(reason, field, _seen.Contains(field) ? _scratch.Offsets[(int)field] : _recordLength);
    }

    private bool RefuseType(EventField field)
    {
        var at = _scanner.At;
        return _scanner.TrySkip(1) ? Refuse(DecodeReason.WrongType, field, at) : RefuseJson(field);
    }

    private bool RefuseJson(EventField field) => Refuse(_scanner.Failure, field, _scanner.At);

    private bool Refuse(DecodeReason reason, EventField field, int offset)
    {
        Error = new DecodeError(reason, field, offset);
        return false;
    }
}
