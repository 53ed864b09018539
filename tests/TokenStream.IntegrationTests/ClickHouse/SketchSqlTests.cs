using System.Globalization;
using System.Numerics;
using TokenStream.Windowing;
using Xunit;

namespace TokenStream.IntegrationTests.ClickHouse;

/// <summary>Percentiles and distinct counts in SQL, against the values that went in.</summary>
public sealed class SketchSqlTests(EmbeddedStore embedded) : IClassFixture<EmbeddedStore>
{
    // 2026-03-01, 00:00 UTC.
    private const long Start = 1_772_323_200_000;

    [FactNeeding("engine")]
    public async Task Every_bucket_is_valued_at_its_middle()
    {
        var rows = await embedded.Client.QueryAsync(
            $"SELECT number, tokenstream_bucket_value(toUInt16(number)) FROM numbers({HistogramScale.BucketCount})", CancellationToken.None);
        Assert.Equal(HistogramScale.BucketCount, rows.Count);
        foreach (var row in rows)
        {
            Assert.Equal(HistogramScale.Middle(int.Parse(row[0]!, CultureInfo.InvariantCulture)), Number(row[1]));
        }
    }

    [FactNeeding("engine")]
    public async Task Percentiles_are_within_a_percent_in_a_row_and_merged_over_any_range()
    {
        var walk = new StoreWalk(embedded.Client, "percentiles");
        var random = new Random(11);
        var values = Enumerable.Range(0, 90).Select(_ => Enumerable.Range(0, 50).Select(_ => (long)Math.Exp(random.NextDouble() * 14)).ToArray()).ToArray();
        await walk.InsertAsync([.. values.Select((latencies, i) => With(walk.Rollup(Start + (i * 10_000), i % 2, 50, 1), latencies))]);

        var minute = values.Take(6).Where((_, i) => i % 2 == 0).SelectMany(v => v).Order().ToList();
        var rows = await embedded.Client.QueryAsync(
            "SELECT latency_ms_p50, latency_ms_p95, latency_ms_p99, ttft_ms_p50 FROM tokenstream.usage_1m WHERE tenant_id = 'percentiles-0' ORDER BY window_start LIMIT 1",
            CancellationToken.None);
        Assert.Null(rows[0][3]);
        AssertQuantiles(minute, rows[0]);

        var all = values.SelectMany(v => v).Order().ToList();
        rows = await embedded.Client.QueryAsync(
            """
            SELECT tokenstream_quantile(sumMap(latency_ms_histogram), 0.5), tokenstream_quantile(sumMap(latency_ms_histogram), 0.95),
                tokenstream_quantile(sumMap(latency_ms_histogram), 0.99)
            FROM tokenstream.usage_10s WHERE startsWith(tenant_id, 'percentiles-')
            """,
            CancellationToken.None);
        AssertQuantiles(all, rows[0]);
    }

    [FactNeeding("engine")]
    public async Task Quantiles_of_one_and_of_few_values_are_those_values()
    {
        var rows = await embedded.Client.QueryAsync(
            """
            SELECT tokenstream_quantile(map(toUInt16(7), toUInt64(1)), 0), tokenstream_quantile(map(toUInt16(7), toUInt64(1)), 1),
                tokenstream_quantile(map(toUInt16(1), toUInt64(19), toUInt16(9), toUInt64(1)), 0.95),
                tokenstream_quantile(map(toUInt16(1), toUInt64(18), toUInt16(9), toUInt64(2)), 0.95)
            """,
            CancellationToken.None);
        Assert.Equal("7 7 1 9", string.Join(' ', rows[0]));
    }

