namespace TokenStream.Windowing;

/// <summary>Writes and reads marks as the value of one record (docs/rollup-format.md).</summary>
internal static class MarkFormat
{
    /// <summary>First byte of a record that is a mark.</summary>
    public const byte Kind = (byte)'M';

    public static void Write(Mark mark, BlockBuffer to)
    {
        to.Clear();
        to.Byte(Kind);
        to.Byte(RollupEncoder.Version);
        to.Signed(mark.Epoch);
        to.Text(mark.Topic);
        to.Signed(mark.Partition);
        to.Signed(mark.Decision);
        to.Signed(mark.Position);
        to.Signed(mark.ClosedThroughMs);
        to.Signed(mark.StreamTimeMs);
        to.Signed(mark.RulesVersion);
        to.Signed(mark.NeededOffset);
        to.Signed(mark.IdsFrom);
        to.Signed(mark.Counts.Read);
        to.Signed(mark.Counts.Counted);
        to.Signed(mark.Counts.Duplicate);
        to.Signed(mark.Counts.Late);
        to.Signed(mark.Counts.TimeAdjusted);
        to.Signed(mark.Counts.Ticks);
        to.Unsigned((UInt128)mark.Counts.Refused.Count);
        foreach (var (reason, count) in mark.Counts.Refused.OrderBy(r => r.Key, StringComparer.Ordinal))
        {
            to.Text(reason);
            to.Signed(count);
        }
    }

    public static Mark Read(ref BlockReader reader)
    {
        var mark = new Mark
        {
            Epoch = checked((int)reader.Long()),
            Topic = reader.Text(),
            Partition = checked((int)reader.Long()),
            Decision = reader.Long(),
            Position = reader.Long(),
            ClosedThroughMs = reader.Long(),
            StreamTimeMs = reader.Long(),
            RulesVersion = reader.Long(),
            NeededOffset = reader.Long(),
            IdsFrom = reader.Long(),
            Counts = new MarkCounts(
                reader.Long(), reader.Long(), reader.Long(), reader.Long(), reader.Long(), reader.Long(), new Dictionary<string, long>()),
        };
        var refused = new Dictionary<string, long>(StringComparer.Ordinal);
        for (var left = reader.Count(); left > 0; left--)
        {
            refused[reader.Text()] = reader.Long();
        }

        return mark with { Counts = mark.Counts with { Refused = refused } };
    }
}
