using System.Diagnostics.Metrics;
using System.Text.RegularExpressions;
using TokenStream.Runtime;
using TokenStream.Service.Http;
using Xunit;
using YamlDotNet.Serialization;

namespace TokenStream.IntegrationTests.Infra;

public sealed partial class DashboardShapeTests
{
    /// <summary>Beside the stream's own instruments: what the exporter adds.</summary>
    private static readonly string[] AddedMetrics = ["tokenstream_start_time_seconds"];

    [Fact]
    public void Dashboards_have_names_of_their_own_and_panels_that_explain_themselves()
    {
        Assert.NotEmpty(DashboardFiles.All);
        Assert.Distinct(DashboardFiles.All.Select(pair => pair.Board["uid"]!.GetValue<string>()));
        foreach (var (file, board) in DashboardFiles.All)
        {
            var panels = DashboardFiles.Panels(board).ToArray();
            Assert.Distinct(panels.Select(panel => panel["id"]!.GetValue<int>()));
            Assert.All(
                panels.Where(panel => panel["type"]!.GetValue<string>() != "row"),
                panel => Assert.False(string.IsNullOrWhiteSpace(panel["description"]?.GetValue<string>()), $"{file}: {panel["title"]}"));
        }
    }

    [Fact]
    public void Panels_use_the_provisioned_data_sources()
    {
        var text = File.ReadAllText(Path.Combine(DashboardFiles.Infra, "grafana", "provisioning", "datasources", "tokenstream.yml"));
        var sources = ((List<object>)new DeserializerBuilder().Build().Deserialize<Dictionary<string, object>>(text)["datasources"])
            .Cast<Dictionary<object, object>>().Select(source => ((string)source["uid"], (string)source["type"])).ToArray();
        var used = DashboardFiles.All.SelectMany(pair => DashboardFiles.Panels(pair.Board).Concat(DashboardFiles.Variables(pair.Board)))
            .Where(user => user["datasource"] is not null)
            .Select(user => (user["datasource"]!["uid"]!.GetValue<string>(), user["datasource"]!["type"]!.GetValue<string>()));
        Assert.Subset(sources.ToHashSet(), used.ToHashSet());
    }

    [Fact]
    public void Dashboards_and_alerts_ask_for_metrics_that_the_node_has()
    {
        using var metrics = new StreamMetrics();
        var names = AddedMetrics.ToHashSet();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, _) =>
            {
                if (instrument.Meter.Name == StreamMetrics.MeterName)
                {
                    var name = PrometheusExporter.NameOf(instrument);
                    names.Add(name);
                    if (instrument is Histogram<double>)
                    {
                        names.Add(name + "_bucket");
                    }
                }
            },
        };
        listener.Start();
        var alerts = File.ReadAllLines(Path.Combine(DashboardFiles.Infra, "prometheus", "alerts.yml"));
        var texts = DashboardFiles.All.SelectMany(pair => DashboardFiles.Expressions(pair.Board)).Concat(alerts);
        var used = texts.SelectMany(text => MetricName().Matches(text)).Select(match => match.Value).ToHashSet();
        Assert.NotEmpty(used);
        Assert.Empty(used.Except(names));
    }

    [GeneratedRegex("tokenstream_[a-z_]+")]
    private static partial Regex MetricName();
}
