using TokenStream.Scopes;
using TokenStream.Windowing;

namespace TokenStream.ClickHouse;

/// <summary>The columns of the tables of spend, in the order that rows are written in; <c>written_at</c> is the server's.</summary>
internal static class SpendColumns
{
    public const string All =
        "epoch, topic, partition, window_start, part, scope, organisation, environment, tenant_id, app, feature, provider, model, " +
        "user_id, decision, rules_version, budgets_version, cost_usd, batch_cost_usd, unpriced_bound_usd, batch_unpriced_bound_usd, " +
        "blocked_cost_usd, tokens, batch_tokens, unbound_tokens, blocked_tokens, requests, batch_requests, blocked_requests";

    public const string OfMarks = "epoch, topic, partition, spend_partition, decision, position, closed_through, rules_version";

    public static void Write(RowBinaryWriter row, ScopeSpend spend)
    {
        var (block, measures) = (spend.Block, spend.Measures);
        row.WriteUInt32((uint)block.Epoch);
        row.WriteString(block.Topic);
        row.WriteUInt32((uint)block.Partition);
        row.WriteDateTime(block.WindowStartMs);
        row.WriteUInt64((ulong)block.Part);
        row.WriteString(spend.Scope.Text);
        for (var dimension = 0; dimension < Scope.Dimensions; dimension++)
        {
            row.WriteString(spend.Scope[(ScopeDimension)dimension].Text ?? "");
        }

        row.WriteUInt64((ulong)block.Decision);
        row.WriteUInt64((ulong)block.RulesVersion);
        row.WriteUInt64((ulong)spend.BudgetsVersion);
        row.WriteInt128(measures.Cost);
        row.WriteInt128(measures.BatchCost);
        row.WriteInt128(measures.UnpricedBound);
        row.WriteInt128(measures.BatchUnpricedBound);
        row.WriteInt128(measures.BlockedCost);
        row.WriteInt64(measures.Tokens);
        row.WriteInt64(measures.BatchTokens);
        row.WriteInt64(measures.UnboundTokens);
        row.WriteInt64(measures.BlockedTokens);
        row.WriteInt64(measures.Requests);
        row.WriteInt64(measures.BatchRequests);
        row.WriteInt64(measures.BlockedRequests);
    }

    /// <summary>Writes a mark as a row. Times before 1970 mean "not yet" and are written as 1970.</summary>
    public static void Write(RowBinaryWriter row, int spendPartition, Mark mark)
    {
        row.WriteUInt32((uint)mark.Epoch);
        row.WriteString(mark.Topic);
        row.WriteUInt32((uint)mark.Partition);
        row.WriteUInt32((uint)spendPartition);
        row.WriteUInt64((ulong)mark.Decision);
        row.WriteInt64(mark.Position);
        row.WriteInt64(Math.Max(0, mark.ClosedThroughMs));
        row.WriteInt64(mark.RulesVersion);
    }
}
