using System.Globalization;
using TokenStream.IntegrationTests.Node;
using Xunit;
using Xunit.Abstractions;

namespace TokenStream.IntegrationTests.Alerting;

/// <summary>
/// A real Alertmanager told by a real node, from events to its end. A burn of 20 minutes with an outage of 5 is shortened to 150 s and 30 s,
/// unless <c>TOKENSTREAM_FULL_LENGTH=1</c>; the node's own intervals (repeated each minute, valid for 15) are those of production.
/// </summary>
public sealed class AlertmanagerTests(ITestOutputHelper output)
{
    /// <summary>
    /// Lookbacks of 14 minutes and of 70 s. Half a dollar a second is 300 times the even speed: the rate stays above the factor although a
    /// killed node, and the events that wait for it, are missing for most of the short lookback; and less than the amount is spent in 25
    /// minutes.
    /// </summary>
    private const string Budgets = """
        version: 1
        budgets:
          - name: tenants
            scope: {tenant: each}
            amount: 1000 USD
            period: rolling
            hours: 168
            mode: alert
            thresholds: [100]
            burn_rates: [{factor: 14.4, share: 2}]
        """;

    private const string Directory = """
        tenants:
          acme:
            - {from: ever, organisation: north, owner: team-a, time_zone: Europe/Berlin, route: night}
        """;

    private const string Labels =
        "alert=burn_rate page,alertname=TokenStreamBurnRate,budget=tenants,owner=team-a,route=night,scope=tenant=acme,severity=page,tenant=acme";

    private static readonly bool IsFullLength = Environment.GetEnvironmentVariable("TOKENSTREAM_FULL_LENGTH") == "1";
    private static readonly TimeSpan Burn = IsFullLength ? TimeSpan.FromMinutes(20) : TimeSpan.FromSeconds(150);
    private static readonly TimeSpan Outage = IsFullLength ? TimeSpan.FromMinutes(5) : TimeSpan.FromSeconds(30);

    [FactNeeding("program:prometheus-alertmanager")]
    public async Task A_burn_is_one_alert_across_a_killed_node_and_an_outage_and_is_resolved_soon_after_its_end()
    {
        using var folder = new TemporaryFolder();
        await using var manager = new AlertmanagerProcess();
        await using var hook = new WebhookReceiver();
        await using var others = new WebhookReceiver();
        await manager.StartAsync();
        var config = await WriteAsync(folder, "node.yaml", $$"""
            roles: [aggregate, govern]
            alerts:
              receivers:
                - {name: manager, kind: alertmanager, url: "{{manager.Url}}"}
                - {name: team-a, kind: webhook, url: "{{hook.Url}}", owners: [team-a], routes: [night]}
                - {name: team-b, kind: webhook, url: "{{others.Url}}", owners: [team-b]}
            """);
        await using var node = new NodeProcess(Path.Combine(folder.Path, "data"), "--config", config);
        await node.StartAsync();
        await NodeProcess.CommandAsync(
            "budgets", "apply", await WriteAsync(folder, "budgets.yaml", Budgets),
            "--directory", await WriteAsync(folder, "directory.yaml", Directory),
            "--reason", "test", "--yes", "--kafka", node.Kafka);

        long ended;
        await using (new UsageTraffic(node.Kafka, "acme", tokens: 200_000))
        {
            var began = TimeProvider.System.GetTimestamp();
            await FiringAsync(manager, node);
            output.WriteLine(Seconds(began, "the alert fired {0} s after the first event"));
            Assert.Equal([("firing", Labels)], manager.Notified);

            await LastsAsync(manager, Burn / 5);
            await node.CrashAsync(storeToo: true);
            await LastsAsync(manager, Burn / 5);
            await manager.StopAsync();
            await PassAsync(Outage);
            await manager.StartAsync();
            await FiringAsync(manager, node);
            await LastsAsync(manager, (Burn * 3 / 5) - Outage);
            ended = TimeProvider.System.GetTimestamp();
        }

        await Eventually.TrueAsync(
            () => Task.FromResult(manager.Notified.Any(one => one.Status == "resolved")), "the alert is resolved", () => manager.Output + node.Process.Output);
        output.WriteLine(Seconds(ended, "it was resolved {0} s after the last event, 70 of which are its short lookback"));
        Assert.InRange(TimeProvider.System.GetElapsedTime(ended), TimeSpan.Zero, TimeSpan.FromMinutes(2));
        Assert.Equal([("firing", Labels), ("resolved", Labels)], manager.Notified);
        Assert.Equal(["firing burn_rate page", "resolved burn_rate page"], hook.Said.Distinct());
        Assert.Empty(others.Posted);
        Assert.Contains("tokenstream_alerts_notifications_total{receiver=\"manager\",outcome=\"delivered\"}", await node.MetricsAsync(), StringComparison.Ordinal);
    }

    [FactNeeding("program:prometheus-alertmanager")]
    public async Task A_test_alert_of_the_command_line_is_taken()
    {
        using var folder = new TemporaryFolder();
        await using var manager = new AlertmanagerProcess();
        await manager.StartAsync();
        var text = $$"""alerts: {receivers: [{name: manager, kind: alertmanager, url: "{{manager.Url}}"}]}""";
        var config = await WriteAsync(folder, "node.yaml", text);
        Assert.Contains("took a test alert", await NodeProcess.CommandAsync("alerts", "test", "manager", "--config", config), StringComparison.Ordinal);
    }

    private static async Task<string> WriteAsync(TemporaryFolder folder, string name, string text)
    {
        var path = Path.Combine(folder.Path, name);
        await File.WriteAllTextAsync(path, text);
        return path;
    }

    private static string Seconds(long since, string sentence) =>
        string.Format(CultureInfo.InvariantCulture, sentence, (long)TimeProvider.System.GetElapsedTime(since).TotalSeconds);

    private static Task FiringAsync(AlertmanagerProcess manager, NodeProcess node) => Eventually.TrueAsync(
        async () => (await manager.ActiveAsync()).Count == 1 && !manager.Notified.IsEmpty,
        "the alert fires",
        () => manager.Output + node.Process.Output);

    /// <summary>Looks each second for a while: the alert fires each time, under the same labels, and nobody was told anything new.</summary>
    private static async Task LastsAsync(AlertmanagerProcess manager, TimeSpan span)
    {
        var since = TimeProvider.System.GetTimestamp();
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1));
        while (TimeProvider.System.GetElapsedTime(since) < span && await timer.WaitForNextTickAsync())
        {
            Assert.Equal([Labels], await manager.ActiveAsync());
            Assert.Single(manager.Notified);
        }
    }

    private static async Task PassAsync(TimeSpan span)
    {
        using var timer = new PeriodicTimer(span);
        await timer.WaitForNextTickAsync();
    }
}
