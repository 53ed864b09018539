using System.Text.Json;
using TokenStream.IntegrationTests.Broker;
using TokenStream.IntegrationTests.Node;
using Xunit;

namespace TokenStream.IntegrationTests.Receiving;

/// <summary>Exporters and SDKs of other makers, unchanged, before an address of the receiver's own.</summary>
public sealed class RealSenderTests
{
    [FactNeeding("program:node", "npm:@opentelemetry/exporter-trace-otlp-proto", "npm:langfuse")]
    public async Task OpenTelemetrys_exporters_and_Langfuses_SDK_are_understood()
    {
        using var folder = new TemporaryFolder();
        await using var log = await BrokerProcess.StartAsync(Path.Combine(folder.Path, "log"));
        var config = Path.Combine(folder.Path, "node.yaml");
        await File.WriteAllTextAsync(config, "topics: {requests_partitions: 1}\n");
        var address = $"127.0.0.1:{NodeProcess.FreePort()}";
        await using var node = new NodeProcess(
            Path.Combine(folder.Path, "data"), "--kafka", log.Address, "--roles", "receive", "--config", config, "--receive-listen",
            address);
        await node.StartAsync();

        var (exitCode, output) = await ChildProcess.RunAsync(
            "node", [Path.Combine(TestPaths.Clients, "exporters_walk.mjs"), $"http://{address}"]);
        Assert.True(exitCode == 0 && output.EndsWith("ok", StringComparison.Ordinal), $"{output}\n{node.Process.Output}");

        // Three and two spans; a generation's create and update are one request, whose event may be there twice under one id.
        var events = (await KafkaClient.ConsumeAsync(log.Address, "llm.requests", 0, 6))
            .Select(value => JsonDocument.Parse(value).RootElement);
        Assert.Equal(
            [
                ("acme", 100, 10), ("acme", 100, 10), ("acme", 101, 11), ("acme", 101, 11), ("acme", 102, 12), ("globex", 50, 5),
            ],
            events.Select(e => (
                e.GetProperty("tenant_id").GetString(), e.GetProperty("tokens_in").GetInt32(), e.GetProperty("tokens_out").GetInt32())).Order());
    }
}
