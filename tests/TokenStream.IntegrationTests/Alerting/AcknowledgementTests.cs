using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using TokenStream.Governing.Alerts;
using TokenStream.IntegrationTests.Node;
using TokenStream.Kafka;
using Xunit;

namespace TokenStream.IntegrationTests.Alerting;

/// <summary>People take alerts on, by command line and by API, at a node as people run it.</summary>
public sealed class AcknowledgementTests
{
    [FactNeeding("engine")]
    public async Task An_alert_that_somebody_has_taken_on_is_shown_told_and_traced_and_calls_nobody_else()
    {
        using var folder = new TemporaryFolder();
        await using var hook = new WebhookReceiver();
        var config = Path.Combine(folder.Path, "node.yaml");
        await File.WriteAllTextAsync(config, $$"""alerts: {receivers: [{name: hook, kind: webhook, url: "{{hook.Url}}"}]}""");
        await using var node = new NodeProcess(Path.Combine(folder.Path, "data"), "--config", config);
        await node.StartAsync();
        var kafka = new KafkaOptions { BootstrapServers = node.Kafka };
        using var topic = new ConfigurationTopic(kafka, "tokenstream.alerts", "test", NullLogger.Instance);
        await topic.AppendAsync("aa", AlertFormat.Write(Alert("aa")));
        await topic.AppendAsync("bb", AlertFormat.Write(Alert("bb") with { Scope = "tenant=globex" }));
        await SaidAsync("firing burn_rate page", "firing burn_rate page");

        Assert.Contains("--reason", await CommandAsync(1, "alerts", "ack", "aa"), StringComparison.Ordinal);
        var unknown = await CommandAsync(1, "alerts", "ack", "zz", "--reason", "r");
        Assert.Contains("no alert with the fingerprint zz", unknown, StringComparison.Ordinal);
        Assert.Contains("is yours", await CommandAsync(0, "alerts", "ack", "aa", "--reason", "looking"), StringComparison.Ordinal);
        Assert.Contains("already: looking", await CommandAsync(0, "alerts", "ack", "aa", "--reason", "again"), StringComparison.Ordinal);
        Assert.Matches("(?m)^aa .* since .*: looking\\]$", await CommandAsync(0, "alerts", "list"));

        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{node.HttpPort}") };
        Assert.Equal(HttpStatusCode.BadRequest, (await PostAsync(http, "/v1/alerts/bb/ack", "{}")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await PostAsync(http, "/v1/alerts/zz/ack", """{"reason":"r"}""")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await PostAsync(http, "/v1/alerts/bb/ack", """{"reason":"mine"}""")).StatusCode);
        var listed = JsonNode.Parse(await http.GetStringAsync(new Uri("/v1/alerts", UriKind.Relative)))!["alerts"]!.AsArray();
        Assert.Equal(["aa looking", "bb mine"], listed.Select(alert => $"{alert!["fingerprint"]} {alert["acknowledged"]!["reason"]}"));
        Assert.Equal("local", listed[1]!["acknowledged"]!["by"]!.GetValue<string>());
        await SaidAsync("firing burn_rate page", "firing burn_rate page", "acknowledged burn_rate page", "acknowledged burn_rate page");

        // A node that died in between knows it too: nobody is called again, and the end is told.
        await node.CrashAsync(storeToo: false);
        await topic.AppendAsync("aa", AlertFormat.Write(Alert("aa") with { AtMs = Started + 1, EndedMs = Started + 1 }));
        await Eventually.TrueAsync(
            () => Task.FromResult(hook.Said.Contains("resolved burn_rate page")),
            "the end is told",
            () => Heard(hook) + node.Process.Output);
        Assert.Equal(
            ["firing", "firing", "acknowledged", "acknowledged", "resolved"],
            hook.Posted.DistinctBy(body => $"{body["fingerprint"]} {body["status"]}").Select(body => body["status"]!.GetValue<string>()));
        Assert.Equal(2, hook.Said.Count(said => said.StartsWith("firing", StringComparison.Ordinal)));
        await Eventually.TrueAsync(
            async () => await node.QueryAsync("SELECT kind, action, reason, before != '', after != '' FROM tokenstream.audit ORDER BY at")
                == "acknowledgement\tack\tlooking\t1\t1\nacknowledgement\tack\tmine\t1\t1\n",
            "the table of the audit has both",
            () => node.Process.Output);
        await Eventually.TrueAsync(
            async () => await node.QueryAsync(
                "SELECT fingerprint, extract(acknowledgement, ': (.*)$'), ended_at IS NOT NULL FROM tokenstream.alerts ORDER BY fingerprint")
                == "aa\tlooking\t1\nbb\tmine\t0\n",
            "the view of alerts has who took them on",
            () => node.Process.Output);

        Task SaidAsync(params string[] expected) => Eventually.TrueAsync(
            () => Task.FromResult(hook.Said.SequenceEqual(expected)),
            $"the receiver heard {string.Join(", ", expected)}",
            () => Heard(hook) + node.Process.Output);

        async Task<string> CommandAsync(int exitCode, params string[] arguments)
        {
            var (code, output) = await ChildProcess.RunAsync("dotnet", [TestPaths.Service, .. arguments, "--kafka", node.Kafka]);
            Assert.True(code == exitCode, output);
            return output;
        }
    }

    private static long Started { get; } = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();

    private static string Heard(WebhookReceiver hook) => $"heard: {string.Join(", ", hook.Said)}\n";

    private static async Task<HttpResponseMessage> PostAsync(HttpClient http, string path, string body)
    {
        using var content = new StringContent(body, Encoding.UTF8, new MediaTypeHeaderValue("application/json"));
        return await http.PostAsync(new Uri(path, UriKind.Relative), content);
    }

    private static Alert Alert(string fingerprint) => new()
    {
        Fingerprint = fingerprint,
        Kind = TransitionKind.BurnRate,
        Name = "burn_rate page",
        Severity = AlertSeverity.Page,
        Notifies = true,
        AtMs = Started,
        StartedMs = Started,
        Budget = "b",
        Scope = "tenant=acme",
        Summary = "it burns",
    };
}
