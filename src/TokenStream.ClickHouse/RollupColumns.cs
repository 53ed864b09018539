using TokenStream.Pricing;
using TokenStream.Storage;
using TokenStream.Windowing;

namespace TokenStream.ClickHouse;

/// <summary>
/// The columns of the <c>rollups_*</c> tables, in the order that rows are written in: the one place beside the SQL that names them.
/// </summary>
internal static class RollupColumns
{
    /// <summary>Sort key of a row's usage; what a seal groups by.</summary>
    public const string Key =
        "environment, tenant_id, app, feature, provider, model, prompt_version, label_1, label_2, label_3, label_4, price_cell";

    private const string Identity = "epoch, topic, partition, rollups_partition, window_start, part, corrected_start";

    private static readonly string[] Sums =
    [
        "events", "requests", "attempts", "adjustments",
        "result_ok", "result_error", "result_timeout", "result_cancelled", "result_blocked_policy", "result_blocked_budget",
        "cache_none", "cache_exact", "cache_prefix", "cache_semantic",
        "tokens_in", "tokens_out", "tokens_cached", "tokens_cache_write_5m", "tokens_cache_write_1h", "tokens_reasoning", "cached_unknown",
        "cost_input_usd", "cost_cache_read_usd", "cost_cache_write_5m_usd", "cost_cache_write_1h_usd", "cost_output_usd",
        "cost_reasoning_usd", "cost_units_usd", "list_cost_usd",
        "unpriced_input", "unpriced_cache_read", "unpriced_cache_write_5m", "unpriced_cache_write_1h", "unpriced_output",
        "unpriced_reasoning", "unpriced_units", "avoided_tokens", "saved_usd", "pii_requests", "accepted", "rated", "time_adjusted",
        "estimated",
    ];

    private static readonly string[] Histograms =
        ["latency_ms_histogram", "ttft_ms_histogram", "tokens_in_histogram", "tokens_out_histogram"];

    private static readonly string[] Sketches = ["users_sketch", "sessions_sketch", "prompt_hashes_sketch"];

    /// <summary>All columns but <c>written_at</c>, which is the server's.</summary>
    public static readonly string All =
        $"{Identity}, {Key}, decision, rules_version, {string.Join(", ", Sums)}, {string.Join(", ", Histograms)}, " +
        $"{string.Join(", ", Sketches)}, rows_summed";

    /// <summary>The measures of <see cref="All"/> behind the key, summed over rows called <c>finer</c>.</summary>
    public static readonly string Summed =
        "max(finer.decision), max(finer.rules_version), " +
        string.Join(", ", Sums.Select(name => $"sum(finer.{name})")) + ", " +
        string.Join(", ", Histograms.Select(name => $"sumMap(finer.{name})")) + ", " +
        string.Join(", ", Sketches.Select(name => $"maxMap(finer.{name})")) + ", sum(finer.rows_summed)";

    /// <summary>Writes a rollup as a row of a grain. Of a correction the window is the grain's that its own lies in.</summary>
    public static void Write(RowBinaryWriter row, int rollupsPartition, Rollup rollup, Grain grain)
    {
        var block = rollup.Block;
        row.WriteUInt32((uint)block.Epoch);
        row.WriteString(block.Topic);
        row.WriteUInt32((uint)block.Partition);
        row.WriteUInt32((uint)rollupsPartition);
        row.WriteDateTime(grain.Floor(block.WindowStartMs));
        row.WriteUInt64((ulong)block.Part);
        row.WriteDateTime(block.WindowStartMs);
        WriteKey(row, rollup.Key);
        row.WriteUInt64((ulong)block.Decision);
        row.WriteUInt64((ulong)block.RulesVersion);
        WriteCounts(row, in rollup.Measures);
        WriteMoney(row, in rollup.Measures);
        WriteRest(row, in rollup.Measures);
        WriteHistogram(row, rollup.LatencyMs);
        WriteHistogram(row, rollup.TtftMs);
        WriteHistogram(row, rollup.TokensIn);
        WriteHistogram(row, rollup.TokensOut);
        WriteRegisters(row, rollup.Users);
        WriteRegisters(row, rollup.Sessions);
        WriteRegisters(row, rollup.PromptHashes);
        row.WriteUInt64(1);
    }

