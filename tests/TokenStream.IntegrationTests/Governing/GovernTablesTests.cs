using System.Security.Cryptography;
using Microsoft.Extensions.Logging.Abstractions;
using TokenStream.Commands;
using TokenStream.IntegrationTests.ClickHouse;
using TokenStream.IntegrationTests.Kafka;
using TokenStream.Kafka;
using TokenStream.Scopes;
using TokenStream.Service.Governing;
using Xunit;

namespace TokenStream.IntegrationTests.Governing;

[Collection(nameof(KafkaTests))]
public sealed class GovernTablesTests(KafkaLogs logs, EmbeddedStore store) : IClassFixture<EmbeddedStore>
{
    private const long T0 = 1_767_225_600_000;

    [FactNeeding("engine")]
    public async Task Records_become_rows_once_however_often_they_are_copied()
    {
        var kafka = logs.Options(KafkaLogs.Embedded);
        var topics = new TopicLayout { Audit = await KafkaLogs.TopicAsync(kafka, 1), Commands = await KafkaLogs.TopicAsync(kafka, 2) };
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var signer = new CommandSigner(key);
        var kill = new Command
        {
            Id = "c-1-1",
            Scope = Scope.Of((ScopeDimension.Tenant, ScopeTerm.Exact("it's"))),
            Source = "budget/b",
            Version = new CommandVersion(1, 1),
            Action = CommandAction.Throttle,
            Parameters = new ActionParameters { TokensPerMinute = 5 },
            IssuedMs = T0,
            ExpiresMs = long.MaxValue / 1_000_000,
            Reason = "r",
            Cause = new CommandCause
            {
                Budget = "b",
                BudgetSetVersion = 3,
                Trigger = "exhausted",
                Spent = 1_500_000_000_001,
                Limit = 1_000_000_000_000,
                BurnRate = 2.5,
                PeriodStartMs = 0,
                PeriodEndMs = 1,
                EventMs = T0 - 250,
            },
        };
        using var commands = new ConfigurationTopic(kafka, topics.Commands, "test-writer", NullLogger.Instance);
        using var audit = new ConfigurationTopic(kafka, topics.Audit, "test-writer", NullLogger.Instance);
        await commands.AppendAsync(kill.Key, signer.Sign(kill));
        await commands.AppendAsync(kill.Key, CommandFormat.Write(kill with { Version = new CommandVersion(9, 9) }));
        await commands.AppendAsync("heartbeat/0", signer.Sign(new Heartbeat { Partition = 0, Version = kill.Version, AtMs = 1 }));
        await audit.AppendAsync("kill", Change("first").ToBytes());
        await audit.AppendAsync("kill", "garbage"u8.ToArray());

        await CopyAsync();
        await CopyAsync();
        Assert.Equal(
            "active|tenant=it's|throttle|{\"tokens_per_minute\":5}|it's|1.500000000001|1|2.5|2026-01-01 00:00:00.000|2025-12-31 23:59:59.750",
            Assert.Single(await RowsAsync("SELECT state, scope, action, parameters, tenant_id, toString(spent_usd), toString(limit_usd), burn_rate, issued_at, event_at FROM tokenstream.commands")));
        Assert.Equal(["command|first|ada|api|{}"], await RowsAsync("SELECT kind, reason, changed_by, changed_from, after FROM tokenstream.audit"));

        // A later version replaces, a row stored twice is one, and a table that was emptied is filled again from the log.
        await commands.AppendAsync(kill.Key, signer.Sign(kill with { Id = "c-1-2", Version = new CommandVersion(1, 2), Action = CommandAction.None, Cause = null }));
        await audit.AppendAsync("kill", Change("second").ToBytes());
        await CopyAsync();
        Assert.Equal(["c-1-1|replaced", "c-1-2|released"], await RowsAsync("SELECT id, state FROM tokenstream.commands ORDER BY id"));
        Assert.Equal(["first", "second"], await RowsAsync("SELECT reason FROM tokenstream.audit ORDER BY reason"));

        async Task CopyAsync()
        {
            var partitions = new Dictionary<string, int> { [topics.Audit] = 1, [topics.Commands] = 2 };
            var verifier = new CommandVerifier(CommandKey.ReadPublic(signer.PublicPem));
            await using var tables = new RecordsToTables(
                store.Client, kafka, [GovernTables.Audit(topics), GovernTables.Commands(topics, verifier)], partitions, NullLogger.Instance);
            await tables.CopyAsync(CancellationToken.None);
            await tables.CopyAsync(CancellationToken.None);
        }
    }

    private static AuditRecord Change(string reason) => new()
    {
        AtMs = T0,
        Kind = AuditKind.Command,
        Action = "kill",
        Subject = "all",
        By = "ada",
        From = "api",
        Reason = reason,
        After = "{}",
    };

    private async Task<IEnumerable<string>> RowsAsync(string sql) =>
        (await store.Client.QueryAsync(sql, CancellationToken.None)).Select(row => string.Join('|', row));
}
