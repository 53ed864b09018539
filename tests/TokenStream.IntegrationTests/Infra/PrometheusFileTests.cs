using Xunit;

namespace TokenStream.IntegrationTests.Infra;

/// <summary>Prometheus' own tool on our files.</summary>
public sealed class PrometheusFileTests
{
    [FactNeeding("program:promtool")]
    public Task The_configuration_is_valid_with_its_rules() => PassesAsync("check", "config", "prometheus.yml");

    [FactNeeding("program:promtool")]
    public Task The_rules_are_valid() => PassesAsync("check", "rules", "alerts.yml");

    [FactNeeding("program:promtool")]
    public Task Each_alert_fires_when_it_should_and_stays_silent_on_a_healthy_node() => PassesAsync("test", "rules", "alerts_test.yml");

    [Fact]
    public void Each_alert_is_tried_by_a_test()
    {
        var folder = Path.Combine(DashboardFiles.Infra, "prometheus");
        var tests = File.ReadAllText(Path.Combine(folder, "alerts_test.yml"));
        var alerts = File.ReadLines(Path.Combine(folder, "alerts.yml")).Where(line => line.Contains("- alert: ", StringComparison.Ordinal))
            .Select(line => line.Split(": ")[1]).ToArray();
        Assert.NotEmpty(alerts);
        Assert.All(alerts, alert => Assert.Contains($"alertname: {alert}\n        exp_alerts:", tests, StringComparison.Ordinal));
    }

    private static async Task PassesAsync(string verb, string what, string file)
    {
        var (code, output) = await ChildProcess.RunAsync("promtool", [verb, what, Path.Combine(DashboardFiles.Infra, "prometheus", file)]);
        Assert.True(code == 0, output);
    }
}
