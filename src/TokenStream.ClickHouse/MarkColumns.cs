using TokenStream.Windowing;

namespace TokenStream.ClickHouse;

/// <summary>The columns of the <c>marks</c> table, in the order that rows are written in.</summary>
internal static class MarkColumns
{
    /// <summary>All columns but <c>written_at</c>, which is the server's.</summary>
    public const string All =
        "epoch, topic, partition, decision, position, closed_through, stream_time, rules_version, read, counted, duplicate, late, " +
        "time_adjusted, ticks, refused";

    /// <summary>Writes a mark as a row. Times before 1970 mean "not yet" and are written as 1970.</summary>
    public static void Write(RowBinaryWriter row, Mark mark)
    {
        row.WriteUInt32((uint)mark.Epoch);
        row.WriteString(mark.Topic);
        row.WriteUInt32((uint)mark.Partition);
        row.WriteUInt64((ulong)mark.Decision);
        row.WriteInt64(mark.Position);
        row.WriteInt64(Math.Max(0, mark.ClosedThroughMs));
        row.WriteInt64(Math.Max(0, mark.StreamTimeMs));
        row.WriteInt64(mark.RulesVersion);
        var counts = mark.Counts;
        row.WriteInt64(counts.Read);
        row.WriteInt64(counts.Counted);
        row.WriteInt64(counts.Duplicate);
        row.WriteInt64(counts.Late);
        row.WriteInt64(counts.TimeAdjusted);
        row.WriteInt64(counts.Ticks);
        row.WriteVarUInt((ulong)counts.Refused.Count);
        foreach (var (reason, count) in counts.Refused.OrderBy(entry => entry.Key, StringComparer.Ordinal))
        {
            row.WriteString(reason);
            row.WriteInt64(count);
        }
    }
}
