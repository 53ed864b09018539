namespace TokenStream.Events;

/// <summary>The bounds of an event. What exceeds one is refused with its reason, never cut.</summary>
public static class EventLimits
{
    /// <summary>Most bytes of a record.</summary>
    public const int RecordBytes = 256 * 1024;

    /// <summary>Most UTF-8 bytes, escapes undone, of any text of a known field and of a label.</summary>
    public const int TextBytes = 256;

    /// <summary>Most UTF-8 bytes of a unit's name and of a configured label key.</summary>
    public const int NameBytes = 64;

    /// <summary>Most levels of nesting, the event's own object included.</summary>
    public const int Depth = 64;

    /// <summary>Largest count, and largest magnitude of a delta.</summary>
    public const long Count = 1_000_000_000_000;

    /// <summary>2015-01-01T00:00:00Z in milliseconds since the Unix epoch: an earlier time is a unit mistaken, or a broken clock.</summary>
    public const long EarliestTimeMs = 1_420_070_400_000;

    /// <summary>9999-12-31T23:59:59.999Z in milliseconds since the Unix epoch.</summary>
    public const long LatestTimeMs = 253_402_300_799_999;
}