    private static void WriteKey(RowBinaryWriter row, RollupKey key)
    {
        row.WriteString(key.Environment);
        row.WriteString(key.TenantId);
        row.WriteString(key.App);
        row.WriteString(key.Feature);
        row.WriteString(key.Provider);
        row.WriteString(key.Model);
        row.WriteString(key.PromptVersion);
        row.WriteString(key.Label1);
        row.WriteString(key.Label2);
        row.WriteString(key.Label3);
        row.WriteString(key.Label4);
        row.WriteString(key.PriceCell);
    }

    private static void WriteCounts(RowBinaryWriter row, in RollupMeasures m)
    {
        row.WriteInt64(m.Events);
        row.WriteInt64(m.Requests);
        row.WriteInt64(m.Attempts);
        row.WriteInt64(m.Adjustments);
        row.WriteInt64(m.Ok);
        row.WriteInt64(m.Errors);
        row.WriteInt64(m.Timeouts);
        row.WriteInt64(m.Cancelled);
        row.WriteInt64(m.BlockedPolicy);
        row.WriteInt64(m.BlockedBudget);
        row.WriteInt64(m.CacheNone);
        row.WriteInt64(m.CacheExact);
        row.WriteInt64(m.CachePrefix);
        row.WriteInt64(m.CacheSemantic);
        row.WriteInt64(m.TokensIn);
        row.WriteInt64(m.TokensOut);
        row.WriteInt64(m.TokensCached);
        row.WriteInt64(m.TokensCacheWrite5m);
        row.WriteInt64(m.TokensCacheWrite1h);
        row.WriteInt64(m.TokensReasoning);
        row.WriteInt64(m.CachedUnknown);
    }

    private static void WriteMoney(RowBinaryWriter row, in RollupMeasures m)
    {
        row.WriteInt128(m.CostInput);
        row.WriteInt128(m.CostCacheRead);
        row.WriteInt128(m.CostCacheWrite5m);
        row.WriteInt128(m.CostCacheWrite1h);
        row.WriteInt128(m.CostOutput);
        row.WriteInt128(m.CostReasoning);
        row.WriteInt128(m.CostUnits);
        row.WriteInt128(m.ListCost);
    }

    private static void WriteRest(RowBinaryWriter row, in RollupMeasures m)
    {
        for (var i = 0; i < PerTokenClass.Count; i++)
        {
            row.WriteInt64(m.Unpriced[i]);
        }

        row.WriteInt64(m.AvoidedTokens);
        row.WriteInt128(m.Saved);
        row.WriteInt64(m.PiiRequests);
        row.WriteInt64(m.Accepted);
        row.WriteInt64(m.Rated);
        row.WriteInt64(m.TimeAdjusted);
        row.WriteInt64(m.Estimated);
    }

    /// <summary>A Map(UInt16, UInt64).</summary>
    private static void WriteHistogram(RowBinaryWriter row, SparseHistogram histogram)
    {
        row.WriteVarUInt((ulong)histogram.Buckets.Length);
        for (var i = 0; i < histogram.Buckets.Length; i++)
        {
            row.WriteUInt16(histogram.Buckets[i]);
            row.WriteUInt64((ulong)histogram.Counts[i]);
        }
    }

    /// <summary>A Map(UInt16, UInt8).</summary>
    private static void WriteRegisters(RowBinaryWriter row, SparseRegisters registers)
    {
        row.WriteVarUInt((ulong)registers.Registers.Length);
        for (var i = 0; i < registers.Registers.Length; i++)
        {
            row.WriteUInt16(registers.Registers[i]);
            row.WriteByte(registers.Ranks[i]);
        }
    }
}
