namespace TokenStream.Mapping;

/// <summary>Why a payload, or an item of one, became no event. The names (<see cref="MappingReasons.Name"/>) are stable.</summary>
public enum MappingReason : byte
{
    None = 0,

    /// <summary>No bytes, or blanks only.</summary>
    EmptyPayload,

    /// <summary>More than <see cref="MappingLimits.PayloadBytes"/>, or more than <see cref="MappingLimits.Items"/> items.</summary>
    PayloadTooLarge,

    /// <summary>Not JSON (RFC 8259), or something after it.</summary>
    InvalidJson,

    /// <summary>Nested deeper than an event may be.</summary>
    TooDeep,

    /// <summary>A name that is read stands there twice: which one counts is anybody's guess.</summary>
    DuplicateField,

    /// <summary>Several fields together say that this is nothing the source sends.</summary>
    NotOfThisSource,

    /// <summary>Without it there is no event: it is absent, null or empty.</summary>
    MissingField,

    /// <summary>A count or time of another JSON type.</summary>
    WrongType,

    /// <summary>A count with a fraction or an exponent.</summary>
    NotAnInteger,

    /// <summary>A negative count, or one beyond what an event can carry.</summary>
    CountOutOfRange,

    /// <summary>A time that cannot be read, or before 2015 or after 9999.</summary>
    TimeUnusable,

    /// <summary>A text that an event needs and cannot carry: too long, no UTF-8, or with control characters.</summary>
    TextUnusable,

    /// <summary>The parts exceed their total under the source's convention, so the convention is not what this source does.</summary>
    ConventionContradicted,

    /// <summary>What is said to be a native event is none: the stream would refuse it.</summary>
    NoNativeEvent,

    /// <summary>Bytes that are no message of the protobuf form of this source.</summary>
    InvalidProtobuf,

    /// <summary>Metrics or logs: what requests used is told by the traces.</summary>
    NotTraces,
}

/// <summary>The stable names of the reasons.</summary>
public static class MappingReasons
{
    private static readonly string[] Names =
    [
        "none", "empty_payload", "payload_too_large", "invalid_json", "too_deep", "duplicate_field", "not_of_this_source", "missing_field",
        "wrong_type", "not_an_integer", "count_out_of_range", "time_unusable", "text_unusable", "convention_contradicted",
        "no_native_event", "invalid_protobuf", "not_traces",
    ];

    /// <summary>Number of reasons, <see cref="MappingReason.None"/> included.</summary>
    public static int Count => Names.Length;

    /// <summary>The stable snake_case name of a reason.</summary>
    public static string Name(this MappingReason reason) => Names[(int)reason];
}

/// <summary>Why and where something was refused.</summary>
/// <param name="Offset">Byte of the payload: of the value refused or, of a missing one, of its item.</param>
/// <param name="Path">The path concerned, empty where it is the payload as a whole.</param>
public readonly record struct MappingError(MappingReason Reason, int Offset, string Path)
{
    /// <summary>One sentence for people. Allocates; not for the data path.</summary>
    public string Describe() => Reason switch
    {
        MappingReason.None => "No error.",
        MappingReason.EmptyPayload => "The payload is empty.",
        MappingReason.PayloadTooLarge => $"The payload has more than {MappingLimits.PayloadBytes} bytes or {MappingLimits.Items} items.",
        MappingReason.InvalidJson => "The payload is not JSON (without byte order mark, comments or trailing commas).",
        MappingReason.TooDeep => "The payload is nested deeper than 64 levels.",
        MappingReason.DuplicateField => "The field occurs twice.",
        MappingReason.NotOfThisSource => "The fields are not those that this source sends.",
        MappingReason.MissingField => "The field is required and is absent, null or empty.",
        MappingReason.WrongType => "The value has the wrong JSON type.",
        MappingReason.NotAnInteger => "The count has a fraction or an exponent.",
        MappingReason.CountOutOfRange => "The count is negative or beyond 10^12.",
        MappingReason.TimeUnusable => "The time cannot be read, or lies before 2015 or after 9999.",
        MappingReason.TextUnusable => "The text is needed and is longer than 256 bytes, no UTF-8, or has control characters.",
        MappingReason.ConventionContradicted => "The parts exceed their total: this source does not count as its convention says.",
        MappingReason.NoNativeEvent => "What is said to be a native event is none; docs/event-format.md says what the reason means.",
        MappingReason.InvalidProtobuf => "The payload is not the protobuf message of this source.",
        MappingReason.NotTraces =>
            "These are metrics or logs. What requests used is in the traces: send those, and leave metrics to your monitoring.",
        _ => Reason.Name(),
    };
}

/// <summary>The bounds of what is mapped. What exceeds one is refused with its reason.</summary>
public static class MappingLimits
{
    /// <summary>Most bytes of a payload: prompts and answers are within it, and are dropped.</summary>
    public const int PayloadBytes = 16 * 1024 * 1024;

    /// <summary>Most items of a payload.</summary>
    public const int Items = 10_000;
}
