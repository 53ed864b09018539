namespace TokenStream.Commands;

/// <summary>Why a record of the commands topic is not believed.</summary>
public enum CommandRefusal
{
    /// <summary>It is believed.</summary>
    None = 0,

    /// <summary>Nothing signs it, or not as agreed: the algorithm <c>none</c> among others.</summary>
    NotSigned,

    /// <summary>The key it names is not one that the reader was given.</summary>
    UnknownKey,

    /// <summary>It was changed, or signed by somebody else.</summary>
    BadSignature,

    /// <summary>It is no JSON of the format.</summary>
    Malformed,

    /// <summary>It is signed, but lies under another record key than its own: a copy meant to replace another command.</summary>
    KeyMismatch,

    /// <summary>It is signed as something else: a command under a heartbeat's key, or the reverse.</summary>
    WrongType,

    /// <summary>It is longer than <see cref="SignedRecord.MostBytes"/>; nothing of it was looked at.</summary>
    TooLong,

    /// <summary>It has no value. A deletion cannot be signed, so that it changes nothing.</summary>
    NoValue,
}
