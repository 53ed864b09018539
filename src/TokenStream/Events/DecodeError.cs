namespace TokenStream.Events;

/// <summary>Why and where a record was refused. The default value is no error.</summary>
public readonly struct DecodeError(DecodeReason reason, EventField field, int offset)
{
    public DecodeReason Reason { get; } = reason;

    /// <summary>
    /// The field concerned; <see cref="EventField.None"/> where it is the record as a whole or a field that is not known.
    /// </summary>
    public EventField Field { get; } = field;

    /// <summary>The field's name as it stands in events; empty for <see cref="EventField.None"/>.</summary>
    public string FieldName => EventFieldTable.Name(Field);

    /// <summary>
    /// Byte offset in the record: of the value refused, of the byte that is not JSON, or, of a missing field, the record's end.
    /// </summary>
    public int Offset { get; } = offset;

    /// <summary>One sentence for people: the cause and, where it is known, the remedy. Allocates; not for the data path.</summary>
    public string Describe() => Reason switch
    {
        DecodeReason.None => "No error.",
        DecodeReason.EmptyRecord => "The record is empty.",
        DecodeReason.RecordTooLarge => $"The record has more than {EventLimits.RecordBytes} bytes.",
        DecodeReason.InvalidJson => "The record is not one JSON object (without byte order mark, comments or trailing commas).",
        DecodeReason.TooDeep => $"The record is nested deeper than {EventLimits.Depth} levels.",
        DecodeReason.DuplicateField => "The field occurs twice; send it once.",
        DecodeReason.WrongType => "The value has the wrong JSON type; see docs/event-format.md for the field's type.",
        DecodeReason.NotAnInteger => "The number has a fraction or an exponent; send a plain integer.",
        DecodeReason.MissingField => "The field is required and is absent, null or empty.",
        DecodeReason.TextTooLong =>
            $"The text is longer than its bound ({EventLimits.TextBytes} bytes; names of units {EventLimits.NameBytes}).",
        DecodeReason.InvalidUtf8 => "The text is not UTF-8, or one of its escapes is half a surrogate pair.",
        DecodeReason.ControlCharacter => "The text contains an escaped control character.",
        DecodeReason.UnknownValue => "The value is none of those the field can have; see docs/event-format.md.",
        DecodeReason.CountNegative => "The count is negative; only an adjustment carries signed deltas of tokens and units.",
        DecodeReason.CountOutOfRange => $"The count is beyond its bounds (at most {EventLimits.Count}; an attempt at least 1).",
        DecodeReason.SubsetAboveTotal => Field == EventField.TokensReasoning
            ? "tokens_reasoning exceeds tokens_out, which must include it."
            : "Cached and cache-write tokens exceed tokens_in, which must include them.",
        DecodeReason.TimeInvalid => "The time is neither RFC 3339 (2026-01-31T23:59:59.123Z) nor an integer of milliseconds since 1970.",
        DecodeReason.TimeUnusable => "The time lies before 2015 or after 9999: seconds? The unit is milliseconds since 1970.",
        DecodeReason.UnsupportedVersion => "The format version is not 1.",
        DecodeReason.TooManyUnits => $"The event has more than {UsageEvent.MaxUnits} units.",
        DecodeReason.UnitNameEmpty => "A unit has no name.",
        _ => Reason.Name(),
    };

    public override string ToString() => Field == EventField.None
        ? $"{Reason.Name()} at {Offset}"
        : $"{Reason.Name()} in {EventFieldTable.Name(Field)} at {Offset}";
}
