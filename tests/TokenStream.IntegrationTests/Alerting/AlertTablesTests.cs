using Microsoft.Extensions.Logging.Abstractions;
using TokenStream.Budgets;
using TokenStream.Governing.Alerts;
using TokenStream.Governing.Evaluation;
using TokenStream.IntegrationTests.ClickHouse;
using TokenStream.IntegrationTests.Kafka;
using TokenStream.Kafka;
using TokenStream.Service.Governing;
using Xunit;

namespace TokenStream.IntegrationTests.Alerting;

[Collection(nameof(KafkaTests))]
public sealed class AlertTablesTests(KafkaLogs logs, EmbeddedStore store) : IClassFixture<EmbeddedStore>
{
    private const long T0 = 1_767_225_600_000;

    [FactNeeding("engine")]
    public async Task Alerts_become_rows_and_the_view_joins_their_beginning_with_their_end()
    {
        var kafka = logs.Options(KafkaLogs.Embedded);
        var topics = new TopicLayout { Alerts = await KafkaLogs.TopicAsync(kafka, 1) };
        using var topic = new ConfigurationTopic(kafka, topics.Alerts, "test-writer", NullLogger.Instance);
        var begin = new Alert
        {
            Fingerprint = "f",
            Kind = TransitionKind.TrippedAgain,
            Name = "tripped_again",
            Severity = AlertSeverity.Page,
            Notifies = true,
            AtMs = T0,
            StartedMs = T0,
            Budget = "b",
            Scope = "tenant=it's",
            Owner = "ada",
            Summary = "first",
            Evidence = Figures(Int128.MaxValue),
        };
        await topic.AppendAsync("f", AlertFormat.Write(begin));
        await topic.AppendAsync("f", "garbage"u8.ToArray());
        await topic.AppendAsync("e", AlertFormat.Write(begin with { Kind = TransitionKind.State, Name = "state", From = BudgetState.Ok, To = BudgetState.Hard }));
        await CopyAsync(kafka, AlertTables.Alerts(topics));
        Assert.Equal(["tripped_again|page|it's|ada|1|first|1"], await RowsAsync(
            "SELECT name, severity, tenant_id, owner, notifies, summary, isNull(ended_at) FROM tokenstream.alerts"));
        Assert.Equal(["ok|hard"], await RowsAsync("SELECT from_state, to_state FROM tokenstream.transitions WHERE kind = 'state'"));
        Assert.Equal(["170141183460469231731687303715884105727"], await RowsAsync(
            "SELECT JSONExtractString(evidence, 'spent') FROM tokenstream.transitions WHERE kind = 'tripped_again'"));

        await topic.AppendAsync("f", AlertFormat.Write(begin with { AtMs = T0 + 60_000, EndedMs = T0 + 60_000, Summary = "last", Notifies = false }));
        await CopyAsync(kafka, AlertTables.Alerts(topics));
        await CopyAsync(kafka, AlertTables.Alerts(topics));
        Assert.Equal(["2026-01-01 00:00:00.000|2026-01-01 00:01:00.000|1|last"], await RowsAsync(
            "SELECT started_at, ended_at, notifies, summary FROM tokenstream.alerts"));
    }

    [FactNeeding("engine")]
    public async Task Budgets_show_their_last_state_and_burn_rates_all_of_them()
    {
        var kafka = logs.Options(KafkaLogs.Embedded);
        var topics = new TopicLayout { BudgetStates = await KafkaLogs.TopicAsync(kafka, 1) };
        using var topic = new ConfigurationTopic(kafka, topics.BudgetStates, "test-writer", NullLogger.Instance);
        var nowMs = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds() / 300_000 * 300_000;
        var state = new BudgetStateRecord
        {
            Budget = "b",
            Scope = "tenant=acme",
            State = BudgetState.Soft,
            Mode = BudgetMode.Enforce,
            AtMs = nowMs - 1,
            Owner = "ada",
            Figures = Figures(1_500_000_000_001),
        };
        await topic.AppendAsync(state.Key, AlertFormat.Write(state with { AtMs = nowMs - (3 * 3_600_000), Scope = "tenant=gone" }));
        await topic.AppendAsync(state.Key, AlertFormat.Write(state));
        await topic.AppendAsync(state.Key, AlertFormat.Write(state with { AtMs = nowMs, State = BudgetState.Watching }));
        await topic.AppendAsync(state.Key, AlertFormat.Write(state with { AtMs = nowMs + 1, State = BudgetState.Hard }));
        await CopyAsync(kafka, AlertTables.BudgetStates(topics));
        Assert.Equal(["b|tenant=acme|acme|hard|enforce|ada|1.500000000001|2|0.75|20.5"], await RowsAsync(
            "SELECT budget, scope, tenant_id, state, mode, owner, toString(spent_usd), toString(limit_usd), round(spent_share, 6), burn_rate FROM tokenstream.budgets"));
        Assert.Equal(["soft|14.4|60|5|20.5|1", "hard|14.4|60|5|20.5|1"], await RowsAsync(
            "SELECT state, factor, long_minutes, short_minutes, long_rate, fires FROM tokenstream.burn_rate WHERE scope = 'tenant=acme' ORDER BY at"));
    }

    private static EvaluationFigures Figures(Int128 spent) => new()
    {
        IsTokens = false,
        Spent = spent,
        Limit = 2_000_000_000_000,
        PeriodStartMs = T0,
        PeriodEndMs = T0 + 86_400_000,
        DemandPerMinute = 7,
        BurnRates = [new BurnFigures(14.4m, 3_600_000, 300_000, 20.5, 30, Fires: true)],
    };

    private async Task CopyAsync(KafkaOptions kafka, RecordTable table)
    {
        await using var tables = new RecordsToTables(store.Client, kafka, [table], new Dictionary<string, int> { [table.Topic] = 1 }, NullLogger.Instance);
        await tables.CopyAsync(CancellationToken.None);
    }

    private async Task<IEnumerable<string>> RowsAsync(string sql) =>
        (await store.Client.QueryAsync(sql, CancellationToken.None)).Select(row => string.Join('|', row));
}
