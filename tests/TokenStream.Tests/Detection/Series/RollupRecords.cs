using TokenStream.Windowing;

namespace TokenStream.Tests.Detection.Series;

/// <summary>Rollups and marks as the values of records, after docs/rollup-format.md and not by the encoder.</summary>
internal static class RollupRecords
{
    public static byte[] Of(object record)
    {
        var to = new BlockBuffer();
        if (record is Mark mark)
        {
            MarkFormat.Write(mark, to);
            return to.Written.ToArray();
        }

        var rollup = (Rollup)record;
        to.Byte((byte)'R');
        to.Byte(1);
        rollup.Block.Write(to);
        string[] names =
        [
            rollup.Key.Environment, rollup.Key.TenantId, rollup.Key.App, rollup.Key.Feature, rollup.Key.Provider, rollup.Key.Model,
            rollup.Key.PromptVersion, rollup.Key.Label1, rollup.Key.Label2, rollup.Key.Label3, rollup.Key.Label4, rollup.Key.PriceCell,
        ];
        to.Unsigned((UInt128)names.Length);
        foreach (var name in names)
        {
            to.Text(name);
        }

        to.Unsigned(1);
        for (var i = 0; i < names.Length; i++)
        {
            to.Unsigned((UInt128)i);
        }

        Span<Int128> fields = stackalloc Int128[RollupMeasures.FieldCount];
        rollup.Measures.CopyTo(fields);
        to.Fields(fields);
        to.Byte(1);
        foreach (var histogram in new[] { rollup.LatencyMs, rollup.TtftMs, rollup.TokensIn, rollup.TokensOut })
        {
            to.Unsigned((UInt128)histogram.Buckets.Length);
            var before = 0;
            for (var i = 0; i < histogram.Buckets.Length; i++)
            {
                to.Unsigned((UInt128)(histogram.Buckets[i] - before));
                to.Unsigned((UInt128)histogram.Counts[i]);
                before = histogram.Buckets[i];
            }
        }

        for (var sets = 3; sets > 0; sets--)
        {
            to.Unsigned(0);
        }

        return to.Written.ToArray();
    }
}
