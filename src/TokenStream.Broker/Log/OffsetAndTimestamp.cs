namespace TokenStream.Broker.Log;

/// <summary>A record found by time.</summary>
/// <param name="Offset">Its offset; -1 where no record is that young.</param>
/// <param name="TimestampMs">Its timestamp, epoch ms; -1 where there is none.</param>
public readonly record struct OffsetAndTimestamp(long Offset, long TimestampMs)
{
    public static OffsetAndTimestamp None => new(-1, -1);
}
