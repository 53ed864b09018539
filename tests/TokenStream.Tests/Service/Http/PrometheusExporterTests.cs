using System.Diagnostics.Metrics;
using TokenStream.Runtime;
using TokenStream.Service.Http;
using Xunit;

namespace TokenStream.Tests.Service.Http;

/// <summary>The text that Prometheus reads. Other tests' instruments may be in it, so each test looks at its own.</summary>
public sealed class PrometheusExporterTests : IDisposable
{
    private readonly Meter _meter = new(StreamMetrics.MeterName);
    private readonly PrometheusExporter _exporter = new(TimeProvider.System);

    public void Dispose()
    {
        _exporter.Dispose();
        _meter.Dispose();
    }

    [Fact]
    public void A_counter_adds_up_by_labels_under_one_head()
    {
        var counter = _meter.CreateCounter<long>("check.counted.records", "{record}", "Records that\nwere counted.");
        counter.Add(2, new KeyValuePair<string, object?>("error.type", "a"));
        counter.Add(3, new KeyValuePair<string, object?>("error.type", "a"));
        counter.Add(1, new KeyValuePair<string, object?>("error.type", "b"), new KeyValuePair<string, object?>("partition", 7));
        Assert.Equal(
            [
                "# HELP check_counted_records_total Records that were counted.",
                "# TYPE check_counted_records_total counter",
                "check_counted_records_total{error_type=\"a\"} 5",
                "check_counted_records_total{error_type=\"b\",partition=\"7\"} 1",
            ],
            Lines("check_counted_records"));
    }

    [Fact]
    public void Labels_are_escaped()
    {
        _meter.CreateCounter<long>("check.escaped").Add(1, new KeyValuePair<string, object?>("path", "C:\\\"x\"\ny"));
        Assert.Equal("check_escaped_total{path=\"C:\\\\\\\"x\\\"\\ny\"} 1", Lines("check_escaped")[^1]);
    }

    [Fact]
    public void Descriptions_are_escaped()
    {
        _meter.CreateCounter<long>("check.described", null, "A \\ in it").Add(1);
        Assert.Equal("# HELP check_described_total A \\\\ in it", Lines("check_described")[0]);
    }

    [Fact]
    public void A_gauge_shows_its_last_value_in_its_unit()
    {
        var value = 1.5;
        _meter.CreateObservableGauge("check.stream-time", () => value, "s", "A time.");
        _meter.CreateObservableGauge("check.held.bytes", () => 7L, "By", "Bytes.");
        Assert.Equal("check_stream_time_seconds 1.5", Lines("check_stream_time")[^1]);
        value = -0.25;
        Assert.Equal(
            ["# HELP check_stream_time_seconds A time.", "# TYPE check_stream_time_seconds gauge", "check_stream_time_seconds -0.25"],
            Lines("check_stream_time"));
        Assert.Equal("check_held_bytes 7", Lines("check_held")[^1]);
    }

    [Fact]
    public void A_partition_that_is_gone_shows_no_last_value()
    {
        List<string> partitions = ["0", "1"];
        _meter.CreateObservableGauge("check.lag", () => partitions.Select(p => new Measurement<long>(9, new KeyValuePair<string, object?>("partition", p))));
        Assert.Equal(4, Lines("check_lag").Length);
        partitions.Remove("0");
        Assert.Equal("check_lag{partition=\"1\"} 9", Lines("check_lag")[2..].Single());
    }

    [Fact]
    public void A_histogram_has_growing_buckets_a_sum_and_a_count()
    {
        var histogram = _meter.CreateHistogram<double>("check.duration", "s", "How long.");
        double[] values = [0.001, 0.0011, 0.5, 60, 64];
        foreach (var seconds in values)
        {
            histogram.Record(seconds, new KeyValuePair<string, object?>("stage", "x"));
        }

        var lines = Lines("check_duration");
        Assert.Equal("# TYPE check_duration_seconds histogram", lines[1]);
        var buckets = lines.Where(l => l.StartsWith("check_duration_seconds_bucket", StringComparison.Ordinal)).ToList();
        Assert.Equal("check_duration_seconds_bucket{stage=\"x\",le=\"0.001\"} 1", buckets[0]);
        Assert.Equal("check_duration_seconds_bucket{stage=\"x\",le=\"60\"} 4", buckets[^2]);
        Assert.Equal("check_duration_seconds_bucket{stage=\"x\",le=\"+Inf\"} 5", buckets[^1]);
        var counts = buckets.Select(b => int.Parse(b.AsSpan(b.LastIndexOf(' ') + 1), System.Globalization.CultureInfo.InvariantCulture)).ToList();
        Assert.Equal(counts.Order(), counts);
        Assert.StartsWith("check_duration_seconds_sum{stage=\"x\"} 124.502", lines[^2], StringComparison.Ordinal);
        Assert.Equal("check_duration_seconds_count{stage=\"x\"} 5", lines[^1]);
    }

    private string[] Lines(string name) => [.. _exporter.Write().Split('\n').Where(line => line.Contains(name, StringComparison.Ordinal))];
}