    [FactNeeding("engine")]
    public async Task Distinct_counts_are_within_five_standard_errors_at_every_size()
    {
        var walk = new StoreWalk(embedded.Client, "uniques");
        var sizes = new[] { 0, 1, 2, 10, 100, 1_000, 5_000, 10_000, 20_000, 100_000, 1_000_000 };
        await walk.InsertAsync([.. sizes.Select((size, i) => Users(walk.Rollup(Start, i, 1, 1), 0, size))]);
        var rows = await embedded.Client.QueryAsync(
            "SELECT tenant_id, unique_users, unique_sessions FROM tokenstream.usage_1h WHERE startsWith(tenant_id, 'uniques-')", CancellationToken.None);
        for (var i = 0; i < sizes.Length; i++)
        {
            var row = rows.Single(r => r[0] == walk.Tenant(i));
            Assert.Equal("0", row[2]);
            Assert.InRange(Number(row[1]), sizes[i] * (1 - (5 * 0.01625)), sizes[i] * (1 + (5 * 0.01625)));
        }

        Assert.Equal("0 1 2 10", string.Join(' ', sizes.Take(4).Select((_, i) => rows.Single(r => r[0] == walk.Tenant(i))[1])));
    }

    [FactNeeding("engine")]
    public async Task Distinct_counts_merge_without_counting_anybody_twice()
    {
        var walk = new StoreWalk(embedded.Client, "merged");
        await walk.InsertAsync(
            Users(walk.Rollup(Start, 1, 1, 1), 0, 3_000), Users(walk.Rollup(Start + 10_000, 1, 1, 1), 2_000, 3_000),
            Users(walk.Rollup(Start, 2, 1, 1), 0, 5_000));
        var rows = await embedded.Client.QueryAsync(
            """
            SELECT (SELECT unique_users FROM tokenstream.usage_1m WHERE tenant_id = 'merged-1'), (SELECT unique_users FROM tokenstream.usage_1m WHERE tenant_id = 'merged-2'),
                (SELECT tokenstream_uniques(maxMap(users_sketch)) FROM tokenstream.usage_10s WHERE startsWith(tenant_id, 'merged-'))
            """,
            CancellationToken.None);
        Assert.Equal(rows[0][1], rows[0][0]);
        Assert.Equal(rows[0][1], rows[0][2]);
    }

    private static double Number(string? text) => double.Parse(text!, CultureInfo.InvariantCulture);

    /// <summary>The nearest-rank quantiles of sorted values, and at most 1 % from them.</summary>
    private static void AssertQuantiles(List<long> sorted, string?[] row)
    {
        foreach (var (quantile, i) in new[] { (50, 0), (95, 1), (99, 2) })
        {
            var exact = sorted[((sorted.Count * quantile) + 99) / 100 - 1];
            Assert.InRange(Number(row[i]), exact * 0.99, exact * 1.01);
        }
    }

    private static Rollup With(Rollup rollup, long[] latencies)
    {
        var buckets = latencies.GroupBy(value => (ushort)HistogramScale.Bucket(value)).OrderBy(group => group.Key).ToList();
        return Copy(rollup, new SparseHistogram([.. buckets.Select(b => b.Key)], [.. buckets.Select(b => b.LongCount())]), SparseRegisters.Empty);
    }

    /// <summary>The sketch of so many users, numbered on from the first: an independent HyperLogLog of 4,096 registers.</summary>
    private static Rollup Users(Rollup rollup, int first, int count)
    {
        var ranks = new SortedDictionary<ushort, byte>();
        for (var user = first; user < first + count; user++)
        {
            var hash = Mixed((ulong)user);
            var register = (ushort)(hash >> 52);
            var rank = (byte)(1 + Math.Min(52, BitOperations.LeadingZeroCount(hash << 12)));
            ranks[register] = Math.Max(rank, ranks.GetValueOrDefault(register));
        }

        return Copy(rollup, SparseHistogram.Empty, new SparseRegisters([.. ranks.Keys], [.. ranks.Values]));
    }

    private static Rollup Copy(Rollup rollup, SparseHistogram latency, SparseRegisters users) =>
        new() { Block = rollup.Block, Key = rollup.Key, Measures = rollup.Measures, LatencyMs = latency, Users = users };

    /// <summary>SplitMix64 (S. Vigna, public domain): a well-mixed hash of a number.</summary>
    private static ulong Mixed(ulong value)
    {
        unchecked
        {
            value += 0x9E3779B97F4A7C15;
            value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
            value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
            return value ^ (value >> 31);
        }
    }
}
