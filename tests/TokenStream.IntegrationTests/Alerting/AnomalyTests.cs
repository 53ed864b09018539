using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using TokenStream.Detection;
using TokenStream.IntegrationTests.Node;
using TokenStream.Kafka;
using Xunit;

namespace TokenStream.IntegrationTests.Alerting;

/// <summary>What people are told of anomalies, and what they may do about them, at a node as people run it.</summary>
public sealed class AnomalyTests
{
    private static readonly long Opened = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds() / 60_000 * 60_000;

    [FactNeeding("engine")]
    public async Task An_anomaly_becomes_a_row_and_an_alert_and_people_take_it_on_silence_and_resolve()
    {
        using var folder = new TemporaryFolder();
        await using var hook = new WebhookReceiver();
        var config = Path.Combine(folder.Path, "node.yaml");
        await File.WriteAllTextAsync(config, $$"""alerts: {receivers: [{name: hook, kind: webhook, url: "{{hook.Url}}"}]}""");
        await using var node = new NodeProcess(Path.Combine(folder.Path, "data"), "--config", config);
        await node.StartAsync();
        using var topic = new ConfigurationTopic(new KafkaOptions { BootstrapServers = node.Kafka }, "tokenstream.anomalies", "test", NullLogger.Instance);
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{node.HttpPort}") };

        // A person expects something of globex before it happens.
        Assert.Equal(HttpStatusCode.BadRequest, (await PostAsync(http, "/v1/silences", """{"scope":{"user":"u"},"for":"1h","reason":"r"}""")).StatusCode);
        var answer = await PostAsync(http, "/v1/silences", """{"scope":{"tenant":"globex"},"for":"1h","reason":"a load test"}""");
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        var silence = JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["id"]!.GetValue<string>();
        Assert.Contains(silence, await CommandAsync(0, "anomalies", "silences"), StringComparison.Ordinal);

        await PublishAsync(Found("a1", "acme", SeriesMeasure.Cost));
        await PublishAsync(Found("b1", "globex", SeriesMeasure.Requests));
        await PublishAsync(Found("c1", "acme", SeriesMeasure.TokensIn) with { HeldBack = "costs less than 1 USD" });
        await SaidAsync("firing anomaly cost up");
        Assert.Matches("(?m)^b1 .*silenced ", await CommandAsync(0, "anomalies", "list", "--tenant", "globex"));
        Assert.Contains("held back: costs less than 1 USD", await CommandAsync(0, "anomalies", "show", "c1"), StringComparison.Ordinal);

        Assert.Contains("there is no anomaly zz", await CommandAsync(1, "anomalies", "ack", "zz", "--reason", "r"), StringComparison.Ordinal);
        Assert.Contains("no alert of it", await CommandAsync(1, "anomalies", "ack", "c1", "--reason", "r"), StringComparison.Ordinal);
        Assert.Contains("is yours", await CommandAsync(0, "anomalies", "ack", "a1", "--reason", "looking"), StringComparison.Ordinal);
        await SaidAsync("firing anomaly cost up", "acknowledged anomaly cost up");

        // The silence is taken back, and what still lasts is told; then it is resolved, and its own end says nothing more.
        Assert.Equal(HttpStatusCode.OK, (await http.DeleteAsync(new Uri($"/v1/silences/{silence}?reason=over", UriKind.Relative))).StatusCode);
        await SaidAsync("firing anomaly cost up", "acknowledged anomaly cost up", "firing anomaly requests up");
        Assert.Equal(HttpStatusCode.OK, (await PostAsync(http, "/v1/anomalies/b1/resolve", """{"reason":"rolled back"}""")).StatusCode);
        await SaidAsync("firing anomaly cost up", "acknowledged anomaly cost up", "firing anomaly requests up", "resolved anomaly requests up");
        foreach (var (id, tenant, measure) in new[] { ("b1", "globex", SeriesMeasure.Requests), ("a1", "acme", SeriesMeasure.Cost) })
        {
            await PublishAsync(Found(id, tenant, measure) with { EndedMs = Opened + 120_000, End = AnomalyEnd.Quiet });
        }

        await SaidAsync(
            "firing anomaly cost up", "acknowledged anomaly cost up", "firing anomaly requests up", "resolved anomaly requests up", "resolved anomaly cost up");
        Assert.Equal(Posted(hook, 0)["alert"]!["anomaly"]!["id"]!.GetValue<string>(), Posted(hook, 4)["fingerprint"]!.GetValue<string>());
        Assert.Contains("cache share fell", Posted(hook, 0)["summary"]!.GetValue<string>(), StringComparison.Ordinal);

        var open = JsonNode.Parse(await http.GetStringAsync(new Uri("/v1/anomalies", UriKind.Relative)))!["anomalies"]!.AsArray();
        Assert.Equal(["c1 held_back"], open.Select(anomaly => $"{anomaly!["id"]} {anomaly["state"]}"));
        await RowsAsync(
            "SELECT id, tenant_id, feature, measure, severity, toString(excess_usd), value, cause_factor, held_back, ended_at IS NULL, told_at IS NOT NULL, " +
            "extract(acknowledgement, ': (.*)$') FROM tokenstream.anomalies ORDER BY id",
            "a1\tacme\tchat\tcost\twarning\t8\t5\tcache_share\t\t0\t1\tlooking\n" +
            "b1\tglobex\tchat\trequests\twarning\t8\t5000000000000\tcache_share\t\t0\t1\t\n" +
            "c1\tacme\tchat\ttokens_in\twarning\t8\t5000000000000\tcache_share\tcosts less than 1 USD\t1\t0\t\n");
        await RowsAsync(
            "SELECT fingerprint, notifies, ended_at IS NOT NULL FROM tokenstream.alerts WHERE name LIKE 'anomaly%' ORDER BY fingerprint, started_at",
            "a1\t1\t1\nb1\t1\t1\n");
        await RowsAsync(
            "SELECT kind, action, reason FROM tokenstream.audit ORDER BY at",
            "anomaly\tsilence\ta load test\nacknowledgement\tack\tlooking\nanomaly\tunsilence\tover\nanomaly\tresolve\trolled back\n");

        Task PublishAsync(Anomaly anomaly) => topic.AppendAsync(anomaly.Id, AnomalyFormat.Write(anomaly));

        Task SaidAsync(params string[] expected) => Eventually.TrueAsync(
            () => Task.FromResult(hook.Said.SequenceEqual(expected)),
            $"the receiver heard {string.Join(", ", expected)}",
            () => $"heard: {string.Join(", ", hook.Said)}\n{node.Process.Output}");

        async Task RowsAsync(string sql, string expected)
        {
            var rows = "";
            await Eventually.TrueAsync(
                async () => (rows = await node.QueryAsync(sql)) == expected, $"{sql} gives\n{expected}", () => $"{rows}\n{node.Process.Output}");
        }

        async Task<string> CommandAsync(int exitCode, params string[] arguments)
        {
            var (code, output) = await ChildProcess.RunAsync("dotnet", [TestPaths.Service, .. arguments, "--kafka", node.Kafka]);
            Assert.True(code == exitCode, string.Create(CultureInfo.InvariantCulture, $"{string.Join(' ', arguments)} gave {code}: {output}"));
            return output;
        }
    }

