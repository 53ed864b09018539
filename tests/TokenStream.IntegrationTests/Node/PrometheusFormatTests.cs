using System.Diagnostics;
using TokenStream.Runtime;
using TokenStream.Service.Http;
using Xunit;

namespace TokenStream.IntegrationTests.Node;

/// <summary>The metrics page as Prometheus' own tool reads it.</summary>
public sealed class PrometheusFormatTests
{
    [FactNeeding("program:promtool")]
    public async Task Promtool_reads_every_metric_and_finds_nothing_to_say_of_ours()
    {
        using var exporter = new PrometheusExporter(TimeProvider.System);
        using var metrics = new StreamMetrics();
        metrics.ObservePartitions(() => [new PartitionGauges(new TopicPartition("in\"put", 0), 5, 1_772_366_400_000, 7, 0)]);
        metrics.CountRecords([1, 2, 3, 4, 5]);
        metrics.CountRefused("invalid_json");
        metrics.Decisions.Add(1);

        using var promtool = Process.Start(new ProcessStartInfo("promtool", ["check", "metrics"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        await promtool.StandardInput.WriteAsync(exporter.Write());
        promtool.StandardInput.Close();
        var said = await promtool.StandardError.ReadToEndAsync() + await promtool.StandardOutput.ReadToEndAsync();
        await promtool.WaitForExitAsync();

        // 0 is clean, 3 is style: the runtime's own names are not ours to choose. 1 is a text that cannot be read.
        Assert.True(promtool.ExitCode is 0 or 3, said);
        Assert.DoesNotContain("tokenstream_", said, StringComparison.Ordinal);
    }
}
