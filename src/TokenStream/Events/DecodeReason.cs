namespace TokenStream.Events;

/// <summary>
/// Why a record was refused. The names (<see cref="DecodeReasons.Name"/>) are stable: they are counter tags, dead-letter headers and keys
/// of the marks' counts.
/// </summary>
public enum DecodeReason : byte
{
    None = 0,

    /// <summary>No bytes, or blanks only.</summary>
    EmptyRecord,

    /// <summary>More than <see cref="EventLimits.RecordBytes"/> bytes.</summary>
    RecordTooLarge,

    /// <summary>Not one JSON object (RFC 8259), or something after it.</summary>
    InvalidJson,

    /// <summary>Nested deeper than <see cref="EventLimits.Depth"/>.</summary>
    TooDeep,

    /// <summary>A known field, a unit or a configured label occurs twice: which one counts is anybody's guess.</summary>
    DuplicateField,

    /// <summary>A known field with a value of another JSON type.</summary>
    WrongType,

    /// <summary>A count with a fraction or an exponent.</summary>
    NotAnInteger,

    /// <summary>A required field is absent, null or empty.</summary>
    MissingField,

    /// <summary>A text longer than its bound.</summary>
    TextTooLong,

    /// <summary>A text of a known field that is not UTF-8, or a lone surrogate in its escapes.</summary>
    InvalidUtf8,

    /// <summary>An escaped control character (U+0000 to U+001F) in a text of a known field.</summary>
    ControlCharacter,

    /// <summary>A text that is none of the field's values.</summary>
    UnknownValue,

    /// <summary>A negative count in a request, or in a field that has no sign.</summary>
    CountNegative,

    /// <summary>A count beyond <see cref="EventLimits.Count"/>.</summary>
    CountOutOfRange,

    /// <summary>Cached and cache-write tokens exceed tokens_in, or reasoning tokens exceed tokens_out.</summary>
    SubsetAboveTotal,

    /// <summary>A time that is neither RFC 3339 nor an integer.</summary>
    TimeInvalid,

    /// <summary>A time before 2015 (seconds instead of milliseconds?) or after 9999 (microseconds?).</summary>
    TimeUnusable,

    /// <summary>A format version that this decoder does not know.</summary>
    UnsupportedVersion,

    /// <summary>More than <see cref="UsageEvent.MaxUnits"/> entries in units.</summary>
    TooManyUnits,

    /// <summary>A unit without a name.</summary>
    UnitNameEmpty,
}

/// <summary>The stable names of the reasons.</summary>
public static class DecodeReasons
{
    private static readonly string[] Names =
    [
        "none", "empty_record", "record_too_large", "invalid_json", "too_deep", "duplicate_field", "wrong_type", "not_an_integer",
        "missing_field", "text_too_long", "invalid_utf8", "control_character", "unknown_value", "count_negative", "count_out_of_range",
        "subset_above_total", "time_invalid", "time_unusable", "unsupported_version", "too_many_units", "unit_name_empty",
    ];

    /// <summary>Number of reasons, <see cref="DecodeReason.None"/> included: the length of an array of counters by reason.</summary>
    public static int Count => Names.Length;

    /// <summary>The stable snake_case name of a reason.</summary>
    public static string Name(this DecodeReason reason) => Names[(int)reason];
}