    private static JsonNode Posted(WebhookReceiver hook, int index) => hook.Posted.ElementAt(index);

    private static async Task<HttpResponseMessage> PostAsync(HttpClient http, string path, string body)
    {
        using var content = new StringContent(body, Encoding.UTF8, new MediaTypeHeaderValue("application/json"));
        return await http.PostAsync(new Uri(path, UriKind.Relative), content);
    }

    private static Anomaly Found(string id, string tenant, SeriesMeasure measure) => new()
    {
        Id = id,
        Scope = new SeriesPath("prod", tenant, "chat", null),
        Measure = measure,
        Direction = AnomalyDirection.Up,
        Kind = AnomalyKind.Spike,
        OpenedMs = Opened,
        LastSeenMs = Opened,
        PeakMs = Opened,
        Severity = AnomalySeverity.Warning,
        PeakScore = 17.25,
        Threshold = 13,
        TargetRate = 0.1,
        Value = 5e12,
        Expected = 1e12,
        Lower = double.NaN,
        Upper = 2.5e12,
        Excess = 8e12,
        ExcessCost = 8_000_000_000_000,
        CostPerHour = 240_000_000_000_000,
        Detector = "evidence",
        DetectorVersion = 1,
        Members = [new SeriesPath("prod", tenant, "chat", null)],
        Cause = new Cause(
            8_000_000_000_000, 2, [new CauseShare(CauseFactor.CacheShare, 8_000_000_000_000, 0.92, 0.11, "prompt_version", "47")],
            "cache share fell 92 to 11 % at prompt_version 47"),
    };
}
