using Microsoft.Extensions.Logging.Abstractions;
using TokenStream.Governing.Alerts;
using TokenStream.IntegrationTests.Node;
using TokenStream.Kafka;
using Xunit;

namespace TokenStream.IntegrationTests.Alerting;

/// <summary>
/// A real Alertmanager told by a real node. A burn of 20 minutes with an outage of 5 is shortened to 150 s and 30 s, unless
/// <c>TOKENSTREAM_FULL_LENGTH=1</c>; the node's own intervals (repeated each minute, valid for 15) are those of production.
/// </summary>
public sealed class AlertmanagerTests
{
    private static readonly bool IsFullLength = Environment.GetEnvironmentVariable("TOKENSTREAM_FULL_LENGTH") == "1";
    private static readonly TimeSpan Burn = IsFullLength ? TimeSpan.FromMinutes(20) : TimeSpan.FromSeconds(150);
    private static readonly TimeSpan Outage = IsFullLength ? TimeSpan.FromMinutes(5) : TimeSpan.FromSeconds(30);

    [FactNeeding("program:prometheus-alertmanager")]
    public async Task A_burn_is_one_alert_across_a_killed_node_and_an_outage_and_is_resolved_soon_after_its_end()
    {
        using var folder = new TemporaryFolder();
        await using var manager = new AlertmanagerProcess();
        await manager.StartAsync();
        var config = Path.Combine(folder.Path, "node.yaml");
        await File.WriteAllTextAsync(config, $$"""
            roles: [aggregate, govern]
            alerts: {receivers: [{name: manager, kind: alertmanager, url: "{{manager.Url}}"}]}
            """);
        await using var node = new NodeProcess(Path.Combine(folder.Path, "data"), "--config", config);
        await node.StartAsync();

        await AppendAsync(node, Alert(endedMs: null));
        await FiringAsync(manager);
        var (status, labels) = Assert.Single(manager.Notified);
        Assert.Equal("firing", status);
        Assert.Equal("alert=burn_rate page,alertname=TokenStreamBurnRate,budget=acme,owner=team-a,scope=tenant=acme,severity=page,tenant=acme", labels);

        await LastsAsync(manager, labels, Burn / 5);
        await node.CrashAsync(storeToo: true);
        await LastsAsync(manager, labels, Burn / 5);
        await manager.StopAsync();
        await PassAsync(Outage);
        await manager.StartAsync();
        await FiringAsync(manager);
        await LastsAsync(manager, labels, (Burn * 3 / 5) - Outage);

        await AppendAsync(node, Alert(endedMs: Now));
        var ended = TimeProvider.System.GetTimestamp();
        await Eventually.TrueAsync(
            () => Task.FromResult(manager.Notified.Any(one => one.Status == "resolved")), "the alert is resolved", () => manager.Output + node.Process.Output);
        Assert.InRange(TimeProvider.System.GetElapsedTime(ended), TimeSpan.Zero, TimeSpan.FromMinutes(2));
        Assert.Equal([("firing", labels), ("resolved", labels)], manager.Notified);
        Assert.Contains("tokenstream_alerts_notifications_total{receiver=\"manager\",outcome=\"delivered\"}", await node.MetricsAsync(), StringComparison.Ordinal);
    }

    [FactNeeding("program:prometheus-alertmanager")]
    public async Task A_test_alert_of_the_command_line_is_taken()
    {
        using var folder = new TemporaryFolder();
        await using var manager = new AlertmanagerProcess();
        await manager.StartAsync();
        var config = Path.Combine(folder.Path, "node.yaml");
        await File.WriteAllTextAsync(config, $$"""alerts: {receivers: [{name: manager, kind: alertmanager, url: "{{manager.Url}}"}]}""");
        Assert.Contains("took a test alert", await NodeProcess.CommandAsync("alerts", "test", "manager", "--config", config), StringComparison.Ordinal);
    }

    private static long Started { get; } = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();

    private static long Now => TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();

    private static Alert Alert(long? endedMs) => new()
    {
        Fingerprint = "00000000000000aa",
        Kind = TransitionKind.BurnRate,
        Name = "burn_rate page",
        Severity = AlertSeverity.Page,
        Notifies = true,
        AtMs = endedMs ?? Started,
        StartedMs = Started,
        EndedMs = endedMs,
        Budget = "acme",
        Scope = "tenant=acme",
        Owner = "team-a",
        Summary = "it burns",
    };

    private static async Task AppendAsync(NodeProcess node, Alert alert)
    {
        using var topic = new ConfigurationTopic(new KafkaOptions { BootstrapServers = node.Kafka }, "tokenstream.alerts", "test", NullLogger.Instance);
        await topic.AppendAsync(alert.Fingerprint, AlertFormat.Write(alert));
    }

    private static Task FiringAsync(AlertmanagerProcess manager) => Eventually.TrueAsync(
        async () => (await manager.ActiveAsync()).Count == 1 && !manager.Notified.IsEmpty, "the alert fires", () => manager.Output);

    /// <summary>Looks each second for a while: the alert fires each time, under the same labels, and nobody was told anything new.</summary>
    private static async Task LastsAsync(AlertmanagerProcess manager, string labels, TimeSpan span)
    {
        var since = TimeProvider.System.GetTimestamp();
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1));
        while (TimeProvider.System.GetElapsedTime(since) < span && await timer.WaitForNextTickAsync())
        {
            Assert.Equal([labels], await manager.ActiveAsync());
            Assert.Single(manager.Notified);
        }
    }

    private static async Task PassAsync(TimeSpan span)
    {
        using var timer = new PeriodicTimer(span);
        await timer.WaitForNextTickAsync();
    }
}
