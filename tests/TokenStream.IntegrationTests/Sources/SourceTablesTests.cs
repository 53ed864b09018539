using Microsoft.Extensions.Logging.Abstractions;
using TokenStream.IntegrationTests.ClickHouse;
using TokenStream.IntegrationTests.Kafka;
using TokenStream.Kafka;
using TokenStream.Mapping.Sources;
using TokenStream.Service.Governing;
using TokenStream.Service.Sources;
using Xunit;

namespace TokenStream.IntegrationTests.Sources;

[Collection(nameof(KafkaTests))]
public sealed class SourceTablesTests(KafkaLogs logs, EmbeddedStore store) : IClassFixture<EmbeddedStore>
{
    [FactNeeding("engine")]
    public async Task The_view_sums_the_last_hour_and_says_what_to_set()
    {
        var kafka = logs.Options(KafkaLogs.Embedded);
        var topics = new TopicLayout { Sources = await KafkaLogs.TopicAsync(kafka, 1) };
        using var topic = new ConfigurationTopic(kafka, topics.Sources, "test-writer", NullLogger.Instance);
        var minute = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds() / 60_000 * 60_000;
        var acme = new SourceRecord
        {
            Node = "n-1",
            MinuteMs = minute - 120_000,
            Source = "litellm",
            Emitter = "litellm/1.106.2",
            Tenant = "acme",
            Events = 60,
            Standings = new Dictionary<string, long> { ["exact"] = 50, ["bound:cached"] = 10 },
        };
        var unnamed = acme with
        {
            Tenant = "default",
            Events = 20,
            DefaultTenant = 20,
            Standings = new Dictionary<string, long> { ["exact"] = 10, ["counted"] = 2, ["mock"] = 3, ["unknown"] = 3, ["failed"] = 2 },
        };
        SourceRecord[] records =
        [
            acme with { Events = 7, Standings = new Dictionary<string, long> { ["exact"] = 7 } }, acme, acme,
            acme with { MinuteMs = minute - 60_000, Events = 20, Standings = new Dictionary<string, long> { ["assumed"] = 20 } },
            acme with
            {
                Node = "n-2", Tenant = "", Events = 0, Standings = new Dictionary<string, long>(),
                Refused = new Dictionary<string, long> { ["missing_field"] = 4 },
            },
            unnamed,
            acme with { MinuteMs = minute - 3_720_000, Tenant = "gone" },
            acme with
            {
                Emitter = "litellm", Tenant = SourceRecord.Other, Events = 1,
                Standings = new Dictionary<string, long> { ["exact"] = 1 },
            },
        ];
        foreach (var record in records)
        {
            await topic.AppendAsync(record.Key, record.ToBytes());
        }

        await topic.AppendAsync("garbage", "garbage"u8.ToArray());
        await SourceAdviceTable.WriteAsync(store.Client, CancellationToken.None);
        await SourceAdviceTable.WriteAsync(store.Client, CancellationToken.None);
        await using var tables = new RecordsToTables(
            store.Client, kafka, [SourceTables.Sources(topics)], new Dictionary<string, int> { [topics.Sources] = 1 }, NullLogger.Instance);
        await tables.CopyAsync(CancellationToken.None);

        // 100 events: 80 of acme, 20 of nobody; 60 exact, 10 bound, 20 assumed, 5 counted or made up, 3 unknown, 2 failed.
        Assert.Equal(
            [
                "litellm|1.106.2|2|[('acme',0.8),('default',0.2)]|100|0.6|0.1|0.2|0.05|0.03|0.02|0.2|4|{'missing_field':4}",
                "litellm||0|[('~other',1)]|1|1|0|0|0|0|0|0|0|{}",
            ],
            await RowsAsync(
                """
                SELECT emitter, version, tenants, tenant_shares, events, exact_share, bound_share, assumed_share, counted_share, unknown_share, failed_share,
                    default_tenant_share, refused, refused_reasons FROM tokenstream.sources_seen
                """));
        Assert.Equal(
            ["1"], await RowsAsync("SELECT events_per_second BETWEEN 100 / 600 AND 100 / 120 FROM tokenstream.sources_seen LIMIT 1"));
        Assert.Equal(
            [
                "default_tenant|20|1", "refused:missing_field|4|1", "standing:assumed|20|1", "standing:bound:cached|10|1",
                "standing:counted|2|1", "standing:mock|3|1", "standing:unknown|3|1",
            ],
            await RowsAsync(
                """
                SELECT advised.1, advised.2, notEmpty(advised.3) FROM tokenstream.sources_seen ARRAY JOIN advice AS advised
                WHERE version != '' ORDER BY 1
                """));

        var seen = (await SourcesQuery.ReadAsync(store.Client, CancellationToken.None))[0];
        Assert.Equal(("litellm", "litellm/1.106.2", 100L, 4L, 2L), (seen.Source, seen.Name, seen.Events, seen.Refused, seen.Tenants));
        Assert.Equal(
            (0.6, 0.1, 0.2, 0.05, 0.03, 0.02),
            (seen.ExactShare, seen.BoundShare, seen.AssumedShare, seen.CountedShare, seen.UnknownShare, seen.FailedShare));
        Assert.Equal([new TenantShare("acme", 0.8), new TenantShare("default", 0.2)], seen.TenantShares);
        Assert.Equal(4, seen.RefusedReasons["missing_field"]);
        Assert.Equal(60, seen.Standings["exact"]);
        Assert.Equal(7, seen.Advice.Count);
    }

    private async Task<IEnumerable<string>> RowsAsync(string sql) =>
        (await store.Client.QueryAsync(sql, CancellationToken.None)).Select(row => string.Join('|', row));
}
