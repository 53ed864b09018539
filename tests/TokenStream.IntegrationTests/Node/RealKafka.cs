using System.Globalization;

namespace TokenStream.IntegrationTests.Node;

/// <summary>A real Apache Kafka on a port of its own, from the folder that TOKENSTREAM_KAFKA_HOME names.</summary>
internal sealed class RealKafka : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly int _port = NodeProcess.FreePort();

    private RealKafka()
    {
    }

    internal string Address => $"127.0.0.1:{_port}";

    internal static async Task<RealKafka> StartAsync()
    {
        var kafka = new RealKafka();
        await kafka.ToolAsync("start");
        return kafka;
    }

    public async ValueTask DisposeAsync()
    {
        await ToolAsync("wipe");
        _folder.Dispose();
    }

    private async Task ToolAsync(string command)
    {
        var script = Path.Combine(Environment.GetEnvironmentVariable("TOKENSTREAM_KAFKA_HOME")!, "kafka");
        var (exitCode, output) = await ChildProcess.RunAsync(
            script, [command], ("KAFKA_DIR", _folder.Path), ("KAFKA_PORT", _port.ToString(CultureInfo.InvariantCulture)));
        if (exitCode != 0)
        {
            throw new InvalidOperationException($"{script} {command}: {output}");
        }
    }
}
