using System.Text.Json;
using TokenStream.ClickHouse;
using TokenStream.Governing.Alerts;
using TokenStream.Kafka;
using TokenStream.Scopes;

namespace TokenStream.Service.Governing;

/// <summary>The tables of alerts and of budgets' states.</summary>
internal static class AlertTables
{
    private const string AlertColumns =
        "at, fingerprint, kind, name, severity, lasts, notifies, started_at, ended_at, budget, scope, tenant_id, budget_set_version, from_state, to_state, " +
        "command_id, owner, route, summary, evidence";

    private const string StateColumns =
        "at, slot, budget, scope, tenant_id, state, mode, owner, budget_set_version, seeding, stale, unit, spent, spend_limit, unpriced_bound, blocked, " +
        "demand_per_minute, period_start, period_end, exhausted_at, exhausted_earliest, exhausted_latest, burn_rates";

    private const long SlotMs = 5 * 60_000;

    public static RecordTable Alerts(TopicLayout topics) => new(topics.Alerts, "alert_records", AlertColumns, (_, value, rows) =>
    {
        if (value is null || !AlertFormat.TryRead(value, out Alert? alert))
        {
            return false;
        }

        rows.WriteTime(alert.AtMs);
        rows.WriteString(alert.Fingerprint);
        rows.WriteString(Word(alert.Kind));
        rows.WriteString(alert.Name);
        rows.WriteString(Word(alert.Severity));
        rows.WriteByte(alert.Lasts ? (byte)1 : (byte)0);
        rows.WriteByte(alert.Notifies ? (byte)1 : (byte)0);
        rows.WriteTime(alert.StartedMs);
        rows.WriteTime(alert.EndedMs);
        rows.WriteString(alert.Budget);
        rows.WriteString(alert.Scope);
        rows.WriteString(Tenant(alert.Scope));
        rows.WriteInt64(alert.BudgetSetVersion);
        rows.WriteString(alert.From is { } from ? Word(from) : "");
        rows.WriteString(alert.To is { } to ? Word(to) : "");
        rows.WriteString(alert.CommandId ?? "");
        rows.WriteString(alert.Owner ?? "");
        rows.WriteString(alert.Route ?? "");
        rows.WriteString(alert.Summary);
        rows.WriteString(alert.Evidence is { } evidence ? AlertFormat.Write(evidence) : []);
        return true;
    });

    public static RecordTable BudgetStates(TopicLayout topics) => new(topics.BudgetStates, "budget_state_records", StateColumns, (_, value, rows) =>
    {
        if (value is null || !AlertFormat.TryRead(value, out BudgetStateRecord? state))
        {
            return false;
        }

        var figures = state.Figures;
        rows.WriteTime(state.AtMs);
        rows.WriteDateTime(state.AtMs / SlotMs * SlotMs);
        rows.WriteString(state.Budget);
        rows.WriteString(state.Scope);
        rows.WriteString(Tenant(state.Scope));
        rows.WriteString(Word(state.State));
        rows.WriteString(Word(state.Mode));
        rows.WriteString(state.Owner ?? "");
        rows.WriteInt64(state.BudgetSetVersion);
        rows.WriteByte(state.IsSeeding ? (byte)1 : (byte)0);
        rows.WriteByte(state.IsStale ? (byte)1 : (byte)0);
        rows.WriteString(figures.IsTokens ? "tokens" : "picodollars");
        rows.WriteInt128(figures.Spent);
        rows.WriteInt128(figures.Limit);
        rows.WriteInt128(figures.UnpricedBound);
        rows.WriteInt128(figures.Blocked);
        rows.WriteInt128(figures.DemandPerMinute);
        rows.WriteTime(figures.PeriodStartMs);
        rows.WriteTime(figures.PeriodEndMs);
        rows.WriteTime(figures.ExhaustedAtMs);
        rows.WriteTime(figures.ExhaustedEarliestMs);
        rows.WriteTime(figures.ExhaustedLatestMs);
        rows.WriteString(AlertFormat.Write(figures.BurnRates));
        return true;
    });

    private static string Tenant(string scope) =>
        Scope.TryParse(scope, out var parsed, out _) && parsed[ScopeDimension.Tenant] is { Kind: ScopeTermKind.Exact } tenant ? tenant.Text : "";

    private static string Word<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString());
}
