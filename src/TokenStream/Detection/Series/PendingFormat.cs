using TokenStream.Windowing;

namespace TokenStream.Detection.Series;

/// <summary>A final value that waits for its mark, as bytes of a snapshot: all of it that detection goes by.</summary>
internal static class PendingFormat
{
    public static void Write(Rollup value, BlockBuffer to)
    {
        value.Block.Write(to);
        foreach (var name in Names(value.Key))
        {
            to.Text(name);
        }

        WriteMeasures(value.Measures, to);
        WriteHistogram(value.LatencyMs, to);
        WriteHistogram(value.TtftMs, to);
    }

    public static Rollup Read(ref BlockReader from)
    {
        var block = RollupBlockHeader.Read(ref from);
        return new Rollup
        {
            Block = block,
            Key = new RollupKey(
                from.Text(), from.Text(), from.Text(), from.Text(), from.Text(), from.Text(), from.Text(), from.Text(), from.Text(),
                from.Text(), from.Text(), from.Text()),
            Measures = ReadMeasures(ref from),
            LatencyMs = ReadHistogram(ref from),
            TtftMs = ReadHistogram(ref from),
        };
    }

    public static void WriteMeasures(in RollupMeasures measures, BlockBuffer to)
    {
        Span<Int128> fields = stackalloc Int128[RollupMeasures.FieldCount];
        measures.CopyTo(fields);
        to.Fields(fields);
    }

    public static RollupMeasures ReadMeasures(ref BlockReader from)
    {
        Span<Int128> fields = stackalloc Int128[RollupMeasures.FieldCount];
        from.Fields(fields);
        return RollupMeasures.From(fields);
    }

    private static string[] Names(RollupKey key) =>
    [
        key.Environment, key.TenantId, key.App, key.Feature, key.Provider, key.Model, key.PromptVersion, key.Label1, key.Label2, key.Label3,
        key.Label4, key.PriceCell,
    ];

    private static void WriteHistogram(SparseHistogram histogram, BlockBuffer to)
    {
        to.Unsigned((UInt128)histogram.Buckets.Length);
        for (var i = 0; i < histogram.Buckets.Length; i++)
        {
            to.Unsigned(histogram.Buckets[i]);
            to.Signed(histogram.Counts[i]);
        }
    }

    private static SparseHistogram ReadHistogram(ref BlockReader from)
    {
        var count = from.Count();
        var (buckets, counts) = (new ushort[count], new long[count]);
        for (var i = 0; i < count; i++)
        {
            var bucket = from.Unsigned();
            buckets[i] = bucket < HistogramScale.BucketCount ? (ushort)bucket : throw new FormatException("a bucket that does not exist");
            counts[i] = from.Long();
        }

        return new SparseHistogram(buckets, counts);
    }
}
